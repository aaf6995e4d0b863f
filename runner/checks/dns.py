"""What a name server answers about a name, and how fast."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from annotated_types import Len

from runner.checks.base import Answered, PlainText, Seen, known
from runner.checks.matching import excerpt
from runner.errors import NodeError
from runner.records import record
from runner.results import Verdict
from runner.spec import Invalid, described, duration_text
from runner.spec.texts import HIGHEST_PORT
from runner.spec.urls import with_hidden_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.checks.lookup import Answer
    from runner.doors.dns import Reply
    from runner.scope import Scope

PORT: Final = 53
MOST_VALUES: Final = 5
"""Records that a message lists."""
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+)(?::(\d{1,5}))?")
"""`[2001:db8::53]:5353`, `ns1.shop.example:5353`; an IPv6 address without brackets is read apart."""

Record = Literal[
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DNSKEY",
    "DS",
    "HTTPS",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SOA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
]


@record
class ExpectRecords:
    """What the answer must be."""

    values: Annotated[tuple[PlainText, ...], Len(min_length=1)]
    """The records, all of them and no others, in any order: `192.0.2.1`, `10 mail.shop.example`."""


@record
class Dns(Answered):
    """Ask a name server about a name, and hold the time that the answer takes against the thresholds.

    A name or a record that is not there, a server that fails, refuses or is silent, and an answer other than the
    expected one are `critical`; an answer that cannot be read is `unknown`, and so is all where the machine's own
    resolvers are asked and find nothing whatever.
    """

    type: ClassVar[str] = "dns"

    name: PlainText
    """The name that is asked about, whole: no search domain is added to it."""
    record: Record = "A"
    """The kind of record that must be there. For PTR, an address may stand in `name`."""
    expect: ExpectRecords | None = None
    """What the records must be; anything else is `critical`."""
    server: PlainText | None = None
    """Who is asked: `192.0.2.53`, `ns1.shop.example:5353`, `[2001:db8::53]:53`; the machine's resolvers by default."""

    def __post_init__(self) -> None:
        """Refuse what is no name, no server, or no record of the kind."""
        Answered.__post_init__(self)
        if known(self.name):
            _refuse_bad_name(self.name)
        if self.server is not None and known(self.server):
            _server(self.server)
        if self.expect is not None and known(self.expect, self.record) and known(*self.expect.values):
            self._keys(self.expect.values)

    @property
    def given_name(self) -> str:
        """None: `name` is what is asked about."""
        return ""

    def look(self, scope: Scope) -> Seen:
        """Ask once."""
        from runner.checks import lookup  # noqa: PLC0415 - brings dnspython, 60 ms that only a question is worth

        query = lookup.question(_in_ascii(self.name), self.record)
        server = None if self.server is None else _server(self.server)
        trusted = self.server is None or scope.trusts(self.server)
        reply = scope.doors.dns.ask(query, scope.deadline, server=server, trusted=trusted)
        try:
            answer = lookup.read(query, reply.data)
        except NodeError as error:
            msg = f"the answer of {reply.server} about {self._asked} cannot be read: {error.message}"
            raise NodeError(msg, code=error.code) from error
        return self._seen(answer, reply)

    @property
    def place(self) -> str:
        """The name, the kind of record, and the server where one is given."""
        return f"{self.name} {self.record}" + (f" at {self.server}" if self.server is not None else "")

    @property
    def about(self) -> str | None:
        """The name, and the kind of record where it is not the usual one."""
        if not known(self.name, self.record):
            return None
        return self.name if self.record == "A" else f"{self.name} {self.record}"

    @property
    def task(self) -> str:
        """What is asked, and whom."""
        return f"ask {self.server or 'the resolvers of this machine'} for {self._asked}"

    def late(self, limit: str) -> str:
        """Say who was silent, and about what."""
        whom = self.server or "no resolver of this machine"
        verb = "did not answer" if self.server else "answered"
        return f"{whom} {verb} within {limit} when asked for {self._asked}"

    @property
    def _asked(self) -> str:
        return f"the {self.record} record of {self.name}"

    def _seen(self, answer: Answer, reply: Reply) -> Seen:
        metrics: dict[str, object] = {"answer_ms": round(reply.seconds * 1000, 2), "answers": len(answer.values)}
        if answer.values:
            metrics["ttl"] = answer.ttl
        message, code = self._judged(answer, reply)
        alias = f"it is an alias of {answer.owner}" if answer.values and self._leads_to(answer) else ""
        return Seen(
            message=message,
            verdict=Verdict.CRITICAL if code else Verdict.OK,
            value=reply.seconds,
            unit="s",
            metrics=metrics,
            also=alias,
            code=code,
        )

    def _judged(self, answer: Answer, reply: Reply) -> tuple[str, str]:
        """Return what was answered as a sentence, and why that is not well as a code."""
        if answer.code != "NOERROR":
            sentence, code = _FAILURES.get(answer.code, _OTHER)
            alias = f"{self.name} is an alias of {answer.owner}, and " if self._leads_to(answer) else ""
            name = answer.owner if alias else self.name
            told = sentence.format(name=name, kind=self.record, server=reply.server, code=answer.code)
            return f"{alias}{told}", code
        if not answer.values:
            alias = f": it is an alias of {answer.owner}, which has none" if self._leads_to(answer) else ""
            return f"{self.name} has no {self.record} record{alias} ({reply.server} says so)", "no_such_record"
        came = f"{self.name} has the {self.record} record{'s' * (len(answer.values) > 1)} {self._listed(answer.values)}"
        if self.expect is not None and self._keys(self.expect.values) != answer.keys:
            return f"{came}, expected {self._listed(self.expect.values)}", "content"
        return f"{came}, answered in {duration_text(reply.seconds)}", ""

    def _leads_to(self, answer: Answer) -> bool:
        """Say whether the name is an alias."""
        own = _in_ascii(self.name).removesuffix(".").lower()
        return self.record != "PTR" and answer.owner.lower() not in {"", own}

    def _listed(self, values: Sequence[str]) -> str:
        """Write records for people: `192.0.2.1 and 192.0.2.2`."""
        shown = [_bounded(value, quoted=self.record == "TXT") for value in values[:MOST_VALUES]]
        if len(values) > MOST_VALUES:
            shown.append(f"{len(values) - MOST_VALUES} more")
        *first, last = shown
        return f"{', '.join(first)} and {last}" if first else last

    def _keys(self, values: Sequence[str]) -> frozenset[bytes]:
        """Return records for comparing; raise `Invalid` where one is no such record."""
        from runner.checks import lookup  # noqa: PLC0415 - brings dnspython, 60 ms that only a question is worth

        keys = set()
        for number, value in enumerate(values):
            try:
                keys.add(lookup.key(value, self.record))
            except Invalid as error:
                raise Invalid(error.sentence, error.hint, at=("expect", "values", number)) from error
        return frozenset(keys)


_FAILURES: Final = {
    "NXDOMAIN": ("there is no such name as {name} (NXDOMAIN from {server})", "no_such_name"),
    "SERVFAIL": (
        "{server} fails on {name} (SERVFAIL): its name servers do not answer, or its DNSSEC signatures are wrong",
        "server_failure",
    ),
    "REFUSED": (
        "{server} refuses to answer about {name} (REFUSED): it does not serve this client, or not this name",
        "query_refused",
    ),
}
"""What a name server's failures mean, by its code: the sentence, and ours."""
_OTHER: Final = ("{server} failed on the {kind} record of {name} ({code})", "server_failure")


def _bounded(value: str, *, quoted: bool) -> str:
    """Return the beginning of a value that came from outside, on one line."""
    text = excerpt(value)
    return text if quoted else text.removeprefix("“").removesuffix("”")


def _in_ascii(name: str) -> str:
    """Return a name as it is sent; raise `Invalid` where that cannot be done."""
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise _no_name(name) from None


def _no_name(name: str) -> Invalid:
    return Invalid(f"{described(name)} is no name that DNS knows", 'write it like "shop.example"', at=("name",))


def _refuse_bad_name(name: str) -> None:
    shown = with_hidden_user(name)
    if "://" in name or shown != name:
        host = shown.rpartition("://")[2].partition("/")[0].rpartition("@")[2]
        what = "a URL, not a name" if "://" in name else "more than a name"
        raise Invalid(f"{described(shown)} is {what}", f'write "{host}"', at=("name",))
    if name == ".":
        return  # the root
    bare = _in_ascii(name).removesuffix(".")
    sound = all(0 < len(label) <= _LONGEST_LABEL for label in bare.split(".")) and len(bare) <= _LONGEST_NAME
    if not sound or re.search(r"[\s\\\x00-\x1f\x7f]", bare):
        raise _no_name(name)


def _server(text: str) -> tuple[str, int]:
    """Read a server: host and port; raise `Invalid` where it is none."""
    found = _SERVER.fullmatch(text)
    if found is not None and 0 < int(found[2] or PORT) <= HIGHEST_PORT:
        return found[1].strip("[]"), int(found[2] or PORT)
    try:
        return str(ipaddress.IPv6Address(text)), PORT
    except ValueError:
        hint = "write it like 192.0.2.53, ns1.shop.example:5353 or [2001:db8::53]:53"
        raise Invalid(f"{described(text)} is no name server", hint, at=("server",)) from None
