"""JSON text as plain values: the standard library reads it, a scanner finds places once somebody asks for one."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stubs leave it out
from typing import TYPE_CHECKING, Final

from runner.definition.document import MAX_DEPTH, MAX_INTEGER, MAX_VALUES, Document, Open, Reading, Stop, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.definition.document import Chart, Path

_HALF_ESCAPED: Final = re.compile(r"\\u[dD][89a-fA-F]")
_HALF: Final = re.compile("[\ud800-\udfff]")


def read(text: str) -> Document:
    """Read a JSON document; never raises for what the text holds."""
    checks = _Checks()
    try:
        value = checks.load(text)
    except json.JSONDecodeError as error:
        return _not_json(text, error)
    except RecursionError:
        return _scanned(text, None)
    if checks.doubtful or _HALF_ESCAPED.search(text) or not _fits(value):
        return _scanned(text, value)
    return Document(value=value, chart=cache(lambda: _chart(text)))


# --- values ----------------------------------------------------------------------------------------


class _Checks:
    """What is looked at while the standard library reads; it tells no places, so a doubt is all that is kept."""

    def __init__(self) -> None:
        self.doubtful = False

    def load(self, text: str) -> object:
        """Read a text; raise `JSONDecodeError` and `RecursionError` as the library does."""
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._number,
            parse_constant=self._number,
        )

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self.doubtful = True
            found.update(reversed(pairs))
        return found

    def _integer(self, text: str) -> int:
        number = whole_number(text)
        if number is None:
            self.doubtful = True
            return MAX_INTEGER
        return number

    def _number(self, text: str) -> float:
        number = float(text)
        self.doubtful = self.doubtful or not math.isfinite(number)
        return number


def _fits(value: object) -> bool:
    """Say whether a value keeps the limits on depth and number, level by level."""
    level, count = [value], 1
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        count += len(level)
    return count <= MAX_VALUES and not any(isinstance(item, dict | list) for item in level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


# --- places ----------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(r'[ \t\n\r]*(["\[\]{},:]|[^"\[\]{},: \t\n\r]+)')
_MARKS: Final = frozenset("[]{},:")
_INTEGER: Final = re.compile(r"-?[0-9]+")
_WORDS: Final = frozenset({"true", "false", "null"})


def _scanned(text: str, value: object) -> Document:
    """Find out what is wrong with a text, and where."""
    reading = Reading(text)
    try:
        _Scan(reading).run()
    except Stop:
        value = None
    return reading.document(value)


def _chart(text: str) -> Chart:
    return _scanned(text, None).chart()


class _Scan:
    """Goes through a text that is JSON, at least as far as the limits let it go."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._open: list[Open] = []

    def run(self) -> None:
        """Note all places and troubles; raise `Stop` at a limit."""
        text, at = self._reading.text, 0
        while match := _TOKEN.match(text, at):
            found, offset, at = match[1], match.start(1), match.end()
            if found == '"':
                string, at = scanstring(text, at)
                self._string(string, offset)
            elif found in _MARKS:
                self._mark(found, offset)
            else:
                self._word(found, offset)

    def _path(self) -> Path:
        """Return the path of the value that begins."""
        return self._open[-1].below if self._open else ()

    def _mark(self, mark: str, offset: int) -> None:
        if mark in "[{":
            path, is_object = self._path(), mark == "{"
            self._reading.container(path, offset)
            self._open.append(Open(path=path, below=path if is_object else (*path, 0), awaits_key=is_object))
        elif mark in "]}":
            self._open.pop()
        elif mark == ",":
            parent = self._open[-1]
            step = parent.below[-1]
            if isinstance(step, int):
                parent.below = (*parent.path, step + 1)
            parent.awaits_key = isinstance(step, str)

    def _string(self, string: str, offset: int) -> None:
        if _HALF.search(string):
            sentence = "half of a surrogate pair is no character"
            self._reading.stop("E105", offset, sentence, r"write both halves, like \ud83d\ude00")
        if self._open and self._open[-1].awaits_key:
            self._reading.key(self._open[-1], string, offset)
        else:
            self._reading.value(self._path(), offset)

    def _word(self, found: str, offset: int) -> None:
        path = self._path()
        self._reading.value(path, offset)
        if found in _WORDS:
            return
        if found.lstrip("-") in {"NaN", "Infinity"}:
            self._reading.not_finite(path, offset, found)
        elif (whole_number(found) is None) if _INTEGER.fullmatch(found) else math.isinf(float(found)):
            self._reading.too_large(path, offset, found)


# --- what is no JSON -------------------------------------------------------------------------------

_YAML: Final = re.compile(r"\s*(?:---\s|#|- |[\w$-]+:\s)")
_LEFT_COMMA: Final = re.compile(r",\s*\Z")

_BY_MESSAGE: Final[Mapping[str, str]] = {
    "Extra data": "a definition is one document; remove what follows",
    "Invalid control character at": r"in a string a line break is \n and a tab is \t",
    "Invalid \\escape": r"write a backslash as \\",
    "Unterminated string starting at": "close it with a double quote, on the same line",
}
_BY_WHAT_STANDS_THERE: Final = (
    (re.compile(r"\Z"), "the file ends too early: something that is opened is not closed"),
    (re.compile(r"'"), "JSON quotes with double quotes"),
    (re.compile(r"#|//|/\*"), "JSON has no comments"),
    (re.compile(r"(?:True|False|None)\b"), "JSON writes true, false and null"),
    (re.compile(r"(?<=\{)\{"), 'an expression stands in quotes: "{{ … }}"'),
    (re.compile(r"[\w$-]+\s*:"), "put the key in double quotes"),
)


def _not_json(text: str, error: json.JSONDecodeError) -> Document:
    reading = Reading(text)
    if text.strip():
        words = re.sub(r" at$", " here", error.msg)
        sentence = f"not JSON: {words[0].lower()}{words[1:]}"
        reading.say("E102", error.pos, sentence, _hint(text, error))
    else:
        reading.say("E102", 0, "the file is empty", "a definition has version: and nodes:")
    return reading.document(None)


def _hint(text: str, error: json.JSONDecodeError) -> str:
    message = error.msg.removesuffix(":")
    if _YAML.match(text) and not text[: error.pos].strip():
        return "this looks like YAML; then its name ends in .yaml"
    if message in _BY_MESSAGE:
        return _BY_MESSAGE[message]
    if text[error.pos : error.pos + 1] in {"]", "}"} and _LEFT_COMMA.search(text, 0, error.pos):
        return "remove the comma before it"
    hints = (hint for pattern, hint in _BY_WHAT_STANDS_THERE if pattern.match(text, error.pos))
    return next(hints, "a comma is missing before it" if message == "Expecting ',' delimiter" else "")
