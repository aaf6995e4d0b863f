"""DNS messages by dnspython, which takes 60 ms to load: only a run that asks a name server loads this module."""

from __future__ import annotations

import ipaddress
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.reversename

from runner.errors import NodeError
from runner.records import record
from runner.spec import Invalid, described

_ROOT: Final = dns.name.root


@record
class Answer:
    """What a name server answered."""

    code: str
    """`NOERROR`, `NXDOMAIN`, `SERVFAIL`, …"""
    values: tuple[str, ...]
    """The records that were asked for, as people write them."""
    keys: frozenset[bytes]
    """The same for comparing: names in small letters, addresses as numbers."""
    owner: str
    """The name that the alias chain ends at; the name itself where it is no alias."""
    ttl: int
    """Seconds that the answer may be kept; 0 where there are no records."""


def question(name: str, kind: str) -> bytes:
    """Return the message that asks for the records of a kind; a PTR is asked for by address, too."""
    return dns.message.make_query(_name(name, kind), kind).to_wire()


def read(query: bytes, data: bytes) -> Answer:
    """Read the answer to a question; raise `NodeError` with code `unreadable` where it is none."""
    try:
        asked = dns.message.from_wire(query)
        answer = dns.message.from_wire(data, ignore_trailing=True)
        if not isinstance(answer, dns.message.QueryMessage) or not asked.is_response(answer):
            raise NodeError("it answers another question", code="unreadable")
        if answer.flags & dns.flags.TC:  # a cut answer to a datagram was asked for again, so this one came over TCP
            raise NodeError("it is cut off, over TCP, too", code="unreadable")
        if not answer.question:
            return _failed(answer)
        chain = answer.resolve_chaining()
    except (dns.exception.DNSException, ValueError) as error:
        raise NodeError(str(error).rstrip(".") or type(error).__name__, code="unreadable") from error
    found = () if chain.answer is None else tuple(chain.answer)
    return Answer(
        code=dns.rcode.to_text(answer.rcode()),
        values=tuple(sorted(map(_shown, found))),
        keys=frozenset(map(_key, found)),
        owner=chain.canonical_name.to_text(omit_final_dot=True),
        ttl=chain.minimum_ttl if found else 0,
    )


def key(value: str, kind: str) -> bytes:
    """Return a record as people write it for comparing; raise `Invalid` where it is none of its kind."""
    try:
        if kind == "TXT" and not value.startswith('"'):
            return value.encode()
        return _key(dns.rdata.from_text(dns.rdataclass.IN, kind, value, origin=_ROOT, relativize=False))
    except (dns.exception.DNSException, ValueError) as error:
        hint = f"write it as `dig` shows it: {_EXAMPLES[kind]}" if kind in _EXAMPLES else "write it as `dig` shows it"
        raise Invalid(f"{described(value)} is no {kind} record", hint) from error


_EXAMPLES: Final = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CAA": '0 issue "letsencrypt.org"',
    "CNAME": "www.shop.example",
    "MX": "10 mail.shop.example",
    "NS": "ns1.shop.example",
    "PTR": "www.shop.example",
    "SRV": "10 5 5060 sip.shop.example",
}


def _failed(answer: dns.message.Message) -> Answer:
    """Return what an answer without a question says: that it failed, which may come so."""
    return Answer(code=dns.rcode.to_text(answer.rcode()), values=(), keys=frozenset(), owner="", ttl=0)


def _name(name: str, kind: str) -> dns.name.Name:
    try:
        if kind == "PTR":
            return dns.reversename.from_address(str(ipaddress.ip_address(name)))
    except ValueError:
        pass  # a name, then
    return dns.name.from_text(name)


def _key(found: dns.rdata.Rdata) -> bytes:
    if isinstance(found, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(found.strings)
    return found.to_digestable(origin=_ROOT)


def _shown(found: dns.rdata.Rdata) -> str:
    """Write a record without the final dot of its names, and a text in one piece."""
    if isinstance(found, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(found.strings).decode("utf-8", "backslashreplace")
    text = found.to_text(origin=_ROOT, relativize=True)
    return text if "@" not in text.split() else found.to_text()  # the root itself: `0 .`
