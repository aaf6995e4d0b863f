"""A real run: walk, follow, report, leave with the exit code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.cli.follow import Follower, Trail
from runner.cli.journals import begin_journal
from runner.cli.publish import publish
from runner.cli.remember import keep_run, memory_of
from runner.cli.signals import stopping
from runner.deadline import Stop
from runner.doors import open_doors
from runner.engine.walk import Walk
from runner.engine.world import World, utc_now
from runner.results import RunFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.cli.prepare_run import Job
    from runner.cli.shell import Shell
    from runner.doors import Doors
    from runner.scope import Memory


def new_id() -> str:
    """Make a random UUID (version 4); the library's module takes longer to import than a small run to walk."""
    number = int.from_bytes(os.urandom(16)) & ~(0xF000 << 64 | 0xC000 << 48) | 0x4000 << 64 | 0x8000 << 48
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def facts_of(job: Job, environ: Mapping[str, str]) -> RunFacts:
    """Return what is known of a run before its first node."""
    definition = job.definition
    return RunFacts(
        id=new_id(),
        trace_id=job.trace_id or new_id(),
        definition=definition.name,
        definition_version=definition.version,
        definition_source=definition.label,
        definition_sha256=definition.sha256,
        source=job.source,
        environment=job.environment,
        started_at=utc_now(),
        url=_run_url(environ),
    )


def _run_url(environ: Mapping[str, str]) -> str:
    """Return the page of this workflow run; empty outside GitHub."""
    server, repository, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    attempt = environ.get("GITHUB_RUN_ATTEMPT", "1")
    return f"{server}/{repository}/actions/runs/{run}/attempts/{attempt}" if server and repository and run else ""


def world_of(job: Job, shell: Shell, doors: Doors, facts: RunFacts, memory: Memory | None = None) -> World:
    """Return everything that a run is given beside its definition."""
    return World(
        run=facts,
        doors=doors,
        log=shell.log,
        masker=shell.masker,
        timeout=job.timeout,
        fail_on=job.fail_on,
        payload=job.payload,
        inputs=job.inputs,
        secrets=job.secrets,
        env=job.env,
        variables=job.variables,
        allow_hosts=frozenset(map(str.lower, job.definition.allow_hosts)),
        directory=job.directory,
        memory=memory,
        overrides=job.overrides,
        in_ci=shell.in_ci,
        busy=shell.log.busy,
        stop=Stop(),
    )


def perform(job: Job, shell: Shell) -> int:
    """Run a definition, report on it and remember it; return the exit code."""
    grants = job.definition.grants
    doors = open_doors(shell.environ, programs=grants.commands or not grants.limited)
    facts = facts_of(job, shell.environ)
    memory = memory_of(shell, facts)
    world = world_of(job, shell, doors, facts, memory)
    trail = Trail(shell.log, shell.masker, begin_journal(job.results, facts.id, doors.files, shell.log))
    follower = Follower(shell.log, trail)
    walk = Walk(job.definition, world, follower)
    with stopping(world.stop):
        try:
            follower.begin(facts, job.definition)
            walk.run()
        finally:
            # also where a bug ends the walk: what is known by then is reported, and the bug goes on to the top
            shell.log.end_group()
            result = walk.result()
            try:
                code = publish(result, job, shell, doors.files, trail)
            finally:
                keep_run(memory, result, walk.standing(result.nodes), shell)
    return code
