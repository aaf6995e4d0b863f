"""Where something is not well: what texts of rules may name, from a check's subject or an alert's labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runner.providers.filling import Words, quotable
from runner.providers.rule import DATABASES, REMOTE
from runner.results import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.facts import Alert, CheckResult

_HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<plain>[^:\s]+)):(?P<port>\d{1,5})")
_HOST: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|[0-9A-Fa-f.]*:[0-9A-Fa-f:.%]*")
"""A name, or an address of either kind."""
_UNIT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_UNITS: Final = (".service", ".timer", ".socket", ".mount")
"""Ends of names that are a unit's of systemd; other names may be anybody's."""
_DNS_PORT: Final = "53"
_PORTS: Final = {"http": "80", "https": "443"}
_MACHINES: Final = ("instance", "host", "hostname", "node", "nodename", "target")
"""Labels that name a machine or an address, the most exact first."""
_PATHS: Final = ("mountpoint", "path", "volume")
_IN_KUBERNETES: Final = frozenset(
    {"kube", "kubernetes", "pod", "pods", "container", "containers", "oomkilled", "crashlooping", "imagepull"}
)
"""Words of alerts that are about a pod: others have the label of the pod that has measured."""
_LABELS: Final = {
    "namespace": "namespace",
    "persistentvolumeclaim": "claim",
    "job_name": "job_name",
    "node": "node",
}
"""Labels, and the word that rules have for them."""
_PRODUCTS: Final = {"postgresql": "PostgreSQL", "mysql": "MySQL"}
"""Names that only what is about the one has; an alert may be about either."""

Names = dict[str, str]


def host_of(check: CheckResult) -> str:
    """Return the machine or host that a check looks at."""
    if check.type == "dns":
        return check.subject.partition(" ")[0]
    where = _server(check) if check.type in DATABASES else check.subject.partition(" as ")[0]
    return _address(where) or (where if "://" in where else where.partition(":")[0])


def check_names(check: CheckResult) -> Mapping[str, str]:
    """Name what a check looks at, as far as it is known."""
    host = host_of(check)
    common = {"host": host, "machine": host, "name": host, "record": "A", "at": ""}
    common["check"] = f"{check.name} of node {check.node}"
    if check.type == "dns":
        return {**common, **_lookup(check.subject)}
    if check.type in DATABASES:
        return {**common, "place": check.subject, "wanted": host, **_database(check)}
    if check.type in REMOTE:
        where, _, wanted = check.subject.partition(" as ")
        names = {**common, "place": check.subject, "wanted": wanted or host, **_reached(where)}
        return {**names, "name": names["wanted"]}
    detail = check.subject.partition(":")[2]
    if check.type == "disk":
        detail = str(check.metrics.get("path", "")) or detail
        return {**common, "place": _on_host(detail, host), "on": _blank(detail)}
    if check.type == "process":
        detail = _missing(check) or detail
        return {**common, "place": _on_host(detail, host), **_program(detail)}
    return {**common, "place": _on_host(detail, host)}


def alert_names(alert: Alert, said: Sequence[str], behind: str) -> Mapping[str, str]:
    """Name what an alert is about, as far as its labels say; `said` are the words of its name."""
    labels = alert.labels
    known = {name: labels[label] for label, name in _LABELS.items() if labels.get(label)}
    known |= {"record": "A", "at": "", **_PRODUCTS}
    known |= _program(labels.get("process", "") or labels.get("name", ""))
    namespace, pod = known.get("namespace"), labels.get("pod")
    if namespace and pod and not _IN_KUBERNETES.isdisjoint(said):
        place = f"{namespace}/{pod}"
        return {**known, "place": place, "host": place, "machine": f"the machine of {place}", "on": "", "pod": pod}
    where = next((labels[key] for key in _MACHINES if labels.get(key)), "")
    path = next((labels[key] for key in _PATHS if labels.get(key)), "")
    subject = alert.subject or where
    reached = _reached(where)
    behind_it = "service" if behind == "service" else "machine"
    host = reached.get("address") or subject or f"the {behind_it} behind “{alert.name}”"
    machine = host if where else f"the machine of {subject}" if subject else f"the machine behind “{alert.name}”"
    place = subject or host if behind == "service" else host
    return {
        **known,
        **reached,
        "name": host,
        "wanted": host,
        "place": _on_host(path or _part(labels, behind), place),
        "host": host,
        "machine": machine,
        "on": _blank(path),
    }


def _part(labels: Mapping[str, str], behind: str) -> str:
    """Name the program of a host that an alert is about; empty where it is none."""
    name = labels.get("name", "")
    program = labels.get("process") or (name if name.endswith(_UNITS) else "")
    return program or ("the program" if behind == "program" else "")


def _lookup(subject: str) -> Names:
    """Read what a lookup is about: `shop.example A at 192.0.2.53`."""
    asked, _, server = subject.partition(" at ")
    name, _, record = asked.partition(" ")
    return {"place": name, "record": record or "A", "at": _at(server), **_reached(name)}


def _at(server: str) -> str:
    """Return a name server as `dig` takes it, with a blank before it: ` @ns1.shop.example -p 5353`."""
    host, port = _address(server) or _address(server.strip("[]")), _port(server)
    if not host or port in {"", _DNS_PORT}:
        return f" @{host}" if host else ""
    return Words(f" @{host} -p {port}")


def _server(check: CheckResult) -> str:
    """Return the server in what a check of a database looks at: `db.example:5432/shop`, `web-1:/run/postgresql`."""
    return check.subject.partition("/")[0].removesuffix(":")


def _database(check: CheckResult) -> Names:
    """Return what a database server is, its address and port, and what `openssl` calls its way into TLS."""
    name = "mysql" if check.type == "mysql" else "postgresql"
    product = {name: _PRODUCTS[name]}
    names = _reached(_server(check))
    server = names.pop("server", "")
    return product | ({**names, "database": server, "starttls": check.type} if "port" in names else {})


def _reached(subject: str) -> Names:
    """Return the address, port and server in a URL, in host and port, or in a host; nothing where it is none."""
    address = _address(subject)
    if not address:
        return {}
    port = _port(subject)
    written = f"[{address}]" if ":" in address else address
    names = {"address": address, "server": f"{written}:{port or 443}"}
    if port:
        names["port"] = port
    return names | ({"url": subject} if "://" in subject else {})


def _address(subject: str) -> str:
    """Return the host in a subject: of a URL, before a port, or all of it."""
    found = _HOST_AND_PORT.fullmatch(subject)
    host = _split(subject)[0] if "://" in subject else (found["six"] or found["plain"]) if found else subject
    return host if _HOST.fullmatch(host) else ""


def _port(subject: str) -> str:
    if "://" in subject:
        return _split(subject)[1]
    found = _HOST_AND_PORT.fullmatch(subject)
    return found["port"] if found else ""


def _split(url: str) -> tuple[str, str]:
    """Return host and port of a URL; both empty where it is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", str(parts.port or "") or _PORTS.get(parts.scheme, "")
    except ValueError:
        return "", ""


def _on_host(what: str, host: str) -> str:
    return f"{what} on {host}" if what else host


def _blank(path: str) -> str:
    """Return a path as commands take it, with a blank before it."""
    return f" {path}" if path.startswith("/") and quotable(path) else ""


def _program(name: str) -> Names:
    """Name a program, and its service where the name can be one's."""
    unit = {"unit": name} if _UNIT.fullmatch(name) else {}
    return {"process": name or "the program", **unit}


def _missing(check: CheckResult) -> str:
    """Name the programs of a check that do not run."""
    groups = check.metrics.get("processes", NOTHING)
    return ", ".join(name for name, group in groups.items() if not group["count"])
