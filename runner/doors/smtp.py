"""Mail: one conversation with a server under a deadline, in which a password goes over TLS alone."""

from __future__ import annotations

import base64
import ipaddress
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.doors.curl import system_trust
from runner.doors.distrust import no_handshake, unconvincing, wants_certificate
from runner.doors.mail import Privacy, Reply
from runner.doors.net import Net, broken, shut
from runner.errors import NodeError, Refused, TimedOut, Unreachable
from runner.records import record
from runner.results import NOTHING
from runner.secrets import reveal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.deadline import Deadline
    from runner.doors.mail import Envelope, Login, MailServer

_LOGGED_IN: Final = 235
_GO_ON: Final = 334
_SEND: Final = 354
_LEAVING: Final = 421
_LOGIN_WANTED: Final = 530
_FAREWELL: Final = 1.0
"""Seconds that a server has to say goodbye; the message is its own by then."""
_ANSWER_SHOWN: Final = 200
_LEADING_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_IN_BRACKETS: Final = re.compile(r"\] (.+) \(_ssl")
_FULL_NAME: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@record
class Smtp:
    """Hands mail in."""

    net: Net = field(default_factory=Net)
    ca_bundle: str = ""
    """A file or a folder; the system's where empty."""

    def send(self, server: MailServer, envelope: Envelope, deadline: Deadline) -> Mapping[str, Reply]:
        """Hand a message in, once; return the recipients that the server refused. Where it took none, nothing is sent.

        Raises `Cancelled`, `Refused` (`refused_address`, or a password that would go in the clear), and `NodeError`
        with the codes of `Net.connect`, `tls` or a `Distrust`, `login_refused` and `refused_by_server`. A connection
        that broke, or time that ran out, is `unreachable` as long as the server cannot have taken the message, and
        `connection_lost` where nobody knows.
        """
        try:
            sock = self.net.connect(server.host, server.port, deadline, trusted=server.trusted)
        except TimedOut as error:
            raise Unreachable(f"{error.message} ({server.called})") from error
        conversation = _Conversation(sock, server, deadline)
        try:
            with deadline.guard(conversation.stop):
                conversation.open(self._context)
                return conversation.hand_in(envelope)
        except OSError as error:
            raise conversation.failure(error) from error
        finally:
            conversation.close()

    def _context(self) -> ssl.SSLContext:
        file, folder = (self.ca_bundle, "") if self.ca_bundle else system_trust()
        if file and Path(file).is_dir():
            file, folder = "", file
        return ssl.create_default_context(cafile=file or None, capath=folder or None)


class _Conversation:
    """smtplib on a socket of the runner's own, which another thread may shut."""

    def __init__(self, sock: socket.socket, server: MailServer, deadline: Deadline) -> None:
        sock.settimeout(max(deadline.left, 0.01))  # beside the guard: no read outlasts the deadline by itself
        self._client = smtplib.SMTP(local_hostname=_own_name(sock))
        self._client.sock = self._sock = sock
        self._server = server
        self._deadline = deadline
        self._shaking_hands = False
        self._in_doubt = False

    def stop(self) -> None:
        """Wake whoever blocks on it; from any thread."""
        shut(self._sock)

    def close(self) -> None:
        """Leave without a word."""
        with suppress(OSError):
            self._client.close()

    def open(self, context: Callable[[], ssl.SSLContext]) -> None:
        """Come to where mail can be handed in."""
        if self._server.privacy is Privacy.TLS:
            self._encrypt(context())
        self._agreed(self._heard(self._client.getreply()), "to the connection")
        self._client.ehlo_or_helo_if_needed()
        if self._server.privacy is Privacy.STARTTLS:
            self._start_tls(context())
        if self._server.login is not None:
            self._log_in(self._server.login)

    def hand_in(self, envelope: Envelope) -> Mapping[str, Reply]:
        """Hand a message in to those that are taken; return the refusals."""
        self._greet(envelope)
        refused = self._address(envelope)
        if len(refused) < len(set(envelope.recipients)):
            self._transmit(envelope.data)
        self._say_goodbye()
        return refused

    def failure(self, error: OSError) -> NodeError:
        """Say why it ended before its time; raise `Cancelled` where the run was told to stop."""
        where = self._server.called
        if isinstance(error, smtplib.SMTPResponseException):
            reply = self._heard((error.smtp_code, error.smtp_error))
            return _refusal(f"{where} answered {reply}", reply)
        if self._deadline.cancelled:
            self._deadline.check()
        late = self._deadline.expired or isinstance(error, TimeoutError)
        number = None if isinstance(error, smtplib.SMTPException | ssl.SSLError) else error.errno
        reason = f"{self._deadline.said} ({where})" if late else broken(number, where).message
        if self._in_doubt:
            msg = f"{where} has the whole message and did not say that it takes it, so it may arrive: {reason}"
            return NodeError(msg, code="connection_lost")
        if isinstance(error, ssl.SSLError) and not late and not _broken_off(error):
            return self._insecure(error, where)
        return Unreachable(reason)

    def _insecure(self, error: ssl.SSLError, where: str) -> NodeError:
        """Say why there is no TLS."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return unconvincing(error.verify_code, error.verify_message, where, self._server.host)
        said = _reason(error)
        if self._shaking_hands or wants_certificate(said):
            return no_handshake(
                said, where, "give the port that does, often 465, or use_tls in place of use_ssl for STARTTLS"
            )
        return Unreachable(f"connection to {where} lost: what came cannot be decrypted (“{said}”)")

    def _start_tls(self, context: ssl.SSLContext) -> None:
        if not self._client.has_extn("starttls"):
            where = self._server.called
            msg = (
                f"{where} offers no STARTTLS: give use_ssl: true and its port for TLS, or use_tls: false to do without"
            )
            raise NodeError(msg, code="tls")
        self._agreed(self._command("STARTTLS"), "to STARTTLS")
        self._encrypt(context)
        self._client.ehlo_resp = self._client.helo_resp = None  # what was said in the clear counts no more
        self._client.esmtp_features = {}
        self._client.ehlo_or_helo_if_needed()

    def _encrypt(self, context: ssl.SSLContext) -> None:
        """Go on in TLS; the handshake comes after the socket is in its place, so that it can be stopped."""
        self._shaking_hands = True
        host = self._server.host
        self._sock = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._client.sock, self._client.file = self._sock, None
        self._sock.do_handshake()
        self._shaking_hands = False

    def _log_in(self, login: Login) -> None:
        where = self._server.called
        if self._server.privacy is Privacy.NONE and not self._at_home:
            msg = f"the password is not sent to {where} without TLS: give use_tls: true, or use_ssl: true and its port"
            raise Refused(msg)
        offered = self._client.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            reply = self._log_in_plainly(login)
        elif "LOGIN" in offered:
            reply = self._log_in_step_by_step(login)
        else:
            ways = f"the ways {', '.join(offered)}, and the runner knows PLAIN and LOGIN" if offered else "no login"
            raise NodeError(f"{where} offers {ways}", code="login_refused")
        if reply.code != _LOGGED_IN:
            msg = f"{where} does not accept the user name and the password: check {login.called} ({reply})"
            raise NodeError(msg, code="login_refused", retryable=reply.transient)

    def _log_in_plainly(self, login: Login) -> Reply:
        token = _base64("\0".join(("", login.username, reveal(login.password))))
        return self._command("AUTH", f"PLAIN {token}")

    def _log_in_step_by_step(self, login: Login) -> Reply:
        reply = self._command("AUTH", "LOGIN")
        for text in (login.username, reveal(login.password)):
            reply = self._command(_base64(text)) if reply.code == _GO_ON else reply
        return reply

    @property
    def _at_home(self) -> bool:
        """The server runs on this machine."""
        host, *_ = self._sock.getpeername()
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback

    def _greet(self, envelope: Envelope) -> None:
        """Say who the message is from."""
        if envelope.international and not self._client.has_extn("smtputf8"):
            msg = f"{self._server.called} takes no address with letters beyond a to z before its @"
            raise NodeError(msg, code="refused_by_server")
        options = ("SMTPUTF8", "BODY=8BITMIME") if envelope.international else ()
        reply = self._heard(self._client.mail(envelope.sender, options))
        if reply.positive:
            return
        hint = ": give username and password, or SMTP_URL with both" if reply.code == _LOGIN_WANTED else ""
        raise _refusal(f"{self._server.called} refused the sender {envelope.sender}: {reply}{hint}", reply)

    def _address(self, envelope: Envelope) -> Mapping[str, Reply]:
        """Name the recipients; return those that are refused."""
        refused: dict[str, Reply] = {}
        for recipient in envelope.recipients:
            reply = self._heard(self._client.rcpt(recipient))
            if reply.code == _LEAVING:
                raise _refusal(f"{self._server.called} answered {reply}", reply)
            if not reply.positive:
                refused[recipient] = reply
        return refused or NOTHING

    def _transmit(self, data: bytes) -> None:
        self._agreed(self._command("DATA"), "to the message", code=_SEND)
        self._client.send(_LEADING_DOT.sub(b"..", data))
        self._in_doubt = True  # from the final dot on the message is the server's, until it says otherwise
        self._client.send(b".\r\n")
        reply = self._heard(self._client.getreply())
        self._in_doubt = False
        self._agreed(reply, "to the message")

    def _say_goodbye(self) -> None:
        self._sock.settimeout(min(_FAREWELL, max(self._deadline.left, 0.01)))
        with suppress(OSError):
            self._client.docmd("QUIT")

    def _command(self, word: str, arguments: str = "") -> Reply:
        return self._heard(self._client.docmd(word, arguments))

    def _heard(self, answer: tuple[int, bytes | str]) -> Reply:
        code, said = answer
        text = said if isinstance(said, str) else said.decode("utf-8", "replace")
        line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
        return Reply(code, line if len(line) <= _ANSWER_SHOWN else line[: _ANSWER_SHOWN - 1] + "…")

    def _agreed(self, reply: Reply, to: str, code: int = 0) -> None:
        if not (reply.code == code if code else reply.positive):
            raise _refusal(f"{self._server.called} answered {reply} {to}", reply)


def _refusal(message: str, reply: Reply) -> NodeError:
    return NodeError(message, code="refused_by_server", retryable=reply.transient)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _own_name(sock: socket.socket) -> str:
    """Return what this machine calls itself: its full name, else its address; nobody is asked for it."""
    name = socket.gethostname()
    if _FULL_NAME.fullmatch(name):
        return name
    ip = sock.getsockname()[0].partition("%")[0]
    return f"[IPv6:{ip}]" if ":" in ip else f"[{ip}]"


def _reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason as OpenSSL writes it; Python knows some by a name of its own."""
    told = _IN_BRACKETS.search(str(error))
    return error.reason.replace("_", " ").lower() if error.reason else told[1] if told else str(error)


def _broken_off(error: ssl.SSLError) -> bool:
    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
