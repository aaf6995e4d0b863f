"""Rules about clusters, and about the monitoring that alerts come from."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import Rule, phrases

CLUSTERS: Final = (
    Rule(
        type="overcommitted",
        phrases=phrases("overcommit", "overcommitted", "too many pods", "schedule pod", "schedule pods"),
        title="Make room for the pods of {place}",
        description="A pod that is started anew, or whose machine fails, finds no place.",
        cause="The requests of all pods together are more than the machines have, or than would be left without one.",
        actions=(
            "`kubectl describe nodes | grep -A 8 'Allocated resources'` shows what is asked for on each machine",
            "`kubectl get pods -A --field-selector=status.phase=Pending` shows what finds no place already",
            "Lower requests that nobody needs, or add machines",
        ),
    ),
    Rule(
        type="scaled_out",
        phrases=phrases("maxed out", "max replicas"),
        title="Give {place} more room to grow, or less work",
        description="The autoscaler is at its limit: with more work it gets slow.",
        cause="More work comes than the highest number of replicas can do, or each does less than it should.",
        actions=(
            "`kubectl -n {namespace} get hpa` shows what is measured, against which target",
            "Find out where the work comes from, and whether something slows each replica down",
            "Raise `maxReplicas` where the machines have room",
        ),
    ),
    Rule(
        type="volume_failed",
        phrases=phrases("persistent volume errors", "persistentvolume errors"),
        title="Bring back the volumes of {place}",
        description="A volume that is failed or pending cannot be mounted, and its pod does not start.",
        cause="The storage behind it refused it, its class is wrong, or what it should be made of is gone.",
        actions=(
            "`kubectl get pv` shows which are failed or pending",
            "`kubectl -n {namespace} describe pvc {claim}` shows what the storage says",
            "Look at the log of the storage driver, and at room and limits of the storage itself",
        ),
    ),
    Rule(
        type="quorum",
        phrases=phrases(
            "no leader",
            "insufficient members",
            "leader changes",
            "leader election",
            "split brain",
            "no quorum",
            "quorum lost",
        ),
        title="Bring the members of {place} together again",
        description="Without a leader that a majority follows nothing can be written, or two write different things.",
        cause="Members are down, do not reach each other, or their disks are too slow to answer in time.",
        actions=(
            "etcd: `etcdctl endpoint status --cluster -w table` shows which members answer, and who leads",
            "Check that all members run and reach each other, and the latency of their disks",
            "With two leaders, stop the writes first: what both have taken has to be put together by hand",
        ),
    ),
    Rule(
        type="monitoring",
        phrases=phrases(
            "rule evaluations",
            "rule failures",
            "bad config",
            "failed reload",
            "scrape error",
            "scrape errors",
            "failed to send alerts",
            "list errors",
            "watch errors",
            "exporter error",
            "exporter errors",
            "target limit",
            "remote write",
            "tsdb",
            "notification queue",
        ),
        title="Mend the monitoring at {place}",
        description="What watches everything else is not well: until it is, silence is no good news.",
        cause="A setting does not load, something is not measured, or alerts do not get out.",
        actions=(
            "Read the end of the log of what the alert names: Prometheus, Alertmanager or an exporter",
            "`promtool check config` and `amtool check-config` say what is wrong with a setting",
            "Look at room and memory where it runs: what is kept grows with what is measured",
        ),
    ),
    Rule(
        type="memory_limit",
        phrases=phrases("maxmemory", "heap", "jvm memory"),
        title="Give {place} more memory, or less to keep",
        description="At its own limit it refuses to write, throws things out, or only tidies up.",
        cause="More is kept in memory than the limit of the program allows; the machine may have plenty.",
        actions=(
            "Redis: `redis-cli info memory` and `redis-cli --bigkeys` show how much it is, and what takes it",
            "Java: `jcmd` with the process id and `GC.heap_info` shows how full the heap stays after a collection",
            "Raise the limit where the machine has room; else find what only ever grows",
        ),
    ),
)
