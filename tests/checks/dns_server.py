"""A name server of the test's own, over UDP and TCP on one port: each name is a way to answer."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from runner.doors.net import shut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Reply: TypeAlias = "Callable[[dns.message.Message, bool], list[bytes]]"
"""What is sent back for a question, which came over TCP or not; a list of whole messages, none for silence."""


def having(*records: str) -> Reply:
    """Answer with records, each `name ttl kind value`."""

    def reply(asked: dns.message.Message, _over_tcp: bool) -> list[bytes]:
        return [response(asked, *records).to_wire()]

    return reply


def response(asked: dns.message.Message, *records: str) -> dns.message.Message:
    answer = dns.message.make_response(asked)
    for name, ttl, kind, value in (record.split(" ", 3) for record in records):
        answer.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, value))
    return answer


def failing(code: str, *records: str) -> Reply:
    """Answer with a code, and with the aliases that lead to what fails."""

    def reply(asked: dns.message.Message, _over_tcp: bool) -> list[bytes]:
        answer = response(asked, *records)
        answer.set_rcode(dns.rcode.from_text(code))
        return [answer.to_wire()]

    return reply


def silent(_asked: dns.message.Message, _over_tcp: bool) -> list[bytes]:
    """Answer nothing."""
    return []


def too_long_for_udp(*records: str) -> Reply:
    """Answer over TCP; over UDP say that it does not fit."""

    def reply(asked: dns.message.Message, over_tcp: bool) -> list[bytes]:
        if over_tcp:
            return [response(asked, *records).to_wire()]
        answer = response(asked)
        answer.flags |= dns.flags.TC
        return [answer.to_wire()]

    return reply


def cut(asked: dns.message.Message, _over_tcp: bool) -> list[bytes]:
    """Say that the answer does not fit, over TCP, too."""
    answer = response(asked)
    answer.flags |= dns.flags.TC
    return [answer.to_wire()]


def raw(*messages: Callable[[bytes], bytes]) -> Reply:
    """Answer with bytes that are made of the question's."""

    def reply(asked: dns.message.Message, _over_tcp: bool) -> list[bytes]:
        return [message(asked.to_wire()) for message in messages]

    return reply


@dataclass
class NameServer:
    """What it answers to, and what it was asked."""

    host: str
    port: int
    replies: dict[str, Reply]
    asked: list[tuple[str, bool]] = field(default_factory=list)
    """`shop.example A`, and whether it came over TCP."""

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def answer(self, data: bytes, *, over_tcp: bool) -> list[bytes]:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        kind = question.question[0].to_text().split()[-1]
        self.asked.append((f"{name} {kind}", over_tcp))
        return self.replies.get(name, failing("NXDOMAIN"))(question, over_tcp)


@contextmanager
def name_server(replies: dict[str, Reply], host: str = "127.0.0.1", port: int = 0) -> Iterator[NameServer]:
    """Serve until the block ends."""
    tcp, udp = _pair(host, port)
    server = NameServer(host, tcp.getsockname()[1], replies)
    ways = ((_over_udp, udp), (_over_tcp, tcp))
    threads = [threading.Thread(target=way, args=(server, sock), daemon=True) for way, sock in ways]
    for thread in threads:
        thread.start()
    yield server
    shut(tcp)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
        waker.sendto(b"", udp.getsockname())
    for thread in threads:
        thread.join(10)
    for sock in (tcp, udp):
        sock.close()


def _pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a listener and a socket for datagrams on one port."""
    for _ in range(20):
        tcp = socket.create_server((host, port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        return tcp, udp
    raise OSError("no port is free for both")


def _over_udp(server: NameServer, sock: socket.socket) -> None:
    with suppress(OSError):
        while True:
            data, client = sock.recvfrom(65535)
            if not data:
                return
            for message in server.answer(data, over_tcp=False):
                sock.sendto(message, client)


def _over_tcp(server: NameServer, sock: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = sock.accept()
            with connection:
                length = int.from_bytes(connection.recv(2, socket.MSG_WAITALL))
                for message in server.answer(connection.recv(length, socket.MSG_WAITALL), over_tcp=True):
                    connection.sendall(len(message).to_bytes(2) + message)
