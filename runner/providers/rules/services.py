"""Rules about services as alerts name them (pods, queues, databases, jobs), and about checks that cannot see."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import REMOTE, Rule, phrases

_LOGS: Final = (
    "`kubectl -n {namespace} logs {pod} --all-containers --previous --tail=50` shows the last before it ended"
)
_DESCRIBE: Final = "`kubectl -n {namespace} describe pod {pod}` shows what Kubernetes says about it"

SERVICES: Final = (
    Rule(
        type="command_slow",
        checks=frozenset({"command"}),
        codes=frozenset({"timed_out"}),
        title="Find out what keeps {place} from ending",
        description="The command was stopped when its time was up.",
        cause="The command waits for something that does not come, or needs more time than it has.",
        actions=(
            "Run by hand on {machine} what the check {check} has in `argv`, and see where it waits",
            "Where it is only slow, raise the check's `timeout`",
        ),
    ),
    Rule(
        type="command_failed",
        checks=frozenset({"command"}),
        codes=frozenset({"exit", "killed"}),
        title="Look into the report of {place}",
        description="The command ran, and says that something is not well.",
        cause="What the command looks at is not well; its message says what.",
        actions=("Run by hand on {machine} what the check {check} has in `argv`, and read all that it prints",),
    ),
    Rule(
        type="could_not_tell",
        checks=REMOTE | {"cpu", "memory", "disk", "process", "command"},
        codes=frozenset({"ca_bundle", "unreadable", "not_found", "no_folder", "no_permission", "failed"}),
        title="Let the check of {place} see again",
        description="The check could not tell how things are. That is no good news: nobody is looking.",
        cause="The check lacks a right, a tool, a path, or an answer that can be read; its message says which.",
        actions=(
            "Install the program, give the right, or correct the path that the check's message names",
            "Run the definition again, as the user and in the place that it usually runs in",
        ),
    ),
    Rule(
        type="address_refused",
        checks=REMOTE,
        codes=frozenset({"refused_address"}),
        title="Give the check of {place} an address that may be asked",
        description="The runner refused to ask, so nothing is known about what is there.",
        cause=(
            "{host} leads to an address that is never asked (link-local, or where clouds hand out credentials), or to"
            " a private one that only a payload has named."
        ),
        actions=(
            "`dig +short {address}` shows where the name leads; that it leads there is often a mistake in its zone",
            "Where a payload names {host} rightly, list it in `allow_hosts` of the definition",
        ),
    ),
    Rule(
        type="check_wrong",
        checks=REMOTE,
        codes=frozenset({"bad_url", "invalid_config", "pattern", "refused", "too_large"}),
        title="Correct the check of {place}",
        description="The check asks for what cannot be done, so nothing is known about what it looks at.",
        cause="The check is written wrongly, or expects more than it reads; its message says how.",
        actions=(
            "Correct what its message names: the URL, a header, a pattern, or what is expected of the answer",
            "`pipeline-runner show http` shows what each key takes, and how much of an answer is read",
        ),
    ),
    Rule(
        type="always_firing",
        phrases=phrases("watchdog", "dead mans switch", "deadmansswitch", "deadman", "info inhibitor"),
        unless=frozenset({"down", "missing", "failed"}),
        title="Send this alert to where its absence is noticed",
        description="This alert fires all the time on purpose: it shows that alerts arrive.",
        cause="Nothing is wrong; the alert that proves the others was sent here, too.",
        actions=("Route it to a dead-man switch that calls when it stops, and away from people",),
    ),
    Rule(
        type="crash_looping",
        phrases=phrases("crash looping", "crash loop", "crashlooping", "crashloop", "restarting", "restarts"),
        title="Find out what makes {place} crash",
        description="Each start ends in another crash.",
        cause="{place} fails at its start or soon after: a wrong setting, a missing dependency, too little memory.",
        actions=(
            "On {machine}: `systemctl --failed` and `journalctl -p err -n 50` show what ended and what it said",
            "Look at what changed before it began: deployments, settings, credentials",
            "Take back the last change where it began with it",
        ),
        in_a_pod=(
            _LOGS,
            _DESCRIBE + ": look at `Last State`, its reason and exit code (137 is: out of memory, or killed)",
            "`kubectl -n {namespace} rollout history deployment` shows what was deployed; take that back",
        ),
    ),
    Rule(
        type="image_pull",
        phrases=phrases("image pull", "imagepull", "err image pull", "errimagepull", "image pull back off", "back off"),
        title="Let {place} fetch the image",
        description="The container does not start because its image does not come.",
        cause="The image or its tag does not exist, the registry wants other credentials, or is not reached.",
        actions=(
            "Check that the image's name and tag exist in the registry",
            "Check the credentials for the registry, and its limits",
        ),
        in_a_pod=(
            _DESCRIBE + ", with the registry's own words at the end",
            "Check that the image's name and tag exist, and the pull secret of the namespace",
        ),
    ),
    Rule(
        type="node_not_ready",
        phrases=phrases("node not ready", "node unreachable", "kubelet down", "node readiness flapping"),
        behind="machine",
        title="Bring {place} back into the cluster",
        description="Kubernetes hears nothing from there, and moves the pods elsewhere.",
        cause="The machine is off, overloaded or cut off, or its kubelet has stopped.",
        actions=(
            "`kubectl describe node {node}` shows its conditions, and when it was last heard of",
            "On the machine: `systemctl status kubelet` and `journalctl -u kubelet -n 50`",
            "`df -h` and `free -m` there: a full disk or no memory makes a machine not ready, too",
        ),
    ),
    Rule(
        type="not_ready",
        phrases=phrases(
            "not ready",
            "replicas mismatch",
            "rollout stuck",
            "pod pending",
            "unschedulable",
            "not healthy",
            "container waiting",
            "generation mismatch",
            "not rolled out",
            "not scheduled",
            "mis scheduled",
        ),
        title="Get {place} ready",
        description="Less serves than should.",
        cause="New pods do not start, do not pass their readiness probe, or find no machine with room for them.",
        actions=(
            "`kubectl -n {namespace} get events --sort-by=.lastTimestamp` shows what its pods wait for",
            "Take back the last deployment where it began with it",
        ),
        in_a_pod=(
            _DESCRIBE + ": its conditions and events say what it waits for",
            "`kubectl -n {namespace} logs {pod} --all-containers --tail=50` shows what it says itself",
        ),
    ),
    Rule(
        type="quota",
        phrases=phrases("quota"),
        title="Make room in the quota of {place}",
        description="A limit that somebody has set is reached; what goes beyond it is refused.",
        cause="More was asked for than the quota allows.",
        actions=(
            "`kubectl -n {namespace} describe quota` shows what is used of what",
            "Give back what is not needed, or raise the quota",
        ),
    ),
    Rule(
        type="replication",
        phrases=phrases(
            "replication",
            "replica lag",
            "slave lag",
            "replica behind",
            "slave io",
            "slave sql",
            "replica io",
            "replica sql",
            "under replicated",
        ),
        title="Let {place} catch up",
        description="Copies are behind, so readers see old data, and a failover would lose some.",
        cause="Replication on {host} has stopped on an error, or the copy writes more slowly than the original.",
        actions=(
            "PostgreSQL, on the original: `SELECT * FROM pg_stat_replication` shows whether it runs, how far behind",
            "MySQL, on the copy: `SHOW REPLICA STATUS` shows the same, and the error where it has stopped",
            "Mend the error that it names; look for a long write or for slow disks where it runs",
        ),
    ),
    Rule(
        type="backlog",
        phrases=phrases("queue", "backlog", "consumer lag", "consumergroup lag", "unacked", "unack", "dead letter"),
        unless=frozenset({"odd"}),
        title="Find out what holds up {place}",
        description="More comes in than is taken out, and what waits gets old.",
        cause="Those who should work it off are down, stuck on one item, or too few.",
        actions=(
            "Check that the consumers run, and look at the end of their logs",
            "Look at the oldest item: one that fails again and again holds up all behind it",
            "Add consumers where they are only too few",
        ),
    ),
    Rule(
        type="job_failed",
        phrases=phrases(
            "job failed",
            "backup failed",
            "backup missing",
            "cronjob",
            "backup too old",
            "cron",
            "job failing",
            "job not completed",
        ),
        title="Run {place} again, and find the reason of the failure",
        description="Something that should have been done was not; a backup is missed only when it is needed.",
        cause="The job ended with an error, or was not started at all.",
        actions=(
            "Read the end of the job's log",
            "`kubectl -n {namespace} logs job/{job_name} --tail=50` shows what it said",
            "Mend what it names, run it by hand, and check what it should have made",
        ),
    ),
    Rule(
        type="service_down",
        phrases=phrases(
            "down",
            "crashed",
            "crash",
            "absent",
            "missing",
            "offline",
            "stopped",
            "unavailable",
            "unhealthy",
            "dead",
            "outage",
            "probe failed",
            "http failure",
            "no data",
        ),
        title="Bring back {place}",
        description="The alert says that something does not run, or is not seen any more.",
        cause="{place} has stopped or keeps crashing, its machine is down, or whatever watches it cannot reach it.",
        actions=(
            "`ping -c 3 {address}` shows whether the machine answers at all",
            "On {machine}: `systemctl --failed` shows what has stopped; look at the end of its log, then start it",
            "Look at what changed before the alert began: deployments, settings, certificates",
        ),
        in_a_pod=(
            _DESCRIBE,
            _LOGS,
            "Look at what changed before the alert began: deployments, settings, certificates",
        ),
    ),
)
