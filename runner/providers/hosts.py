"""Patterns of hosts: none is reached, no name is found, or everything on one of them fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.providers.kinds import kind_of
from runner.providers.pattern import Pattern, actions
from runner.providers.places import host_of
from runner.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.facts import CheckResult
    from runner.providers.pattern import Case

_AWAY: Final = frozenset(
    {"no_network", "timed_out", "connection_lost", "not_resolved", "no_resolver", "unreachable", "proxy"}
)
"""Kinds of failures that say nothing about a service, only that there is no way to it."""
_SHUT: Final = _AWAY | {"connection_refused"}
"""Kinds of failures of a host that is off, or whose services are."""
_NAMES: Final = frozenset({"not_resolved", "no_resolver", "no_such_name", "server_failure"})
_ILL: Final = frozenset(
    {
        "server_error",
        "bad_gateway",
        "unavailable",
        "timed_out",
        "connection_refused",
        "connection_lost",
        "unreachable",
        "slow",
        "slow_answer",
        "slow_connection",
        "slow_query",
        "slow_transfer",
    }
)
"""Rules about troubles that a machine, or what its services share, may bring about."""
_SEVERAL: Final = 2
_NAMED: Final = 3
"""Hosts that a sentence lists."""


def own_network(case: Case) -> Pattern | None:
    """Find that every host is out of reach: it is less likely that all are down than that the way out is."""
    checks = case.remote
    hosts = _hosts(checks)
    if len(hosts) < _SEVERAL or not all(kind_of(check) in _AWAY for check in checks):
        return None
    return Pattern(
        type="own_network",
        title="Check the network of the machine that this runs on",
        description="Nothing out there was reached from here, so nothing is known about it.",
        cause=(
            f"None of {len(hosts)} hosts can be reached: the network or the name server of this runner is the likeliest"
            " cause, not the hosts."
        ),
        actions=actions(
            "Here: `ip route` shows whether there is a way out, `cat /etc/resolv.conf` who is asked for names",
            "Here: `curl -sSI https://example.com` shows whether anything outside is reached; mind proxy and firewall",
            "From another machine, ask one of them: {hosts}",
            hosts=_listed(hosts),
        ),
        topics=case.of(checks),
        replaces=True,
    )


def own_names(case: Case) -> Pattern | None:
    """Find that no name is found: it is less likely that all are gone than that the wrong name server is asked."""
    checks = case.remote
    hosts = _hosts(checks)
    if len(hosts) < _SEVERAL or not all(kind_of(check) in _NAMES for check in checks):
        return None
    return Pattern(
        type="own_name_server",
        title="Check which name server the machine asks that this runs on",
        description="No name was found from here, so nothing is known about what they lead to.",
        cause=(
            f"None of {len(hosts)} names is found: the name server that is asked here is the likeliest cause"
            " (a private zone, a VPN that is down), not the names."
        ),
        actions=actions(
            "Here: `cat /etc/resolv.conf` shows who is asked",
            "Here: `dig {host}` and `dig @1.1.1.1 {host}` show whether another one knows it",
            host=hosts[0],
        ),
        topics=case.of(checks),
        replaces=True,
    )


def whole_host(case: Case) -> Pattern | None:
    """Find a host of which all checks fail: the host is a likelier cause than each of its services."""
    for host in _hosts(case.remote):
        checks = [check for check in case.remote if host_of(check) == host]
        if len(checks) < _SEVERAL or any(check.verdict is not Verdict.CRITICAL for check in checks):
            continue
        kinds = set(map(kind_of, checks))
        rules = {topic.rule.type if topic.rule else "" for topic in case.of(checks)}
        if kinds <= _SHUT and not kinds <= _NAMES:
            return _host_off(host, checks, case, refused=kinds == {"connection_refused"})
        if len(rules) > 1 and rules <= _ILL:
            return _host_ill(host, checks, case)
    return None


def _host_off(host: str, checks: Sequence[CheckResult], case: Case, *, refused: bool) -> Pattern:
    if refused:
        said = "The machine answers, and none of the ports that were tried is open."
        cause = (
            f"All {len(checks)} checks of {host} are refused: the machine is up and its services are not. It may have"
            " just restarted, or a firewall refuses."
        )
        title, first = (
            "Start the services of {host}",
            "On {host}: `ss -ltnp` shows what listens, `uptime` since when it runs",
        )
        second = "On {host}: `systemctl --failed` lists what did not start"
    else:
        said = "Nothing on it answers, so look at the machine before its services."
        cause = (
            f"All {len(checks)} checks of {host} fail: the host itself, or the way to it, is the likeliest cause,"
            " not a single service."
        )
        title = "Bring back {host}"
        first = "`ping -c 3 {host}` and `traceroute {host}` show whether it is there, and where the way ends"
        second = (
            "Look at it in the console of its cloud or hypervisor: is it on, has it restarted, is it out of memory?"
        )
    return Pattern(
        type="host_down",
        title=title.replace("{host}", host),
        description=said,
        cause=cause,
        actions=actions(first, second, "Look at what changed in firewalls, security groups and routes", host=host),
        topics=case.of(checks),
        replaces=True,
    )


def _host_ill(host: str, checks: Sequence[CheckResult], case: Case) -> Pattern:
    return Pattern(
        type="host_ill",
        title=f"Look at {host} as a whole",
        description="Everything that was asked of it is not well, each in its own way.",
        cause=(
            f"All {len(checks)} checks of {host} fail: what they share (the machine, a database, a deployment) is"
            " likelier the cause than each by itself."
        ),
        actions=actions(
            "On {host}: `uptime`, `free -m` and `df -h` show whether the machine is short of anything",
            "On {host}: `systemctl --failed` shows what has stopped",
            "Look at what changed last: deployments, settings, certificates",
            host=host,
        ),
        topics=case.of(checks),
    )


def _hosts(checks: Iterable[CheckResult]) -> list[str]:
    return list(dict.fromkeys(map(host_of, checks)))


def _listed(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
    return ", ".join(hosts[:_NAMED]) + more
