"""Which proxy leads to a host, as the environment says."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from runner.doors.net import place
from runner.records import record
from runner.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping


@record(kw_only=False)
class Proxies:
    """Which proxy leads to a host."""

    by_scheme: Mapping[str, str] = NOTHING
    """`http`, `https` or `all` → URL of the proxy."""
    exempt: tuple[str, ...] = ()
    """Hosts, domains, networks and `*`, as `no_proxy` lists them."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Proxies:
        """Read `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, small letters first."""

        def value(name: str) -> str:
            return (environ.get(name) or environ.get(name.upper()) or "").strip()

        by_scheme = {scheme: value(f"{scheme}_proxy") for scheme in ("http", "https", "all")}
        listed = tuple(entry.strip().lower() for entry in value("no_proxy").split(",") if entry.strip())
        return cls({scheme: url for scheme, url in by_scheme.items() if url}, listed)

    def choose(self, scheme: str, host: str, port: int) -> str:
        """Return the URL of the proxy to go through, empty for none."""
        found = self.by_scheme.get(scheme) or self.by_scheme.get("all", "")
        if not found or any(_covers(entry, host, port) for entry in self.exempt):
            return ""
        return found if "://" in found else f"http://{found}"


def _covers(entry: str, host: str, port: int) -> bool:
    """Say whether an entry of `no_proxy` speaks of a host: it, a domain above it, or a network that it is in."""
    if entry == "*" or entry in {host, f"[{host}]", place(host, port)}:
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = "." + entry.removeprefix("*").removeprefix(".")
        return host.endswith(domain) or place(host, port).endswith(domain)
