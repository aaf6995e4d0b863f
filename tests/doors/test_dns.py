"""Whether the machine's resolvers find anything: real name servers, asked all at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from runner.deadline import Deadline
from runner.doors.dns import Dns
from tests.checks.dns_server import failing, having, name_server, silent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.checks.dns_server import Reply

ROOT = having(". 60 NS a.root-servers.net.")


def machine(folder: Path, port: int, *resolvers: str) -> Dns:
    """A machine with these resolvers, all on one port."""
    file = folder / "resolv.conf"
    file.write_text("".join(f"nameserver {one}\n" for one in resolvers))
    return Dns(configuration=str(file), port=port)


@pytest.mark.parametrize(
    ("reply", "finds"),
    [(ROOT, True), (failing("NXDOMAIN"), True), (failing("REFUSED"), True), (failing("SERVFAIL"), False)],
    ids=["yes", "no such name", "refused", "failed"],
)
def test_a_resolver_that_answers_finds_something_unless_it_fails(reply: Reply, finds: bool, tmp_path: Path) -> None:
    with name_server({".": reply}) as server:
        assert machine(tmp_path, server.port, "127.0.0.1").finds(Deadline(20)) is finds
    assert server.asked == [(". NS", False)]


def test_one_resolver_of_several_that_answers_is_enough_and_is_not_waited_for_behind_the_others(
    tmp_path: Path,
) -> None:
    started = time.monotonic()
    with name_server({".": silent}, "127.0.0.2") as first, name_server({".": ROOT}, "127.0.0.1", first.port):
        assert machine(tmp_path, first.port, "127.0.0.2", "127.0.0.1").finds(Deadline(20)) is True
        assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("seconds", [20.0, 0.2])
def test_silence_is_taken_for_an_answer_after_a_second_and_within_the_deadline(seconds: float, tmp_path: Path) -> None:
    with name_server({".": silent}) as server:
        started = time.monotonic()
        assert machine(tmp_path, server.port, "127.0.0.1").finds(Deadline(seconds)) is False
        assert time.monotonic() - started < min(seconds, 1.0) + 0.5


def test_nobody_who_listens_finds_nothing_at_once(free_port: int, tmp_path: Path) -> None:
    started = time.monotonic()
    assert machine(tmp_path, free_port, "127.0.0.1").finds(Deadline(20)) is False
    assert time.monotonic() - started < 0.9
