"""YAML text as plain values with places, built from libyaml's events in one pass.

What a definition has no use for is refused: tags, merge keys, several documents, keys that are no strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from yaml import events as libyaml
from yaml.error import MarkedYAMLError

from runner.definition.document import MAX_BYTES, Document, Open, Reading, Stop
from runner.definition.yaml_scalars import is_text, plain
from runner.definition.yaml_trouble import explain, index_of, refuse_braces
from runner.records import record
from runner.spec import described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.definition.document import Path

try:
    from yaml._yaml import CParser
except ImportError as error:
    msg = "this PyYAML was built without libyaml; install it from a wheel"
    raise ImportError(msg) from error


def read(text: str) -> Document:
    """Read a YAML document; never raises for what the text holds."""
    reading = Reading(text)
    builder = _Builder(reading)
    try:
        builder.run(_cleaned(reading))
    except Stop:
        return reading.document(None)
    return reading.document(builder.value)


_LINE_BREAKS: Final = "\x85\u2028\u2029"
_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|\A\ufeff")
"""What YAML forbids, and the line breaks of YAML 1.1, which no editor counts."""
_AS_SPACE: Final = str.maketrans(dict.fromkeys(_LINE_BREAKS, " "))


def _cleaned(reading: Reading) -> str:
    """Return the text with places that libyaml counts as everybody does."""
    for match in _UNREADABLE.finditer(reading.text):
        name = f"U+{ord(match[0]):04X}"
        if match[0] not in _LINE_BREAKS:
            reading.stop("E102", match.start(), f"not YAML: the character {name} is not allowed", "remove it")
        escape = f"\\u{ord(match[0]):04x}"
        hint = f'remove it, or write "{escape}" in double quotes'
        reading.say("E105", match.start(), f"{name} is a line break to some and none to others", hint)
    return reading.text.translate(_AS_SPACE) if reading.troubles else reading.text


# --- the tree --------------------------------------------------------------------------------------


@record(frozen=False)
class _Open(Open):
    """A list or an object whose end is still to come, and what is known of it."""

    value: dict[str, object] | list[object]
    begin: libyaml.CollectionStartEvent
    noted: int
    """Troubles that were known before it."""
    is_dropped: bool = False
    """The value to come has no place in the tree: its key is refused."""
    is_expression: bool = False
    """It began with two braces."""


class _Builder:
    """Makes a tree of libyaml's events, and notes what is wrong; a stack of its own keeps depth harmless."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.value: object = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, Path]] = {}
        self._repeated = 0
        self._documents = 0
        self._is_empty = True

    def run(self, text: str) -> None:
        """Build the tree of the first document; raise `Stop` where it ends too early."""
        try:
            self._take_events(CParser(text))
        except MarkedYAMLError as error:
            self._refuse(error)
            raise Stop from error
        if self._is_empty:
            self.reading.say("E102", 0, "the file is empty", "a definition has version: and nodes:")

    def _take_events(self, parser: CParser) -> None:
        take: Mapping[type, Callable[[Any], None]] = {
            libyaml.ScalarEvent: self._scalar,
            libyaml.AliasEvent: self._alias,
            libyaml.SequenceStartEvent: self._begin,
            libyaml.MappingStartEvent: self._begin,
            libyaml.SequenceEndEvent: self._end,
            libyaml.MappingEndEvent: self._end,
            libyaml.DocumentStartEvent: self._document,
        }
        while self._documents <= 1 and (event := parser.get_event()) is not None:
            if type(event) in take:
                take[type(event)](event)

    def _refuse(self, error: MarkedYAMLError) -> None:
        """Note what libyaml could not read: often an expression without quotes."""
        for parent in self._open:
            if parent.is_expression:
                self._refuse_expression(parent)
                return
        explain(self.reading, error)

    def _document(self, event: libyaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = 'a definition is one document; remove the "---" and what follows'
            self.reading.say("E105", index_of(event.start_mark), "a second document begins", hint)

    def _path(self) -> Path:
        """Return the path of the value that begins."""
        return self._open[-1].below if self._open else ()

    def _attach(self, value: object) -> None:
        """Put a value that is complete where it belongs."""
        self._is_empty = False
        if not self._open:
            self.value = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
            parent.below = (*parent.path, len(parent.value))
        elif parent.awaits_key:
            parent.awaits_key, parent.is_dropped = False, True
        else:
            if not parent.is_dropped:
                parent.value[str(parent.below[-1])] = value
            parent.awaits_key, parent.is_dropped = True, False

    # containers

    def _begin(self, event: libyaml.SequenceStartEvent | libyaml.MappingStartEvent) -> None:
        offset, is_mapping = index_of(event.start_mark), isinstance(event, libyaml.MappingStartEvent)
        if self._open and self._open[-1].awaits_key:
            self._container_as_key(self._open[-1], offset, is_mapping=is_mapping)
        path = self._path()
        self.reading.container(path, offset)
        self._refuse_tag(event, path, offset)
        self._open.append(
            _Open(
                path=path,
                below=path if is_mapping else (*path, 0),
                awaits_key=is_mapping,
                value={} if is_mapping else [],
                begin=event,
                noted=len(self.reading.troubles),
            )
        )

    def _container_as_key(self, parent: _Open, offset: int, *, is_mapping: bool) -> None:
        parent.below = (*parent.path, "?")
        if (
            is_mapping
            and parent.begin.flow_style
            and not parent.seen
            and offset == index_of(parent.begin.start_mark) + 1
        ):
            parent.is_expression = True
        else:
            self.reading.say("E105", offset, "a list or an object is no key", "keys are texts", parent.path)

    def _end(self, event: libyaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        value: object = done.value
        if done.is_expression:
            value = self.reading.text[index_of(done.begin.start_mark) : index_of(event.end_mark)]
            self._refuse_expression(done)
        if done.begin.anchor is not None:
            self._anchors[done.begin.anchor] = (value, done.path)
        self._attach(value)

    def _refuse_expression(self, taken: _Open) -> None:
        """Note an expression without quotes, in place of what YAML takes it for."""
        del self.reading.troubles[taken.noted :]
        refuse_braces(self.reading, index_of(taken.begin.start_mark), taken.path)

    # scalars

    def _scalar(self, event: libyaml.ScalarEvent) -> None:
        offset = index_of(event.start_mark)
        if self._open and self._open[-1].awaits_key:
            self._key(self._open[-1], event, offset)
            return
        path = self._path()
        self.reading.value(path, offset)
        self._refuse_tag(event, path, offset)
        if not (event.value or event.style or self._open):
            return
        value = event.value if event.style else plain(self.reading, event.value, path, offset)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, path)
        self._attach(value)

    def _key(self, parent: _Open, event: libyaml.ScalarEvent, offset: int) -> None:
        is_plain = not event.style
        parent.is_dropped = not self.reading.key(parent, event.value, offset)
        path = self._path()
        self._refuse_tag(event, path, offset)
        if event.anchor is not None:
            self._anchors[event.anchor] = (event.value, path)
        if is_plain and event.value == "<<":
            parent.is_dropped = True
            self.reading.say("E105", offset, "merge keys are not allowed", "write the keys out", path)
        elif is_plain and not is_text(event.value):
            hint = f"quote it: {described(event.value)}" if event.value else "give it a name"
            self.reading.say("E105", offset, "this key is no text", hint, path)

    def _refuse_tag(self, event: libyaml.ScalarEvent | libyaml.CollectionStartEvent, path: Path, offset: int) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            sentence = f"the tag {described(tag)} is not allowed"
            self.reading.say("E105", offset, sentence, "remove it; quotes make a text", path)

    # aliases

    def _alias(self, event: libyaml.AliasEvent) -> None:
        offset, name, path = index_of(event.start_mark), str(event.anchor), self._path()
        if name not in self._anchors:
            self._refuse_alias(name, offset)
        value, source = self._anchors.get(name, (f"*{name}", path))
        if not (self._open and self._open[-1].awaits_key):
            self.reading.values.setdefault(path, offset)
            self._attach(self._copied(value, source, path, offset))
        elif isinstance(value, str):
            self._open[-1].is_dropped = not self.reading.key(self._open[-1], value, offset)
        else:
            self._container_as_key(self._open[-1], offset, is_mapping=False)
            self._attach(None)

    def _refuse_alias(self, name: str, offset: int) -> None:
        if any(parent.begin.anchor == name for parent in self._open):
            code, sentence = "E105", f"the alias *{name} stands inside its own anchor"
        else:
            code, sentence = "E102", f"there is no anchor &{name} before this alias"
        self.reading.say(code, offset, sentence, f'quote it if it is a text: "*{name}"')

    def _copied(self, value: object, source: Path, target: Path, alias: int) -> object:
        """Copy what an alias stands for; it counts as if it were written out, which also bounds the recursion."""
        written = self.reading.values.get(source, alias)
        if isinstance(value, dict):
            self.reading.container(target, alias, written)
            copied: dict[str, object] = {}
            for key, item in value.items():
                self.reading.keys.setdefault((*target, key), self.reading.keys[*source, key])
                copied[self._spent(key, alias)] = self._copied(item, (*source, key), (*target, key), alias)
            return copied
        if isinstance(value, list):
            self.reading.container(target, alias, written)
            return [self._copied(item, (*source, at), (*target, at), alias) for at, item in enumerate(value)]
        self.reading.value(target, alias, written)
        return self._spent(value, alias) if isinstance(value, str) else value

    def _spent(self, text: str, alias: int) -> str:
        """Return a text that an alias repeats, having counted it."""
        self._repeated += len(text)
        if self._repeated > MAX_BYTES:
            self.reading.stop("E104", alias, "the aliases stand for more than 1 MiB of text", "use fewer of them")
        return text
