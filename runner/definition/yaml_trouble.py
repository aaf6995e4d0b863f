"""What is no YAML: what libyaml could not read, said so that a person can mend it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yaml._yaml import Mark as CMark
    from yaml.error import Mark, MarkedYAMLError

    from runner.definition.document import Path, Reading

_BRACES: Final = re.compile(r"""[ ]*(?:-[ ]+)*(?:[^\s:"'{}\[\]]+:[ ]+)?(\{\{)""")
"""The begin of a line whose value begins with an expression."""
_TAB: Final = re.compile(r"[ ]*(\t)")
_JSON: Final = re.compile(r'\s*\{\s*"')
_HINTS: Final[Mapping[str, str]] = {
    "mapping values are not allowed in this context": 'check the indentation; quote a value that holds ": "',
    "block sequence entries are not allowed in this context": "begin a list in the line below its key",
    "did not find expected key": "check the indentation; quote the whole value where a part of it is quoted",
    "did not find expected '-' indicator": 'check the indentation; each item of a list begins with "- "',
    "did not find expected node content": "a value is missing before it",
    "could not find expected ':'": 'write "key: value", with a space after the colon',
    "found character that cannot start any token": "quote a value that begins with %, @ or `",
    "found unknown escape character": "use single quotes, or write the backslash twice",
    "found invalid Unicode character escape code": "write the character itself",
    "found undefined tag handle": "quote a value that begins with !",
    "found incompatible YAML document": "remove the %YAML line",
    "did not find expected alphabetic or numeric character": "quote a value that begins with * or &",
    "did not find expected comment or line break": 'the text of a "|" or ">" begins in the line below it',
    "did not find expected <document start>": "something is left over after the end; is a bracket closed twice?",
}
"""What to do about libyaml's problems."""


def explain(reading: Reading, error: MarkedYAMLError) -> None:
    """Note what libyaml could not read."""
    text, offset = reading.text, index_of(error.problem_mark)
    line = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    if (braces := _BRACES.match(text, line)) and braces.start(1) <= offset:
        place = reading.lines.place(braces.start(1))
        if all(trouble.place != place for trouble in reading.troubles):
            refuse_braces(reading, braces.start(1))
    elif (tab := _TAB.match(text, line)) and tab.start(1) <= offset:
        hint = "YAML does not allow tabs for indentation; use spaces"
        reading.say("E102", tab.start(1), "not YAML: a tab in the indentation", hint)
    else:
        _refuse_syntax(reading, error, offset)


def _refuse_syntax(reading: Reading, error: MarkedYAMLError, offset: int) -> None:
    sentence, begun = str(error.problem), index_of(error.context_mark)
    hint = _HINTS.get(sentence, "")
    if sentence == "found unexpected end of stream":
        sentence, offset, hint = "this quote is never closed", begun, "close it"
    elif sentence == "could not find expected ':'":
        offset = begun  # where the key begins; libyaml notices in a line below it
    elif reading.text.startswith("{{", offset):
        hint = "quote the whole text that holds the expression"
    elif sentence.startswith("did not find expected ',' or "):
        hint = f"is the bracket in line {reading.lines.place(begun).line} closed?"
    if _JSON.match(reading.text):
        hint = "this looks like JSON; then its name ends in .json"
    reading.say("E102", offset, f"not YAML: {sentence}", hint)


_EXPRESSIONS: Final = re.compile(r"(?:\{\{.*?\}\}|[^\n\r,\]}#])*")
_LONGEST: Final = 120
"""Characters of an expression that a hint repeats."""


def refuse_braces(reading: Reading, offset: int, path: Path = ()) -> None:
    """Note an expression without quotes."""
    match = _EXPRESSIONS.match(reading.text, offset, offset + _LONGEST)
    found = match[0].strip() if match else ""
    if "}}" not in found:
        found = "{{ … }}"
    quote = "'" if '"' in found else '"'
    hint = f"quote it: {quote}{found}{quote}"
    reading.say("E405", offset, "YAML reads an unquoted {{ … }} as an object", hint, path)


def index_of(mark: Mark | CMark | None) -> int:
    """Return the offset of one of libyaml's marks; it sets one on all that it hands out."""
    return mark.index if mark is not None else 0
