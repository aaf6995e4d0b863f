"""The one HTTP engine: libcurl, with addresses, proxy and CA bundle handed to it."""

from __future__ import annotations

import base64
import time
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from runner.doors.curl import Transfer, options, trust, way
from runner.doors.faults import failure
from runner.doors.net import Net, admitted
from runner.doors.proxies import Proxies
from runner.doors.request import Request, Response, Sealable, Target, Timings, target_of
from runner.errors import Refused
from runner.records import record
from runner.secrets import CREDENTIAL_HEADERS, Secret, secrets_in

if TYPE_CHECKING:
    from runner.deadline import Deadline
    from runner.doors.effect import Effect

MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER: Final = 303
_FOUND: Final = frozenset({301, 302})


@record
class Http:
    """Requests out, answers in."""

    net: Net = field(default_factory=Net)
    proxies: Proxies = field(default_factory=Proxies)
    ca_bundle: str = ""
    """A file or a folder; the system's where empty."""

    def send(self, request: Request, deadline: Deadline, *, effect: Effect) -> Response:  # noqa: ARG002 - a shut door tells what it would have done
        """Send a request and read the answer, on connections of its own.

        Raises `TimedOut`, `Cancelled`, `Unreachable` (`not_resolved`, `connection_refused`, `connection_lost`,
        `unreachable`, `bad_answer`, `tls`, `client_certificate`, `proxy`, or a `Distrust`), `Refused`
        (`refused_address`, `redirect`, `too_large`; `refused`: this is no request), or `NodeError` where there are no
        authorities to verify with (`ca_bundle`), or where a proxy does not let the request through (`proxy`).
        """
        target = target_of(request.url)
        request = _with_credentials(request, target)
        spent = Timings()
        for _ in range(MAX_REDIRECTS + 1):
            response = self._exchange(request, target, deadline)
            spent = response.timings.after(spent)
            if not (request.follow_redirects and response.status in _REDIRECTS and "location" in response.headers):
                return replace(response, timings=spent)
            request = _redirected(request, response)
            target = target_of(request.url)
        msg = f"{target.called} redirects more than {MAX_REDIRECTS} times"
        raise Refused(msg, code="redirect")

    def _exchange(self, request: Request, target: Target, deadline: Deadline) -> Response:
        proxy = self._proxy(target, trusted=request.trusted)
        nearest = proxy or target
        started = time.monotonic()
        found = self.net.resolve(nearest.host, nearest.port, deadline, called=nearest.hidden)
        dns = time.monotonic() - started
        addresses = admitted(found, nearest.called, trusted=request.trusted or proxy is not None)
        transfer = Transfer(request, frozenset(address.ip for address in addresses), deadline)
        settings = options(request, target) | way(addresses, proxy) | trust(self.ca_bundle, target, nearest)
        spent = transfer.perform(settings, partial(failure, target, proxy))
        return Response(
            status=transfer.status,
            headers=transfer.headers,
            body=bytes(transfer.body),
            truncated=transfer.truncated,
            url=request.shown,
            timings=spent.after(Timings(dns=dns, total=dns)),
        )

    def _proxy(self, target: Target, *, trusted: bool) -> Target | None:
        chosen = self.proxies.choose(target.scheme, target.host, target.port)
        if not chosen:
            return None
        admitted(self.net.numeric(target.host, target.port), target.called, trusted=trusted)
        return target_of(chosen, "the proxy that the environment names")


def _with_credentials(request: Request, target: Target) -> Request:
    """Turn credentials in the URL into the header that they mean."""
    credentials = target.credentials
    if not credentials or "authorization" in map(str.lower, request.headers):
        return request
    token = base64.b64encode(credentials.encode()).decode()
    return replace(request, headers={**request.headers, "Authorization": Secret("Authorization", f"Basic {token}")})


def _redirected(request: Request, response: Response) -> Request:
    """Return the request that a redirect asks for; raise `Refused` for what must not be sent there."""
    here = target_of(request.url)
    secret = next(secrets_in(request.url), None)
    try:
        location = urljoin(here.url, response.headers["location"])
        url = Secret(secret.name, location) if secret else location
        moved = target_of(url).origin != here.origin
    except (ValueError, Refused):
        msg = f"{here.called} redirects to what is no http or https URL"
        raise Refused(msg, code="redirect") from None  # the cause would show what may be secret
    if response.status == _SEE_OTHER or (response.status in _FOUND and request.method == "POST"):
        method = "HEAD" if request.method == "HEAD" else "GET"
        request = replace(request, method=method, body=None)
    if moved and request.body is not None:
        msg = f"{here.called} redirects a {request.method} elsewhere; what it carries is not sent there"
        raise Refused(msg, code="redirect")
    kept = {name: value for name, value in request.headers.items() if not (moved and _meant_for_one(name, value))}
    return replace(request, url=url, headers=kept)


def _meant_for_one(name: str, value: Sealable) -> bool:
    """Say whether a header is for the first host alone: credentials, and its own name."""
    return name.lower() in CREDENTIAL_HEADERS | {"host"} or not isinstance(value, str)
