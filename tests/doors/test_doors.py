"""Doors open to the world, and shut for a dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.deadline import Deadline
from runner.doors import Doors, Effect, open_doors, shut_doors
from runner.doors.mail import Envelope, MailServer
from runner.doors.request import Request
from runner.errors import ForbiddenEffect
from runner.secrets import Secret
from runner.spec.databases import database_url
from tests.doors.conftest import answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.doors.conftest import Serve

GET = Request(url="https://me:word@shop.example/a")
POST = Request(url=Secret("HOOK", "https://hooks.example/s3cr3t"), method="POST", body=b"{}")
SHOP = database_url("postgresql://u:p@db.example/shop")
ATTEMPTS: dict[str, Callable[[Doors], object]] = {
    "resolve shop.example": lambda doors: doors.net.resolve("shop.example", 80, Deadline(1)),
    "resolve the host of «HOOK»": lambda doors: doors.net.resolve(
        "abc.example", 80, Deadline(1), called="the host of «HOOK»"
    ),
    "connect to [::1]:80": lambda doors: doors.net.connect("::1", 80, Deadline(1)),
    "read with GET https://shop.example/a": lambda doors: doors.http.send(GET, Deadline(1), effect=Effect.READ),
    "write with POST «HOOK»": lambda doors: doors.http.send(POST, Deadline(1), effect=Effect.WRITE),
    "hand mail to mail.example:587": lambda doors: doors.smtp.send(
        MailServer(host="mail.example", port=587), Envelope(sender="a@b", recipients=("c@d",), data=b""), Deadline(1)
    ),
    "connect to mail.example:993": lambda doors: doors.tls.look(
        "mail.example", 993, "mail.example", Deadline(1), trusted=True
    ),
    "connect to postgresql at db.example:5432/shop": lambda doors: doors.sql.connect(SHOP, Deadline(1)),
    "ask postgresql at db.example:5432/shop": lambda doors: doors.sql.ask(SHOP, "select 1", Deadline(1)),
    "ask ns1.example:5353": lambda doors: doors.dns.ask(b"", Deadline(1), server=("ns1.example", 5353)),
    "ask the name servers": lambda doors: doors.dns.ask(b"", Deadline(1)),
    "ask whether a name server finds anything": lambda doors: doors.dns.finds(Deadline(1)),
    "start rm": lambda doors: doors.processes.run(["rm", "-rf", "x"], Deadline(1), env={}),
    "write a.json": lambda doors: doors.files.write("a.json", b""),
    "write b.json": lambda doors: doors.files.create("b.json", b""),
    "append to a.md": lambda doors: doors.files.append("a.md", b""),
    "write a.ndjson": lambda doors: doors.files.journal("a.ndjson"),
}


@pytest.mark.parametrize(("what", "attempt"), ATTEMPTS.items(), ids=ATTEMPTS)
def test_a_shut_door_says_what_it_was_asked_for(
    what: str, attempt: Callable[[Doors], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ForbiddenEffect) as caught:
        attempt(shut_doors())
    assert caught.value.message == f"a dry run must not {what}"
    assert list(tmp_path.iterdir()) == []


def test_every_method_of_an_open_door_is_shut_but_reading_files_and_numbers() -> None:
    harmless = {"read", "numeric"}
    for name in ("net", "http", "tls", "dns", "smtp", "sql", "processes", "files"):
        opened, shut = (type(getattr(doors, name)) for doors in (open_doors({}), shut_doors()))
        public = {key for key, value in vars(opened).items() if callable(value) and not key.startswith("_")}
        assert public - harmless == public & vars(shut).keys(), name


def test_a_shut_door_lets_files_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert shut_doors().files.read(tmp_path / "a", 10) == b"content"


def test_open_doors_lead_out(serve: Serve, tmp_path: Path) -> None:
    doors = open_doors({})
    port = serve(answer(b"HTTP/1.1 204 No Content\r\n\r\n"))
    found = doors.http.send(Request(url=f"http://127.0.0.1:{port}/"), Deadline(10), effect=Effect.READ)
    doors.files.write(tmp_path / "a", b"content")
    assert found.status == 204
    assert doors.processes.run(["cat", str(tmp_path / "a")], Deadline(10), env={}).stdout.text == "content"
