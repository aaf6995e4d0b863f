"""Rules about certificates."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import REMOTE, THRESHOLD, Rule, phrases

_CERTIFICATE: Final = phrases("tls", "ssl", "certificate", "certificates", "cert", "certs", "x 509")
_SHOWS: Final = (
    "`openssl s_client -connect {server} -servername {wanted} </dev/null | openssl x509 -noout -dates -subject"
    " -issuer -ext subjectAltName` shows the certificate that is served"
)
_DATABASE_SHOWS: Final = (
    "`openssl s_client -starttls {starttls} -connect {database} </dev/null | openssl x509 -noout -dates -subject"
    " -issuer -ext subjectAltName` shows the certificate that is served"
)

CERTIFICATES: Final = (
    Rule(
        type="certificate_expired",
        checks=REMOTE,
        codes=frozenset({"expired"}),
        phrases=_CERTIFICATE,
        also=frozenset({"expired"}),
        title="Renew the certificate of {name} now",
        description="Browsers and programs refuse a certificate that is no longer valid.",
        cause="The certificate of {host} has expired: its renewal did not run, or the server was not reloaded.",
        actions=(
            _SHOWS,
            _DATABASE_SHOWS,
            "Renew it (with certbot: `certbot renew`), then reload the server: it keeps the old one until then",
            "Find out why the renewal did not run by itself: its timer, its log, the challenge that it has to answer",
        ),
    ),
    Rule(
        type="certificate_expiring",
        checks=frozenset({"tls"}),
        codes=frozenset({THRESHOLD}),
        phrases=_CERTIFICATE,
        also=frozenset({"expiring", "expiry", "expires", "expire", "expiration", "renewal"}),
        title="Renew the certificate of {name} in time",
        description="All is well until the day that it ends; from then on browsers and programs refuse it.",
        cause="The certificate of {host} was not renewed when it was due.",
        actions=(
            _SHOWS,
            _DATABASE_SHOWS,
            "Renew it (with certbot, `certbot renew --dry-run` says what is in the way), and reload the server",
            "Where the renewal has run already, the server was not reloaded, or another one answers here",
        ),
    ),
    Rule(
        type="certificate_not_yet_valid",
        checks=REMOTE,
        codes=frozenset({"not_yet_valid"}),
        title="Correct the clock, or the certificate of {name}",
        description="The certificate begins to be valid only later.",
        cause="The certificate of {host} was made for later, or the clock here is behind.",
        actions=(
            "`date -u` here shows the time that it was judged by",
            _SHOWS,
            _DATABASE_SHOWS,
            "Where the clock is right, serve the certificate that is valid today",
        ),
    ),
    Rule(
        type="certificate_name",
        checks=REMOTE,
        codes=frozenset({"wrong_name"}),
        title="Serve a certificate that names {name}",
        description="The certificate is made out to other names, so clients cannot tell who answers.",
        cause="{host} serves another site's certificate: the name is missing in it, or the server's default answers.",
        actions=(
            _SHOWS,
            _DATABASE_SHOWS,
            "Add the name to the certificate, or correct which certificate the server picks for this name",
            "Where the name has just moved, check with `dig +short {wanted}` that it leads to the right server",
        ),
    ),
    Rule(
        type="certificate_self_signed",
        checks=REMOTE,
        codes=frozenset({"self_signed"}),
        title="Serve a certificate that others trust at {name}",
        description="The certificate vouches for itself, which anybody's could.",
        cause="{host} serves the certificate that came with the software, or one of an authority of your own.",
        actions=(
            _SHOWS,
            _DATABASE_SHOWS,
            "Get one from an authority that clients trust, and reload the server",
            "Where an authority of your own has signed it, name that one's file in `REQUESTS_CA_BUNDLE`",
        ),
    ),
    Rule(
        type="certificate_chain",
        checks=REMOTE,
        codes=frozenset({"incomplete_chain"}),
        title="Serve the whole chain at {name}",
        description="Browsers often fill the gap by themselves; programs and older phones refuse the connection.",
        cause="{host} serves its own certificate without the one in between that leads to a known authority.",
        actions=(
            "`openssl s_client -connect {server} -servername {wanted} -showcerts </dev/null` shows what is served",
            _DATABASE_SHOWS,
            "Serve the full chain (certbot calls it fullchain.pem), and reload the server",
            "Where an authority of your own has signed it, name that one's file in `REQUESTS_CA_BUNDLE`",
        ),
    ),
    Rule(
        type="certificate_authority",
        checks=REMOTE,
        codes=frozenset({"unknown_root"}),
        title="Serve a certificate that others trust at {name}",
        description="The chain is complete, and ends at an authority that is not trusted here.",
        cause="{host} has its certificate from an authority of your own, or from one that is no longer trusted.",
        actions=(
            "`openssl s_client -connect {server} -servername {wanted} -showcerts </dev/null` shows what is served",
            _DATABASE_SHOWS,
            "Get one from an authority that clients trust, and reload the server",
            "Where the authority is your own, name its file in `REQUESTS_CA_BUNDLE`",
        ),
    ),
    Rule(
        type="client_certificate",
        checks=REMOTE,
        codes=frozenset({"client_certificate"}),
        title="Give the check a way to {place} without a client certificate",
        description="The server answers, and lets in only clients that show a certificate of their own.",
        cause="{host} asks its clients for a certificate, and this runner has none: so it is meant, or it was set so.",
        actions=(
            "Point the check at an address that takes clients without one, such as a health page of its own",
            "Where nobody should need one, look at what was changed last in the TLS settings of {host}",
        ),
    ),
    Rule(
        type="certificate",
        checks=REMOTE,
        codes=frozenset({"tls"}),
        phrases=_CERTIFICATE,
        title="Mend the encryption of {name}",
        description="Server and client do not agree on a safe connection, so there is none.",
        cause="{host} has a certificate that is not accepted, speaks too old a version of TLS, or speaks no TLS here.",
        actions=(
            "`openssl s_client -connect {server} -servername {wanted} </dev/null` shows how far it comes",
            "`openssl s_client -starttls {starttls} -connect {database} </dev/null` shows how far it comes",
            "Renew or correct the certificate, or bring the server's TLS settings up to date, and reload it",
        ),
    ),
)
