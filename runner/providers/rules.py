"""What the local analysis knows: a table of rules, each with what it is about and what to do.

Texts may name `{place}` (what is not well), `{host}` (the machine or host that it is on), `{on}` (a path that a
command takes, with a blank before it; empty where none is known).
"""

from __future__ import annotations

from typing import Final

from runner.providers.rule import REMOTE, Rule, phrases

HARDWARE: Final = frozenset({"temperature", "fan", "smart", "firmware", "voltage"})

RULES: Final = (
    Rule(
        type="disk_full",
        checks=frozenset({"disk"}),
        phrases=phrases("disk", "disks", "filesystem", "file system", "storage", "inode", "inodes", "volume"),
        unless=HARDWARE | {"io", "iops", "latency", "throughput", "raid", "unmounted", "readonly"},
        title="Free space on {place}",
        description="A full file system stops databases, logs and deployments from one moment to the next.",
        cause="{place} is filling up.",
        actions=(
            "On {host}: `df -h{on}` and `df -i{on}` show whether space or inodes run out",
            "On {host}: `du -xh{on} --max-depth=2 | sort -h | tail` shows what takes the space",
            "Remove what is not needed (old logs, caches, unused images), or enlarge the file system",
        ),
    ),
    Rule(
        type="memory_high",
        checks=frozenset({"memory"}),
        phrases=phrases("memory", "ram", "oom", "oomkilled", "swap", "out of memory"),
        unless=HARDWARE,
        title="Find what takes the memory of {place}",
        description="When memory runs out the kernel ends processes, and not always those that took it.",
        cause="Something on {host} takes more memory than there is room for.",
        actions=(
            "On {host}: `ps aux --sort=-rss | head` shows the largest processes",
            "On {host}: `dmesg -T | grep -i oom` shows whether processes were ended already",
            "Restart or limit the process that grows, or give the machine more memory",
        ),
    ),
    Rule(
        type="cpu_high",
        checks=frozenset({"cpu"}),
        phrases=phrases("cpu", "cpus", "processor", "load average", "high load", "system load", "node load"),
        unless=HARDWARE | {"balancer", "balancers"},
        title="Find what keeps {place} busy",
        description="Work that waits for a processor makes everything on the machine slow.",
        cause="Something on {host} asks for more processor time than there is.",
        actions=(
            "On {host}: `ps aux --sort=-%cpu | head` shows the busiest processes",
            "On {host}: `uptime` shows whether the load is growing or passing",
            "Move, limit or stop the work that takes the time, or add processors",
        ),
    ),
    Rule(
        type="tls",
        checks=REMOTE,
        codes=frozenset({"tls"}),
        phrases=phrases("tls", "ssl", "certificate", "certificates", "cert", "x509"),
        title="Mend the certificate of {place}",
        description="Clients that verify certificates refuse this connection.",
        cause="The certificate of {host} has expired, names another host, or is signed by nobody who is trusted.",
        actions=(
            "`openssl s_client -connect {host}:443 -servername {host}` shows the certificate that is served",
            "Renew it, or serve the whole chain, and reload the server",
        ),
    ),
    Rule(
        type="not_resolved",
        checks=REMOTE,
        codes=frozenset({"not_resolved"}),
        phrases=phrases("dns", "name resolution", "nxdomain", "servfail"),
        title="Make the name of {place} resolve",
        description="Without an address nobody gets as far as the service.",
        cause="The name {host} has no address: the record or the zone is gone, or the name server does not answer.",
        actions=(
            "`dig {host}` here and at a public resolver tells a missing record from a broken name server",
            "Check that the domain has not expired and that its name servers answer",
        ),
    ),
    Rule(
        type="connection_refused",
        checks=REMOTE,
        codes=frozenset({"connection_refused"}),
        title="Start the service behind {place}",
        description="The machine answers, and says that nothing listens on this port.",
        cause="The service on {host} is down, or listens on another port or address.",
        actions=(
            "On {host}: `ss -ltnp` shows what listens",
            "Look at the service's state and at the end of its log, then start it",
        ),
    ),
    Rule(
        type="timed_out",
        checks=REMOTE,
        codes=frozenset({"timed_out"}),
        phrases=phrases("timeout", "timed out", "timeouts"),
        title="Find out why {place} does not answer",
        description="Nothing came back in time, not even a refusal.",
        cause="{host} is overloaded or hangs, or packets to it are dropped on the way (firewall, route).",
        actions=(
            "Try another port of {host}, or `ping` it: where all is silent the network drops the packets",
            "Look at what changed in firewalls, security groups and routes",
            "Where the machine can be entered, look at its load and at the service's worker and connection limits",
        ),
    ),
    Rule(
        type="unreachable",
        checks=REMOTE,
        codes=frozenset({"unreachable"}),
        phrases=phrases("unreachable", "no route"),
        title="Restore the way to {place}",
        description="There is no route to this address.",
        cause="The network between here and {host} is interrupted, or the machine is off.",
        actions=(
            "`ip route get` and `traceroute` towards {host} show where the way ends",
            "Check that the machine is on",
        ),
    ),
    Rule(
        type="connection_lost",
        checks=REMOTE,
        codes=frozenset({"connection_lost"}),
        title="Find out why {place} hangs up",
        description="The connection was taken and broken before the answer was complete.",
        cause="The service on {host} crashes on requests, or something in front of it cuts them off.",
        actions=(
            "Look at the service's log for crashes and restarts at this time",
            "Look at the limits of proxies and load balancers in front of it",
        ),
    ),
    Rule(
        type="redirect_loop",
        checks=frozenset({"http"}),
        codes=frozenset({"redirect"}),
        title="Mend the redirects of {place}",
        description="The answer points elsewhere again and again.",
        cause="Two rules on {host} redirect to each other, often http to https and back behind a proxy.",
        actions=("`curl -sIL` on the URL shows the chain", "Let one side alone decide on scheme and host"),
    ),
    Rule(
        type="server_error",
        checks=frozenset({"http"}),
        codes=frozenset({"status"}),
        statuses=frozenset(range(500, 600)),
        phrases=phrases("5xx", "500", "502", "503", "504", "error rate", "server errors", "http errors"),
        title="Look into the errors of {place}",
        description="The server answers, and says that it failed itself.",
        cause="The application on {host} fails, or something that it needs (database, upstream) is not there.",
        actions=(
            "Look at the application's log at this time",
            "Look at what it depends on: database, cache, upstream services",
            "Take back the last deployment where the errors began with it",
        ),
    ),
    Rule(
        type="access_denied",
        checks=frozenset({"http"}),
        codes=frozenset({"status"}),
        statuses=frozenset({401, 403, 407}),
        title="Give the check access to {place}",
        description="The server answers, and does not let this request in.",
        cause="The credentials of the check are missing, wrong or expired, or an address filter keeps it out.",
        actions=(
            "Renew the credentials in the check's headers",
            "Allow the runner's address where addresses are filtered",
        ),
    ),
    Rule(
        type="not_there",
        checks=frozenset({"http"}),
        codes=frozenset({"status"}),
        statuses=frozenset({404, 410}),
        title="Put back what was at {place}",
        description="The server answers, and has nothing at this path.",
        cause="The page has moved, or a deployment or a route has lost it.",
        actions=(
            "Check the last deployment and the routing in front of it",
            "Where the page moved, correct the check's URL",
        ),
    ),
    Rule(
        type="wrong_status",
        checks=frozenset({"http"}),
        codes=frozenset({"status"}),
        title="Find out why {place} answers otherwise than expected",
        description="The server answers with a status that the check does not expect.",
        cause="The service on {host} has changed, or the check expects the wrong status.",
        actions=(
            "Send the same request by hand and read the whole answer",
            "Where it is right, correct `expect.status`",
        ),
    ),
    Rule(
        type="wrong_content",
        checks=REMOTE,
        codes=frozenset({"content"}),
        title="Find out why {place} says something else",
        description="The answer came, and is not what it should be.",
        cause="The service on {host} has changed or is half up, or something else answers in its place.",
        actions=("Read the whole answer by hand", "Where it is right, correct `expect`"),
    ),
    Rule(
        type="slow",
        checks=REMOTE,
        phrases=phrases("latency", "slow", "response time", "request duration"),
        title="Find out what makes {place} slow",
        description="The answer is right, and comes later than it should.",
        cause="The service on {host}, or something that it waits for, is overloaded.",
        actions=(
            "Where the check has the times, the longest of name, connect, TLS and first byte says where to look",
            "Look at the load of the machine and at slow queries of the application",
        ),
    ),
    Rule(
        type="command_slow",
        checks=frozenset({"command"}),
        codes=frozenset({"timed_out"}),
        title="Find out why {place} does not end",
        description="The command was stopped when its time was up.",
        cause="The command waits for something that does not come, or needs more time than it has.",
        actions=("Run it by hand on {host} and see where it waits", "Where it is only slow, raise the check's timeout"),
    ),
    Rule(
        type="command_failed",
        checks=frozenset({"command"}),
        codes=frozenset({"exit", "killed"}),
        title="Look into what {place} reports",
        description="The command ran, and says that something is not well.",
        cause="What the command looks at is not well; its message says what.",
        actions=("Run it by hand on {host} and read all that it prints",),
    ),
    Rule(
        type="could_not_tell",
        checks=REMOTE | {"cpu", "memory", "disk", "process", "command"},
        codes=frozenset(
            {"unreadable", "not_found", "no_permission", "too_large", "pattern", "refused_address", "refused", "failed"}
        ),
        title="Let the check of {place} see again",
        description="The check could not tell how things are. That is no good news: nobody is looking.",
        cause="The check lacks a right, a tool or a path; its message says which.",
        actions=("Mend what the check's message names", "Run the definition again"),
    ),
    Rule(
        type="service_down",
        phrases=phrases(
            "down",
            "crashed",
            "crash",
            "crash looping",
            "crash loop",
            "crashloop",
            "absent",
            "offline",
            "stopped",
            "not ready",
            "unavailable",
            "dead",
            "outage",
        ),
        title="Bring back {place}",
        description="The alert says that something does not run.",
        cause="The service that the alert names has stopped, or keeps crashing.",
        actions=(
            "Look at the service's state and at the end of its log",
            "Look at what changed before the alert began: deployments, configuration, certificates",
            "Start it again, and watch whether it stays up",
        ),
    ),
)
