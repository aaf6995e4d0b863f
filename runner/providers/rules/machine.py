"""Rules about a machine: its disks, memory, processors, processes, clock and hardware."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import THRESHOLD, Rule, phrases

_HARDWARE: Final = frozenset({"temperature", "fan", "smart", "firmware", "voltage", "raid"})
_NEEDED: Final = frozenset({"overcommit", "overcommitted", "schedule", "scheduled"})
"""Words about what is asked for, which nobody has taken yet."""

MACHINE: Final = (
    Rule(
        type="read_only",
        phrases=phrases("readonly", "read only", "filesystem error", "filesystem errors", "device error"),
        unless=frozenset({"replica", "database", "mode"}),
        behind="machine",
        title="Make {place} writable again",
        description="Linux takes a file system that it cannot write to safely out of service for writing.",
        cause="The disk under {place} has errors, or its connection to the storage was lost for a moment.",
        actions=(
            "On {machine}: `dmesg -T | grep -iE 'error|remount'` shows what the kernel has seen",
            "On {machine}: `findmnt -O ro` lists what is mounted for reading only",
            "Save what matters first; then check the file system (`fsck`, unmounted), and replace a bad disk",
        ),
    ),
    Rule(
        type="disk_slow",
        phrases=phrases(
            "disk io", "disk iops", "disk latency", "disk read", "disk write", "disk saturation", "io wait", "iowait"
        ),
        unless=frozenset({"error", "errors", "failed", "failure"}),
        behind="machine",
        title="Find what keeps the disks of {place} busy",
        description="Whoever reads or writes waits: databases and logins are slow before anything fails.",
        cause="Something on {host} reads or writes more than its disks can take, or a disk is about to fail.",
        actions=(
            "On {machine}: `iostat -xz 5 3` shows which disk is busy, and how long requests wait",
            "On {machine}: `pidstat -d 5 3` shows who reads and writes",
            "Move, limit or stop that work; where there is little of it, look at the disk (`smartctl -a`)",
        ),
    ),
    Rule(
        type="disk_full",
        checks=frozenset({"disk"}),
        phrases=phrases(
            "disk",
            "disks",
            "filesystem",
            "file system",
            "storage",
            "inode",
            "inodes",
            "volume",
            "disk space",
            "no space",
            "out of space",
            "space left",
            "enospc",
        ),
        unless=_HARDWARE | {"io", "iops", "latency", "throughput", "unmounted", "failed", "failure", "errors"},
        behind="machine",
        title="Free space on {place}",
        description="A full file system stops databases, logs and deployments from one moment to the next.",
        cause="{place} is filling up.",
        actions=(
            "On {machine}: `df -h{on}` and `df -i{on}` show whether space or inodes run out",
            "On {machine}: `du -xh{on} --max-depth=2 | sort -h | tail` shows what takes the space",
            "`kubectl -n {namespace} describe pvc {claim}` shows the claim and whether it can grow",
            "Remove what is not needed (old logs, caches, unused images), or enlarge the file system",
        ),
    ),
    Rule(
        type="oom_killed",
        phrases=phrases("oomkilled", "oom killed", "oom killer", "oom kill", "oomkill", "oom"),
        behind="machine",
        title="Give {place} enough memory, or find the leak",
        description="The kernel has ended a process because memory had run out.",
        cause="A process on {host} grew beyond its limit, or beyond what the machine has.",
        actions=(
            "On {machine}: `dmesg -T | grep -i -B2 'killed process'` shows which one was ended, and its size",
            "On {machine}: `ps aux --sort=-rss | head` shows the largest processes now",
            "Raise the limit where the need is honest; restart and repair what only ever grows",
        ),
        in_a_pod=(
            "`kubectl -n {namespace} describe pod {pod}` shows the memory limit and the last state of its containers",
            "`kubectl -n {namespace} top pod {pod} --containers` shows what each container takes now",
            "Raise the limit where the need is honest; repair what only ever grows",
        ),
    ),
    Rule(
        type="memory_high",
        checks=frozenset({"memory"}),
        phrases=phrases("memory", "ram", "swap", "out of memory"),
        unless=_HARDWARE | _NEEDED | {"jvm", "heap"},
        behind="machine",
        title="Find what takes the memory of {place}",
        description="When memory runs out the kernel ends processes, and not always those that took it.",
        cause="Something on {host} takes more memory than there is room for.",
        actions=(
            "On {machine}: `ps aux --sort=-rss | head` shows the largest processes",
            "On {machine}: `dmesg -T | grep -i oom` shows whether processes were ended already",
            "Restart or limit the process that grows, or give the machine more memory",
        ),
        in_a_pod=(
            "`kubectl -n {namespace} top pod {pod} --containers` shows what each container takes",
            "`kubectl -n {namespace} describe pod {pod}` shows its limits and restarts",
            "Restart what only ever grows, or raise its limit",
        ),
    ),
    Rule(
        type="cpu_high",
        checks=frozenset({"cpu"}),
        phrases=phrases(
            "cpu", "cpus", "processor", "load average", "high load", "system load", "node load", "throttling"
        ),
        unless=_HARDWARE | _NEEDED | {"balancer", "balancers"},
        behind="machine",
        title="Find what keeps {place} busy",
        description="Work that waits for a processor makes everything on the machine slow.",
        cause="Something on {host} asks for more processor time than there is.",
        actions=(
            "On {machine}: `ps aux --sort=-%cpu | head` shows the busiest processes",
            "On {machine}: `uptime` shows whether the load is growing or passing",
            "Move, limit or stop the work that takes the time, or add processors",
        ),
        in_a_pod=(
            "`kubectl -n {namespace} top pod {pod} --containers` shows what each container takes",
            "`kubectl -n {namespace} describe pod {pod}` shows its limits: at its limit a pod is slowed down",
            "Raise the limit, add replicas, or find the work that takes the time",
        ),
    ),
    Rule(
        type="not_running",
        checks=frozenset({"process"}),
        codes=frozenset({"not_running"}),
        phrases=phrases(
            "process down", "process missing", "not running", "process stopped", "service failed", "unit failed"
        ),
        unless=frozenset({"replication", "replica", "slave"}),
        behind="program",
        title="Start {place} again",
        description="There is no such process on the machine.",
        cause="It crashed, was stopped, or did not come back after {host} had restarted.",
        actions=(
            "On {machine}: `systemctl status {unit}` shows whether and how it ended",
            "On {machine}: `journalctl -u {unit} -n 50` shows the last that it said",
            "On {machine}: `dmesg -T | grep -i 'killed process'` shows whether it was ended for lack of memory",
            "On {machine}: `systemctl --failed` lists all services that have ended badly",
            "Start it (`systemctl start {unit}`), and watch whether it stays up",
        ),
    ),
    Rule(
        type="process_count",
        checks=frozenset({"process"}),
        codes=frozenset({"count", THRESHOLD}),
        title="Find out what changed the number of processes of {place}",
        description="The program runs, and not as often as it should.",
        cause="Workers of {process} have died, one was started twice, or old ones have not ended.",
        actions=(
            "On {machine}: `ps -eo pid,ppid,etime,args --sort=etime` shows which are there and since when",
            "Look at the program's log for workers that ended or were started at this time",
            "End what should not be there, or restart the program as a whole",
        ),
    ),
    Rule(
        type="clock",
        phrases=phrases("clock", "ntp", "time drift", "chrony", "time skew"),
        behind="machine",
        title="Set the clock of {place}",
        description="A wrong clock breaks logins, certificates, and the order of what is logged.",
        cause="{host} has lost its time server, or its clock runs faster than it may be corrected.",
        actions=(
            "On {machine}: `timedatectl` shows whether the clock is synchronised",
            "On {machine}: `chronyc tracking` and `chronyc sources` show how far off it is, and whom it asks",
            "Let the machine reach a time server (UDP port 123), then restart its time service",
        ),
    ),
    Rule(
        type="hardware",
        phrases=phrases(
            "raid",
            "smart",
            "temperature",
            "fan",
            "voltage",
            "power supply",
            "firmware",
            "disk failed",
            "disk failure",
            "disk error",
            "disk errors",
            "pool degraded",
            "too hot",
            "overheating",
            "on battery",
        ),
        behind="machine",
        title="Look at the hardware of {place}",
        description="Hardware that complains gets worse; what is stored on it may not be there tomorrow.",
        cause="A part of {host} has failed or is about to.",
        actions=(
            "On {machine}: `dmesg -T | tail -n 50` shows what the kernel has seen",
            "On {machine}: `smartctl --scan` finds the disks, `smartctl -a` and `cat /proc/mdstat` say how they are",
            "Check that the last backup can be read, then have the part replaced",
        ),
    ),
    Rule(
        type="open_files",
        phrases=phrases("open files", "file descriptor", "file descriptors", "emfile"),
        behind="machine",
        title="Find what keeps files open on {place}",
        description="At the limit nothing can be opened any more: no file, and no connection either.",
        cause="A program on {host} does not close what it opens, or its limit is too low for its work.",
        actions=(
            "On {machine}: `cat /proc/sys/fs/file-nr` shows how many are open on the whole machine, and the limit",
            "On {machine}: `lsof -nP | awk '{print $1, $2}' | sort | uniq -c | sort -n | tail` shows who has them",
            "Restart what only ever opens more; raise `LimitNOFILE` of the service where the need is honest",
        ),
    ),
    Rule(
        type="conntrack",
        phrases=phrases("conntrack"),
        behind="machine",
        title="Make room for connections on {place}",
        description="When the table of connections is full the kernel drops new ones without a word.",
        cause="More connections pass {host} than its table holds, or something opens far too many.",
        actions=(
            "On {machine}: `sysctl -a | grep nf_conntrack_` shows `count`, and `max`, which it cannot pass",
            "On {machine}: `ss -s` shows how many of them are its own",
            "Find who opens them; raise `nf_conntrack_max` where the need is honest",
        ),
    ),
)
