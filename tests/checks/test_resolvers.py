"""Names that are not found: because of the name, or because the resolvers of this machine find nothing."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from runner.checks import CHECKS
from runner.checks.judging import examine
from runner.doors import Doors
from runner.doors.dns import Dns
from runner.doors.net import Net
from runner.results import Verdict
from tests.checks.dns_server import failing, having, name_server, silent

if TYPE_CHECKING:
    from pathlib import Path

    from runner.checks import Check
    from runner.doors.net import Lookup
    from runner.scope import Scope
    from tests.checks.dns_server import Reply


class Outpost(Doors):
    """The doors of a machine whose lookups fail, and whose resolver listens on a port."""

    def __init__(self, folder: Path, port: int, lookup: Lookup) -> None:
        super().__init__({})
        self._lookup = lookup
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        self._dns = Dns(configuration=str(folder / "resolv.conf"), port=port)

    @cached_property
    def net(self) -> Net:
        return Net(lookup=self._lookup, finds=self._dns.finds)

    @cached_property
    def dns(self) -> Dns:
        return self._dns


def _nobody_answers(*_: object, flags: int = 0, **__: object) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME if flags else socket.EAI_AGAIN, "Temporary failure in name resolution")


def _stuck(*_: object, flags: int = 0, **__: object) -> NoReturn:
    if not flags:
        time.sleep(2)
    raise socket.gaierror(socket.EAI_NONAME, "too late")


def tcp(timeout: str) -> Check:
    return CHECKS.read({"type": "tcp", "host": "db.example", "port": 5432, "confirm": {"tries": 1}, "timeout": timeout})


FAILED = "the name db.example does not resolve: no name server answers (Temporary failure in name resolution)"
LATE = "the name db.example does not resolve in time: timed out after 500ms"
LOOKUPS: dict[str, tuple[Lookup, str]] = {"fails": (_nobody_answers, FAILED), "is late": (_stuck, LATE)}


@pytest.mark.parametrize(("lookup", "message"), LOOKUPS.values(), ids=LOOKUPS)
@pytest.mark.parametrize("reply", [failing("NXDOMAIN"), having(". 60 NS a.root-servers.net.")], ids=["no", "yes"])
def test_a_resolver_that_answers_others_leaves_the_name_to_blame(
    lookup: Lookup, message: str, reply: Reply, scope: Scope, tmp_path: Path
) -> None:
    check = tcp("500ms")
    with name_server({".": reply}) as server:
        result = examine(check, replace(scope, doors=Outpost(tmp_path, server.port, lookup)))
    assert (result.verdict, result.code, result.message) == (Verdict.CRITICAL, "not_resolved", message)


@pytest.mark.parametrize(("lookup", "message"), LOOKUPS.values(), ids=LOOKUPS)
@pytest.mark.parametrize("reply", [silent, failing("SERVFAIL")], ids=["silent", "fails"])
def test_where_no_resolver_finds_anything_the_runner_is_ill(
    lookup: Lookup, message: str, reply: Reply, scope: Scope, tmp_path: Path
) -> None:
    check = tcp("500ms")
    with name_server({".": reply}) as server:
        started = time.monotonic()
        result = examine(check, replace(scope, doors=Outpost(tmp_path, server.port, lookup)))
    assert time.monotonic() - started < 0.5 + 0.5
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "no_resolver")
    assert result.message == f"{message}; no resolver of this machine finds anything"


DNS = {"type": "dns", "name": "db.example", "confirm": {"tries": 1}, "timeout": "600ms"}
WHY = "its name servers do not answer, or its DNSSEC signatures are wrong"
QUESTIONS: dict[str, tuple[Reply, str, str]] = {
    "silent": (
        silent,
        "timed_out",
        "no resolver of this machine answered within 600ms when asked for the A record of db.example",
    ),
    "fails": (
        failing("SERVFAIL"),
        "server_failure",
        f"127.0.0.1:PORT fails on db.example (SERVFAIL): {WHY}",
    ),
}


@pytest.mark.parametrize(("reply", "code", "message"), QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("others", [True, False], ids=["finds others", "finds nothing"])
def test_a_question_to_the_resolvers_of_this_machine_tells_the_name_from_the_machine(
    reply: Reply, code: str, message: str, others: bool, scope: Scope, tmp_path: Path
) -> None:
    root = having(". 60 NS a.root-servers.net.") if others else reply
    with name_server({"db.example": reply, ".": root}) as server:
        started = time.monotonic()
        result = examine(CHECKS.read(DNS), replace(scope, doors=Outpost(tmp_path, server.port, _stuck)))
    assert time.monotonic() - started < 0.6 + 0.5
    if others:
        expected = (Verdict.CRITICAL, code, message.replace("PORT", str(server.port)))
    else:
        expected = (Verdict.UNKNOWN, "no_resolver", f"no resolver of this machine finds anything: {server.place}")
    assert (result.verdict, result.code, result.message) == expected


def test_a_question_to_a_server_of_the_definition_doubts_nobody(scope: Scope, tmp_path: Path) -> None:
    with name_server({"db.example": silent, ".": silent}) as server:
        check: Any = CHECKS.read({**DNS, "server": server.place})
        result = examine(check, replace(scope, doors=Outpost(tmp_path, server.port, _stuck)))
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert {asked for asked, _ in server.asked} == {"db.example A"}
