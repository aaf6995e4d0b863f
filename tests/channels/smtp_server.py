"""Mail servers on loopback: a real one that can be told to refuse, and one that misbehaves as a script says."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, AuthResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import EmailMessage

    import trustme
    from aiosmtpd.smtp import Envelope, Session

PASSWORD = "open-sesame-9"  # noqa: S105 - the server's own


@dataclass(frozen=True)
class Arrived:
    """One mail, byte for byte."""

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    """Of the command MAIL."""
    raw: bytes
    over_tls: bool
    user: str
    greeting: str
    """What the client called itself."""

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)

    def part(self, kind: str) -> str:
        (found,) = [one for one in self.mail.walk() if one.get_content_type() == f"text/{kind}"]
        return str(found.get_content()).replace("\r\n", "\n")


@dataclass
class Post:
    """A mail server, and what it does."""

    port: int = 0
    implicit: bool = False
    """It speaks TLS from the first byte, and nothing else."""
    mails: list[Arrived] = field(default_factory=list)
    sessions: int = 0
    asked: list[str] = field(default_factory=list)
    """The recipients that were named to it, in order, with repetitions."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Replies in place of its own to each time that a recipient, `MAIL` or `DATA` is named; then its own again."""

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, to: str, *replies: str) -> None:
        self.answers.setdefault(to, []).extend(replies)

    def _reply(self, to: str) -> str:
        waiting = self.answers.get(to) or [""]
        return waiting.pop(0)

    async def handle_MAIL(  # noqa: N802 - the interface
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self._reply("MAIL"):
            return said
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the interface
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.asked.append(address)
        if said := self._reply(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the interface
        if said := self._reply("DATA"):
            return said
        self.mails.append(
            Arrived(
                sender=str(envelope.mail_from),
                recipients=tuple(map(str, envelope.rcpt_tos)),
                options=tuple(envelope.mail_options),
                raw=cast("bytes", envelope.original_content),
                over_tls=self.implicit or bool(session.ssl),
                user=cast("str | None", session.auth_data) or "",
                greeting=str(session.host_name),
            )
        )
        return "250 2.0.0 Ok: queued as 4F2A"


def _authenticated(_server: SMTP, _session: Session, _envelope: Envelope, _way: str, data: Any) -> AuthResult:  # noqa: ANN401 - the interface
    if data.password.decode() == PASSWORD:
        return AuthResult(success=True, auth_data=data.login.decode())
    return AuthResult(success=False, handled=False)


@contextmanager
def mail_server(
    certificate: trustme.LeafCert | None = None,
    *,
    implicit: bool = False,
    login: bool = False,
    **options: Any,  # noqa: ANN401 - of the server
) -> Iterator[Post]:
    """Run one: with a certificate it has STARTTLS, or TLS from the first byte."""
    post = Post(implicit=implicit)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    given = {"hostname": "mail.test", "tls_context": None if implicit else context, **options}
    if login:
        given |= {"authenticator": _authenticated, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.new_event_loop()

    def made() -> SMTP:
        post.sessions += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of logins without TLS, which are wanted here
            return SMTP(post, loop=loop, **given)

    listener = socket.create_server(("127.0.0.1", 0))
    post.port = listener.getsockname()[1]
    server = loop.run_until_complete(loop.create_server(made, sock=listener, ssl=context if implicit else None))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield post
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_ended(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _ended() -> None:
    """Call off what is still being talked about."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)


HANG_UP = ""
"""In a script: the server leaves without a word."""
SILENCE = "…"
"""In a script: the server says nothing any more."""


def scripted(heard: list[bytes], **replies: str) -> Callable[[socket.socket], None]:
    """Speak SMTP by a script: what is answered to the first words of a command, by that word.

    `greeting` is said first, `MESSAGE` to the final dot. What is not in the script is agreed to.
    """
    script: Mapping[str, str] = {"greeting": "220 mail.test", "DATA": "354 go on", **replies}

    def talk(connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            say = script["greeting"]
            while _said(connection, say):
                line = lines.readline()
                if not line:
                    return
                heard.append(line)
                say = script.get(line.split()[0].decode().upper(), "250 OK")
                if line.upper().startswith(b"DATA") and say.startswith("354") and _said(connection, say):
                    heard.append(b"".join(iter(lines.readline, b".\r\n")))
                    say = script.get("MESSAGE", "250 OK")

    return talk


def _said(connection: socket.socket, reply: str) -> bool:
    if reply == HANG_UP:
        return False
    if reply == SILENCE:
        while connection.recv(65536):
            pass
        return False
    connection.sendall(f"{reply}\r\n".encode())
    return True
