"""Certificates of a private authority, sound and otherwise, and servers that show them."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    import trustme

NOW = datetime.now(UTC)
"""When the tests began; what they expect holds for hours after it."""
LONG = timedelta(days=90, hours=12)


def leaf(
    authority: trustme.CA, *hosts: str, begins: timedelta = -LONG, ends: timedelta = LONG, called: str = "the shop"
) -> trustme.LeafCert:
    """Issue a certificate that is valid from and until then, counted from now."""
    return authority.issue_cert(*hosts, common_name=called, not_before=NOW + begins, not_after=NOW + ends)


def chain(certificate: trustme.LeafCert) -> bytes:
    """Return everything that a server should have: the key and the whole chain."""
    return b"".join((certificate.private_key_pem.bytes(), *(pem.bytes() for pem in certificate.cert_chain_pems)))


def alone(certificate: trustme.LeafCert, *others: bytes) -> bytes:
    """Return the key and the certificate without those between, but with others."""
    return b"".join((certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes(), *others))


@dataclass(frozen=True)
class Issued:
    """A certificate of one's own making, for what the authority of the tests cannot do."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def with_key(self) -> bytes:
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + self.pem


def issued(called: str, *hosts: str, by: Issued | None = None, ends: timedelta = LONG, vouches: bool = False) -> Issued:
    """Make a certificate that is signed by another one, else by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - LONG)
        .not_valid_after(NOW + ends)
        .add_extension(x509.BasicConstraints(ca=vouches, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, hosts))), critical=False)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def showing(
    pems: bytes, *, limit: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, names: list[str | None] | None = None
) -> Callable[[socket.socket], None]:
    """Shake hands with each client and show certificates; `names` collects what clients ask for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = limit
    with TemporaryDirectory() as folder:
        file = Path(folder, "server.pem")
        file.write_bytes(pems)
        context.load_cert_chain(file)
    if names is not None:
        context.sni_callback = lambda _socket, name, _context: names.append(name)

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as client:
            client.recv(1)

    return talk
