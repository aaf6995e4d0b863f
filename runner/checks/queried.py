"""What the checks of databases share: the query, what it must answer, and what its thresholds judge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from runner.checks.base import Measured, PlainText, Seen, known, written
from runner.checks.cell import number_of, plain, same, shown
from runner.errors import NodeError, Unreachable
from runner.records import record
from runner.results import Verdict
from runner.secrets import Foreign, Sealed, Secret, is_foreign, reveal
from runner.spec import AnswerAbove, Invalid, ReadBy, Span, Template, described, duration_text
from runner.spec.databases import EXAMPLE, PORTS, ServerUrl, database_url

if TYPE_CHECKING:
    from runner.doors.database import Answer
    from runner.scope import Scope
    from runner.spec.databases import DatabaseUrl

_MOST_SHOWN: Final = 80
"""Characters of a query that a message shows."""
_DOWN: Final = frozenset(
    {
        "timed_out",  # the door says how far it came
        "no_database",
        "other_service",
        "query_failed",
        "tls",
        "expired",
        "not_yet_valid",
        "wrong_name",
        "self_signed",
        "incomplete_chain",
        "unknown_root",
        "client_certificate",
    }
)
"""Codes of errors that what is watched is to blame for."""
_PASSWORD: Final = re.compile(r"://[^:@{}]*:([^{}]+)@")
"""The password of a URL, some of which is not known yet."""


def read_value(value: object) -> object:
    """Read one value, as a column of a row has it."""
    if value is None or isinstance(value, str | int | float | bool | Secret | Sealed):
        return value
    msg = f"expected a single value, got {described(value)}"
    raise Invalid(msg, "write a text, a number, true, false or null", code="E202")


Value = Annotated[Any, ReadBy(read_value, {"type": ["string", "number", "boolean", "null"]})]


@record
class ExpectValue:
    """What the answer must be."""

    value: Value
    """The first column of the first row; numbers are compared as numbers, and null is NULL."""


@record
class Queried(Measured):
    """Connect to a database server, and have it answer a query."""

    remote: ClassVar[bool] = True
    kind: ClassVar[str]
    """Of the servers that it asks."""

    url: ServerUrl
    """Where the database is, with user and password; a secret may be all of it, or stand in it."""
    query: PlainText = "select 1"
    """What is asked: one statement that brings rows and changes nothing. No text of a payload may stand in it."""
    expect: ExpectValue | None = None
    """What the first column of the first row must be; anything else, and no row, is `critical`."""
    warning: AnswerAbove | None = None
    """From where on the verdict is `warning`: a number judges the answer, a duration the time that it takes."""
    critical: AnswerAbove | None = None
    """From where on the verdict is `critical`; of the same kind as `warning`."""

    def __post_init__(self) -> None:
        """Refuse thresholds on two things, another kind of server, no query, and one that a payload writes."""
        given = [one for one in (self.warning, self.critical) if one is not None and known(one)]
        if len({isinstance(one, Span) for one in given}) > 1:
            hint = "give both as numbers, or both as durations"
            raise Invalid("one threshold judges the answer, the other the time", hint, code="E208", at=("warning",))
        Measured.__post_init__(self)
        if isinstance(self.url, str) and known(self.url):
            _refuse_other(database_url(self.url), self.kind)
        if not self.query.strip():
            raise Invalid("there is no query", "leave it out for select 1", at=("query",))
        if is_foreign(self.query):
            msg = "the query holds text of a payload or of an earlier node, which could make it ask something else"
            raise Invalid(msg, "write it without, or take the text from an input", at=("query",))

    def look(self, scope: Scope) -> Seen:
        """Ask once."""
        url = self._url()
        trusted = scope.trusts(Foreign(url.server) if is_foreign(self.url) else url.server)
        try:
            answer = scope.doors.sql.ask(url, self.query, scope.deadline, trusted=trusted)
        except NodeError as error:
            if error.code in _DOWN:
                raise Unreachable(error.message, code=error.code) from error
            raise
        return self._seen(url, answer)

    @property
    def place(self) -> str:
        """Server and database; never who logs in."""
        url = self._known_url()
        return self._shown if url is None else url.place

    @property
    def local(self) -> bool:
        """The server is reached by a socket of this machine."""
        url = self._known_url()
        return url is not None and url.local

    @property
    def about(self) -> str | None:
        """The host, the port where it is not the usual one, and the database."""
        url = self._known_url()
        if url is None:
            return None
        host = url.host if url.port == PORTS[url.kind] else url.server
        return f"{host} {url.database}"

    @property
    def task(self) -> str:
        """What is asked, and whom."""
        return f"ask {self._shown} {self._asked}"

    def late(self, limit: str) -> str:
        """Say who did not answer."""
        return f"{self._shown} did not answer {self._asked} within {limit}"

    def secrets(self) -> tuple[Secret, ...]:
        """Return the password of the URL."""
        url = self._known_url()
        if url is not None:
            return () if url.password is None else (Secret("password", reveal(url.password)),)
        found = _PASSWORD.search(self.url) if isinstance(self.url, str) else None
        return (Secret("password", found[1]),) if found else ()

    def write(self, value: float) -> str:
        """Write a number as it is, a time with its unit."""
        return written(value, "" if self._judges_answer else "s")

    @property
    def _judges_answer(self) -> bool:
        return any(not isinstance(threshold, Span) for _, threshold in self.levels)

    @property
    def _shown(self) -> str:
        url = self._known_url()
        return str(url) if url else re.sub(r"://.*@", "://…@", str(self.url))

    @property
    def _asked(self) -> str:
        line = " ".join(self.query.split())
        return f"`{line if len(line) <= _MOST_SHOWN else line[: _MOST_SHOWN - 1] + '…'}`"

    def _known_url(self) -> DatabaseUrl | None:
        """Return the URL as it is read; None while a template hides it, and where it cannot be read."""
        try:
            return None if isinstance(self.url, Template) else self._url()
        except NodeError:
            return None

    def _url(self) -> DatabaseUrl:
        """Return the URL as it is read; raise `NodeError` where a secret holds none."""
        try:
            url = database_url(self.url, f"the {self.type} check")
            _refuse_other(url, self.kind)
        except Invalid as error:
            msg = f"the url of this check is of no use: {error.sentence} — {error.hint}"
            raise NodeError(msg, code="bad_url") from None
        return url

    def _seen(self, url: DatabaseUrl, answer: Answer) -> Seen:
        """Judge what came."""
        cell = answer.row[0] if answer.row else None
        total = answer.connected + answer.answered
        number = number_of(cell) if self._judges_answer else None
        code, why = self._miss(answer, cell)
        what = f"{url} answered {_came(answer, cell)}"
        if not self._judges_answer and not code:
            what += f" in {duration_text(total)}"
        return Seen(
            message=f"{what}, {why}" if why else what,
            verdict=_VERDICTS[code],
            value=total if not self._judges_answer else None if number is None else float(number),
            unit="" if self._judges_answer else "s",
            metrics={
                "connect_ms": round(answer.connected * 1000, 2),
                "query_ms": round(answer.answered * 1000, 2),
                "rows": answer.rows,
                "answer": plain(cell),
            },
            code=code,
        )

    def _miss(self, answer: Answer, cell: object) -> tuple[str, str]:
        """Return why an answer is not well, as a code and what follows it; both empty where it is."""
        if self.expect is not None:
            wanted = self.expect.value
            if answer.row is None or not same(cell, reveal(wanted) if isinstance(wanted, Secret | Sealed) else wanted):
                return "content", f"expected {wanted if isinstance(wanted, Secret | Sealed) else shown(wanted)}"
        if self._judges_answer and number_of(cell) is None:
            return "unreadable", "which is no number that a threshold could judge: have the query bring one"
        return "", ""


_VERDICTS: Final = {"": Verdict.OK, "content": Verdict.CRITICAL, "unreadable": Verdict.UNKNOWN}


def _came(answer: Answer, cell: object) -> str:
    """Write what came: `7`, `no row`, `7, the first of 12 rows`."""
    if answer.row is None:
        return "no row"
    return shown(cell) if answer.rows == 1 else f"{shown(cell)} (the first of {answer.rows} rows)"


def _refuse_other(url: DatabaseUrl, kind: str) -> None:
    if url.kind == "sqlite":
        raise Invalid("this is the URL of a file, not of a server", f"write {EXAMPLE}", at=("url",))
    if url.kind != kind:
        raise Invalid(f"this is the URL of {_SERVERS[url.kind]}", f"use the check {_CHECKS[url.kind]}", at=("url",))


_SERVERS: Final = {"postgresql": "a PostgreSQL server", "mysql": "a MySQL server"}
_CHECKS: Final = {"postgresql": "postgres", "mysql": "mysql"}
