"""A definition's text as a tree of plain values that knows where each of them stands.

Reading never raises for what a file holds: everything wrong with it is a `Trouble` with its place. The readers of
the two languages are named in a table and imported on use, so that reading JSON never imports the YAML library.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from runner.records import record
from runner.spec import described

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64
"""Lists and objects inside each other."""
MAX_VALUES: Final = 100_000
"""Values of a document, lists and objects included, aliases counted as what they stand for."""
MAX_TROUBLES: Final = 1_000
"""Reading stops there: nobody reads more, and each costs its path."""
MAX_INTEGER: Final = 2**63 - 1
MAX_DIGITS: Final = 64
"""Characters of a number; no 64-bit one needs more, and Python refuses to read thousands."""

Path: TypeAlias = tuple[str | int, ...]
Kind: TypeAlias = Literal["yaml", "json"]

_READERS: Final[Mapping[Kind, str]] = {"yaml": "runner.definition.yaml_tree", "json": "runner.definition.json_tree"}
"""Modules with a function `read(text) -> Document`."""


@record(kw_only=False)
class Place:
    """A line and a column, both from 1 on, in characters."""

    line: int
    column: int


@record
class Trouble:
    """One thing that is wrong with a text."""

    code: str
    sentence: str
    hint: str
    place: Place
    path: Path = ()


class Lines:
    """Turns offsets in a text into places."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(r"\r\n?|\n", self._text))]

    def place(self, offset: int) -> Place:
        """Return the place of the character at an offset."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


@record
class Chart:
    """Where values and keys begin, as offsets in characters; the path of a key is the path of its value."""

    lines: Lines = field(default_factory=lambda: Lines(""))
    values: Mapping[Path, int] = field(default_factory=dict)
    keys: Mapping[Path, int] = field(default_factory=dict)


@record
class Document:
    """What a text holds, and everything that is wrong with it."""

    value: object
    """Dicts, lists, strings, numbers, booleans and None; None where reading had to stop."""
    troubles: tuple[Trouble, ...] = ()
    """In the order of their places."""
    chart: Callable[[], Chart] = Chart
    """Asked only when a place is wanted: a good JSON file never draws its chart."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return the place of a value, or of its key; of the nearest thing around it where the path leads nowhere."""
        chart = self.chart()
        if key and path in chart.keys:
            return chart.lines.place(chart.keys[path])
        while path and path not in chart.values:
            path = path[:-1]
        return chart.lines.place(chart.values.get(path, 0))


class Stop(Exception):
    """Reading cannot go on; the trouble is noted."""


@record(frozen=False)
class Open:
    """A list or an object whose end is still to come."""

    path: Path
    below: Path
    """The path of the next value; of no meaning while an object's key is to come."""
    awaits_key: bool
    seen: dict[str, int] = field(default_factory=dict)
    """The keys of an object so far, and where they stand."""


class Reading:
    """What a reader notes down while it reads a text: where things stand, and what is wrong."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.values: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}
        self.troubles: list[Trouble] = []
        self._count = 0

    def document(self, value: object) -> Document:
        """Make the document of a value and the notes."""
        chart = Chart(lines=self.lines, values=self.values, keys=self.keys)
        ordered = sorted(self.troubles, key=lambda trouble: (trouble.place.line, trouble.place.column))
        return Document(value=value, troubles=tuple(ordered), chart=lambda: chart)

    def value(self, path: Path, offset: int, written: int | None = None) -> None:
        """Note where a value begins; of values with the same path the first counts.

        What an alias repeats is `written` elsewhere. Raises `Stop` for one value too many.
        """
        self._count += 1
        if self._count > MAX_VALUES:
            self.stop("E104", offset, f"more than {MAX_VALUES:,} values", "a definition is smaller than that")
        self.values.setdefault(path, offset if written is None else written)

    def container(self, path: Path, offset: int, written: int | None = None) -> None:
        """Note where a list or an object begins; raise `Stop` for one too many or too deep."""
        self.value(path, offset, written)
        if len(path) >= MAX_DEPTH:
            self.stop("E104", offset, f"nested deeper than {MAX_DEPTH} levels", "a definition is flatter than that")

    def key(self, parent: Open, key: str, offset: int) -> bool:
        """Note the key of an object's next value; say whether it is a new one."""
        parent.below, parent.awaits_key = (*parent.path, key), False
        if key in parent.seen:
            hint = f"the first one is in line {self.lines.place(parent.seen[key]).line}"
            self.say("E103", offset, f"duplicate key {described(key)}", hint, parent.below)
            return False
        parent.seen[key] = offset
        self.keys.setdefault(parent.below, offset)
        return True

    def say(self, code: str, offset: int, sentence: str, hint: str = "", path: Path = ()) -> None:
        """Note a trouble; raise `Stop` where there are too many."""
        place = self.lines.place(offset)
        self.troubles.append(Trouble(code=code, sentence=sentence, hint=hint, place=place, path=path))
        if len(self.troubles) == MAX_TROUBLES:
            sentence = f"reading stops after {MAX_TROUBLES:,} problems"
            self.troubles.append(Trouble(code="E104", sentence=sentence, hint="correct these first", place=place))
            raise Stop

    def stop(self, code: str, offset: int, sentence: str, hint: str = "", path: Path = ()) -> NoReturn:
        """Note a trouble that ends the reading, and raise `Stop`."""
        self.say(code, offset, sentence, hint, path)
        raise Stop

    def too_large(self, path: Path, offset: int, text: str) -> None:
        """Note a number that is beyond what numbers hold."""
        self.say("E104", offset, f"the number {described(text)} is too large", "quote it if it is a text", path)

    def not_finite(self, path: Path, offset: int, text: str) -> None:
        """Note an infinity, or what is no number."""
        self.say("E105", offset, f"{text} is no finite number", "quote it if it is a text", path)


def read(data: bytes, name: str, *, kind: Kind | None = None) -> Document:
    """Read a file; without a `kind` the suffix of its name decides, never its content."""
    kind = kind or kind_of(name)
    if kind is None:
        sentence = f"{described(name)} says neither YAML nor JSON"
        return _unreadable(sentence, "the name of a definition ends in .yaml, .yml or .json")
    text = _decoded(data)
    if isinstance(text, Document):
        return text
    reader: Callable[[str], Document] = import_module(_READERS[kind]).read
    return reader(text)


def read_yaml(data: bytes) -> Document:
    """Read a YAML document."""
    return read(data, "", kind="yaml")


def read_json(data: bytes) -> Document:
    """Read a JSON document."""
    return read(data, "", kind="json")


class _Nowhere(Lines):
    """Knows no places."""

    def place(self, offset: int) -> Place:  # noqa: ARG002 - the interface
        """Return what stands for none."""
        return Place(0, 0)


def unplaced(document: Document) -> Document:
    """Return a document whose text nobody wrote: nothing in it has a place."""
    nowhere = Chart(lines=_Nowhere(""))
    troubles = tuple(replace(trouble, place=Place(0, 0)) for trouble in document.troubles)
    return Document(value=document.value, troubles=troubles, chart=lambda: nowhere)


def whole_number(text: str, base: int = 10) -> int | None:
    """Read an integer; None where it does not fit into 64 bits."""
    if len(text) > MAX_DIGITS:
        return None
    number = int(text, base)
    return number if -MAX_INTEGER - 1 <= number <= MAX_INTEGER else None


_PLAIN_KEY: Final = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_ESCAPES: Final = {code: f"\\u{code:04x}" for code in (*range(32), 127)} | {ord('"'): '\\"', ord("\\"): "\\\\"}
_SHOWN: Final = 100
"""Characters of a key that a path shows."""


def format_path(path: Path) -> str:
    """Write a path for people: `nodes[1].config.checks[0].url`, `headers["x-a"]`."""
    return "".join(map(_step, path)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if re.fullmatch(_PLAIN_KEY, step):
        return f".{step}"
    shown = step if len(step) <= _SHOWN else f"{step[:_SHOWN]}…"
    return f'["{shown.translate(_ESCAPES)}"]'


def kind_of(name: str) -> Kind | None:
    """Return the language that the name of a file stands for; None where it says neither."""
    name = name.lower()
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    return "json" if name.endswith(".json") else None


_BOM: Final = b"\xef\xbb\xbf"
_WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def _decoded(data: bytes) -> str | Document:
    """Return the text of a file, or the document that says why it has none."""
    if len(data) > MAX_BYTES:
        return _unreadable(f"the file has {len(data):,} bytes", f"a definition has at most {MAX_BYTES:,} (1 MiB)")
    if data.startswith(_WIDE_BOMS) or (len(data) > 1 and (data[0] == 0) != (data[1] == 0)):
        return _unreadable("the file is UTF-16 or UTF-32, not UTF-8", "save it as UTF-8")
    data = data.removeprefix(_BOM)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        return _unreadable(f"the byte 0x{data[error.start]:02X} is not UTF-8", "save the file as UTF-8", before)
    before, nul, _ = text.partition("\0")
    return _unreadable("the file holds a NUL byte", "this is no text file", before) if nul else text


def _unreadable(sentence: str, hint: str, before: str = "") -> Document:
    place = Lines(before).place(len(before))
    return Document(value=None, troubles=(Trouble(code="E101", sentence=sentence, hint=hint, place=place),))
