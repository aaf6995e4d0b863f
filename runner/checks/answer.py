"""What is expected of an HTTP answer."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from runner.checks.base import PlainText  # noqa: TC001 - read by pydantic
from runner.checks.matching import excerpt, found, refuse_bad_pattern
from runner.errors import NodeError
from runner.records import record
from runner.secrets import Sealed, Secret, reveal_tree
from runner.spec import Invalid, ReadBy, described, template_in

if TYPE_CHECKING:
    from runner.deadline import Deadline
    from runner.doors.request import Response

StatusRange = tuple[int, int]
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_READABLE: Final = frozenset(
    ["ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "mac-cyrillic", "mac-roman"]
    + ["big5", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "iso2022_jp", "shift_jis"]
    + [f"iso8859-{part}" for part in range(1, 17)]
    + [f"cp{page}" for page in (866, 874, 932, 949, *range(1250, 1259))]
)
"""What browsers read, as Python calls it. Python knows more, some of which takes minutes for a megabyte."""
LOWEST_STATUS: Final = 100
HIGHEST_STATUS: Final = 599
_NULL: Final = "\0null"
"""Marks a null; no text of an answer is like it."""


@record(kw_only=False)
class Miss:
    """Something that is not as expected."""

    sentence: str
    """What was expected and what came: `answered 503, expected 200 to 399`."""
    code: str = "content"


def read_statuses(value: object) -> tuple[StatusRange, ...]:
    """Read a status, a range (`200-299`) or a list of both."""
    if (waiting := template_in(value)) is not None:
        return waiting  # type: ignore[return-value]  # known when the node runs
    if isinstance(value, list) and value:
        return tuple(_status_range(item) for item in value)
    return (_status_range(value),)


def _status_range(value: object) -> StatusRange:
    ends = [value]
    if isinstance(value, str):
        written = (end.strip() for end in value.replace("..", "-").split("-"))
        ends = [int(end) for end in written if end.isascii() and end.isdigit()]
    low, high = (ends[0], ends[-1]) if len(ends) in {1, 2} else (None, None)
    if type(low) is int and type(high) is int and LOWEST_STATUS <= low <= high <= HIGHEST_STATUS:
        return low, high
    msg = f"{described(value)} is no HTTP status"
    raise Invalid(msg, 'write 200, "200-299" or a list of them')


_STATUS: Final[Mapping[str, object]] = {
    "type": ["integer", "string"],
    "minimum": LOWEST_STATUS,
    "maximum": HIGHEST_STATUS,
    "pattern": r"^\s*[1-5][0-9]{2}\s*((-|\.\.)\s*[1-5][0-9]{2}\s*)?$",
    "patternErrorMessage": "Not an HTTP status: write 200, 200-299 or a list of them.",
}
Statuses: TypeAlias = Annotated[
    tuple[StatusRange, ...],
    ReadBy(read_statuses, {"anyOf": [_STATUS, {"type": "array", "minItems": 1, "items": _STATUS}]}),
]


@record
class Expect:
    """What an HTTP answer must be like; all of it."""

    status: Statuses = ((200, 399),)
    """A status, a range like `200-299`, or a list of both."""
    body_contains: PlainText | None = None
    """A text that is somewhere in the body."""
    body_matches: PlainText | None = None
    """A regular expression that is found somewhere in the body."""
    json: Mapping[str, Any] = field(default_factory=dict)
    """Values in a JSON body, by the JMESPath that leads to each: `{status: up, "length(nodes)": 3}`."""
    header: Mapping[str, PlainText] = field(default_factory=dict)
    """Values of headers, by name; `text/html` is met by `text/html; charset=utf-8`, too."""

    def __post_init__(self) -> None:
        """Refuse patterns and paths that do not compile."""
        refuse_bad_pattern(self.body_matches, "body_matches")
        for path in self.json:
            _refuse_bad_path(path)

    @property
    def reads(self) -> str:
        """The first key that needs a body; empty where only the status and headers matter."""
        given = {"body_contains": self.body_contains, "body_matches": self.body_matches, "json": self.json or None}
        return next((key for key, wanted in given.items() if wanted is not None), "")

    def missed(self, response: Response, deadline: Deadline) -> Miss | None:
        """Return the first thing that is not as expected; None where all is.

        Raises `NodeError` where a body is cut and what is expected may stand in the rest.
        """
        return (
            self._missed_status(response)
            or self._missed_header(response.headers)
            or self._missed_text(response, deadline)
            or self._missed_json(response)
        )

    def _missed_status(self, response: Response) -> Miss | None:
        if any(low <= response.status <= high for low, high in self.status):
            return None
        wanted = " or ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in self.status)
        came = _quoted(_text(response)) or "empty"
        return Miss(f"answered {response.status}, expected {wanted}; the body is {came}", code="status")

    def _missed_header(self, headers: Mapping[str, str]) -> Miss | None:
        for name, wanted in self.header.items():
            came = headers.get(name.lower())
            if came is None:
                return Miss(f"has no header {name}, expected {excerpt(wanted)}")
            if wanted not in {came, came.partition(";")[0].rstrip()}:
                return Miss(f"has the header {name} {excerpt(came)}, expected {excerpt(wanted)}")
        return None

    def _missed_text(self, response: Response, deadline: Deadline) -> Miss | None:
        text = _text(response)
        wanted = ""
        if self.body_contains is not None and self.body_contains not in text:
            wanted = f"{excerpt(self.body_contains)} in it"
        elif self.body_matches is not None and not found(self.body_matches, text, deadline):
            wanted = f"a match of {self.body_matches}"
        if not wanted:
            return None
        _refuse_cut(response, wanted)
        return Miss(f"{_has(text)}, expected {wanted}")

    def _missed_json(self, response: Response) -> Miss | None:
        if not self.json:
            return None
        _refuse_cut(response, "JSON")
        text = _text(response)
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            return Miss(f"{_has(text)}, expected JSON")
        misses = (_missed_value(tree, path, wanted) for path, wanted in self.json.items())
        return next((miss for miss in misses if miss is not None), None)


def _text(response: Response) -> str:
    """Decode the body as the server says, or as UTF-8."""
    said = _CHARSET.search(response.headers.get("content-type", ""))
    try:
        charset = codecs.lookup(said[1]).name if said else ""
    except LookupError:
        charset = ""
    return response.body.decode(charset if charset in _READABLE else "utf-8", "replace").removeprefix("\ufeff")


def _quoted(text: str) -> str:
    """Return the beginning of a text in quotation marks; empty where there is nothing to read in it."""
    return excerpt(text) if text.strip() else ""


def _has(text: str) -> str:
    return f"has the body {quoted}" if (quoted := _quoted(text)) else "has an empty body"


def _refuse_cut(response: Response, wanted: str) -> None:
    """Raise `NodeError` where only the beginning of the body is there."""
    if response.truncated:
        msg = f"the body is longer than the {len(response.body):,} bytes that are read, expected {wanted}"
        raise NodeError(msg, code="too_large")


def _missed_value(tree: object, path: str, wanted: object) -> Miss | None:
    import jmespath  # noqa: PLC0415 - 15 ms that only a path is worth

    try:
        came = jmespath.search(path, tree)
    except (ValueError, ArithmeticError, RecursionError) as error:  # a step of 0 or an infinity is not its own error
        return Miss(f"has no {path}: {excerpt(str(error))}")
    if _same(came, reveal_tree(wanted)):
        return None
    if came is None and not _stands_for_null(path, tree):
        return Miss(f"has no {path}, expected {_shown(wanted)}")
    return Miss(f"has {path} {_shown(came)}, expected {_shown(wanted)}")


def _stands_for_null(path: str, tree: object) -> bool:
    """Say whether a path leads to a null: JMESPath gives one for what is not there, too."""
    import jmespath  # noqa: PLC0415 - 15 ms that only a path is worth

    try:
        return bool(jmespath.search(path, _with_nulls_marked(tree)) == _NULL)
    except (ValueError, ArithmeticError, RecursionError):  # what takes no text takes no mark either
        return False


def _with_nulls_marked(tree: object) -> object:
    if isinstance(tree, dict):
        return {key: _with_nulls_marked(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return list(map(_with_nulls_marked, tree))
    return _NULL if tree is None else tree


def _same(came: object, wanted: object) -> bool:
    """Compare as JSON does: true is not 1, but 1 is 1.0."""
    if isinstance(came, list) and isinstance(wanted, list):
        return len(came) == len(wanted) and all(map(_same, came, wanted))
    if isinstance(came, Mapping) and isinstance(wanted, Mapping):
        return came.keys() == wanted.keys() and all(_same(came[key], wanted[key]) for key in wanted)
    return came == wanted and isinstance(came, bool) == isinstance(wanted, bool)


def _shown(value: object) -> str:
    if isinstance(value, Secret | Sealed):
        return str(value)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "what is nested too deeply"
    return excerpt(text).removeprefix("“").removesuffix("”")


def _refuse_bad_path(path: str) -> None:
    import jmespath  # noqa: PLC0415 - 15 ms that only a path is worth

    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        msg = f"{described(path)} is no JMESPath: {excerpt(str(error))}"
        raise Invalid(msg, "see jmespath.org", at=("json", path)) from None
