"""What the local analysis knows: a table of rules, each with what it is about and what to do.

Texts may name what `topics` knows by a word in braces: `{place}` (what is not well), `{host}` (the machine or host
that it is on), `{check}` (the check that saw it, and its node), and in commands `{address}`, `{port}`, `{server}`,
`{database}` and `{starttls}` (of a database server), `{postgresql}` and `{mysql}` (which only the one has), `{url}`,
`{name}`, `{on}` (a path, with a blank before it), `{process}`, `{namespace}`, `{pod}`, `{node}`, `{claim}` and
`{job_name}`. Of two rules that fit, the first is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runner.providers.rules.certificates import CERTIFICATES
from runner.providers.rules.clusters import CLUSTERS
from runner.providers.rules.databases import DATABASE
from runner.providers.rules.machine import MACHINE
from runner.providers.rules.network import NETWORK
from runner.providers.rules.services import SERVICES
from runner.providers.rules.web import WEB

if TYPE_CHECKING:
    from runner.providers.rule import Rule

RULES: Final[tuple[Rule, ...]] = (*MACHINE, *CERTIFICATES, *NETWORK, *CLUSTERS, *WEB, *DATABASE, *SERVICES)
ROOTS: Final = frozenset(
    {"disk_full", "disk_slow", "read_only", "memory_high", "oom_killed", "cpu_high", "hardware", "node_not_ready"}
)
"""Troubles of a machine that bring about others on it."""
BLIND: Final = frozenset({"could_not_tell", "address_refused", "check_wrong"})
"""Troubles of a check alone: they say nothing about what it looks at."""
