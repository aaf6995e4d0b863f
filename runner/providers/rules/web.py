"""Rules about answers: errors, answers that are not the expected ones, slow ones."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import DATABASES, REMOTE, THRESHOLD, Rule, phrases

_HTTP: Final = frozenset({"http"})
_STATUS: Final = frozenset({"status"})
_ASK: Final = "`curl -sS -o /dev/null -D - {url}` shows what it answers"

WEB: Final = (
    Rule(
        type="redirect_loop",
        checks=_HTTP,
        codes=frozenset({"redirect"}),
        title="Mend the redirects of {place}",
        description="The answer points elsewhere again and again.",
        cause="Two rules on {host} redirect to each other, often http to https and back behind a proxy.",
        actions=("`curl -sIL --max-redirs 5 {url}` shows the chain", "Let one side alone decide on scheme and host"),
    ),
    Rule(
        type="bad_gateway",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({502, 504, *range(520, 525)}),
        phrases=phrases("bad gateway", "gateway timeout", "502", "504"),
        title="Bring back the application behind {place}",
        description="What answers is a proxy; the application that it hands requests to does not, or not in time.",
        cause="The application behind {host} is down, restarting or overloaded; its proxy is up.",
        actions=(
            "Look at the proxy's error log: it names the application that did not answer",
            "Look at the state and the log of that application, and start it where it has stopped",
            "Where it runs, look at what it waits for: database, workers, memory",
        ),
    ),
    Rule(
        type="unavailable",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({503}),
        phrases=phrases("503"),
        title="Bring {place} back into service",
        description="The server answers, and says that it serves nobody at present.",
        cause="{host} is overloaded or under maintenance, or its load balancer has no healthy server left.",
        actions=(
            _ASK + "; a `Retry-After` in it means maintenance",
            "Look at how many servers the load balancer takes for healthy, and why not the others",
            "Look at the load and the log of the application",
        ),
    ),
    Rule(
        type="server_error",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset(range(500, 600)),
        phrases=phrases(
            "5xx", "500", "error rate", "errors", "server error", "server errors", "http errors", "exceptions"
        ),
        title="Look into the errors of {place}",
        description="The service answers, and says that it failed itself.",
        cause="The application on {host} fails, or something that it needs (database, upstream) is not there.",
        actions=(
            _ASK,
            "Look at the application's log at this time",
            "Look at what it depends on: database, cache, upstream services",
            "Take back the last deployment where the errors began with it",
        ),
    ),
    Rule(
        type="not_logged_in",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({401, 407}),
        title="Renew the credentials for {place}",
        description="The server answers, and does not know who is asking.",
        cause="The credentials that are sent are missing, wrong or expired.",
        actions=(
            "Renew the token or password behind the check's `headers`",
            "Where nobody should have to log in, look at what changed in the login in front of {host}",
        ),
    ),
    Rule(
        type="access_denied",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({403, 451}),
        title="Give the check access to {place}",
        description="The server answers, and does not let this request in.",
        cause="A rule of {host} keeps the request out: rights of the account, an address filter, a bot protection.",
        actions=(
            "`curl -sS -o /dev/null -D - {url}` from another network: where that works, this address is filtered",
            "Allow the runner's address, or give its account the right to this page",
        ),
    ),
    Rule(
        type="not_there",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({404, 410}),
        title="Put back what was at {place}",
        description="The server answers, and has nothing at this path.",
        cause="The page has moved, or a deployment or a route has lost it.",
        actions=(
            _ASK,
            "Check the last deployment and the routing in front of it",
            "Where the page moved, correct the check's `url`",
        ),
    ),
    Rule(
        type="too_many_requests",
        checks=_HTTP,
        codes=_STATUS,
        statuses=frozenset({429}),
        phrases=phrases("rate limit", "rate limited", "rate limiting", "too many requests", "429"),
        title="Ask {place} less often, or raise the limit",
        description="The server answers, and has had enough of requests for now.",
        cause="More requests came to {host} than its limit allows, from here or from everybody together.",
        actions=(
            _ASK + "; `Retry-After` says when to come back",
            "Run the check less often, or exempt the runner's address from the limit",
        ),
    ),
    Rule(
        type="wrong_status",
        checks=_HTTP,
        codes=_STATUS,
        title="Find out why other answers than expected come from {place}",
        description="The server answers with a status that the check does not expect.",
        cause="The service on {host} has changed, or the check expects the wrong status.",
        actions=(_ASK, "Where that is right, correct `expect.status` of the check"),
    ),
    Rule(
        type="bad_answer",
        checks=_HTTP,
        codes=frozenset({"bad_answer"}),
        title="Find out what answers at {place}",
        description="Something answers, and not in the way of a web server.",
        cause="Another service listens there, or the application on {host} or a proxy on the way breaks its answers.",
        actions=(
            "`curl -v {url}` shows what comes",
            "On {machine}: `ss -ltnp` shows which program listens on the port",
            "Look at what was changed last: the application, the proxy in front of it, the port",
        ),
    ),
    Rule(
        type="wrong_content",
        checks=REMOTE,
        codes=frozenset({"content"}),
        title="Find out why something else comes from {place}",
        description="The answer came, and is not what it should be.",
        cause="The service on {host} has changed or is half up, or something else answers in its place.",
        actions=(
            "`curl -sS {url}` shows the whole answer",
            "Look at what was changed last: a deployment, a record, the machine that answers here",
            "Where the answer is right, correct `expect` of the check",
        ),
    ),
    Rule(
        type="slow_name",
        checks=frozenset({"http", "dns"}),
        codes=frozenset({"slow_name"}),
        title="Find out what slows the lookup of {name}",
        description="The answer is right, and late: the time passes before the address is known.",
        cause="The name server that is asked here is slow, or only the second one answers.",
        actions=(
            "`dig {address}` shows how long a lookup takes and who answers it",
            "`cat /etc/resolv.conf` here: put a name server that answers first",
        ),
    ),
    Rule(
        type="slow_connection",
        checks=frozenset({"http", "tcp"}) | DATABASES,
        codes=frozenset({"slow_connection"}),
        title="Find out what slows the connection to {place}",
        description="All is right, and late: the time passes before anything is even asked.",
        cause="The way to {host} is long or loses packets, or the machine is slow to take new connections.",
        actions=(
            "`mtr -rwc 20 {address}` shows where packets are lost or delayed",
            "On {machine}: `ss -s` and `uptime` show how many connections it holds, and how busy it is",
        ),
    ),
    Rule(
        type="slow_answer",
        checks=_HTTP,
        codes=frozenset({"slow_answer"}),
        title="Find out what makes the application behind {place} slow",
        description="The answer is right, and late: most of the time the server thinks before it says anything.",
        cause="The application on {host}, or something that it waits for (a database, another service), is overloaded.",
        actions=(
            "Look at slow requests and slow queries in the application's log at this time",
            "On {machine}: `uptime` and `free -m` show whether the machine is short of anything",
            "Where it began with a deployment, take that back",
        ),
    ),
    Rule(
        type="slow_transfer",
        checks=_HTTP,
        codes=frozenset({"slow_transfer"}),
        title="Find out what slows the transfer from {place}",
        description="The answer is right, and late: most of the time passes while it is being sent.",
        cause="The answer is large, or the way from {host} is narrow.",
        actions=(
            "`curl -o /dev/null {url}` tells size and speed",
            "Compress the answer or make it smaller, or look for what else fills the line",
        ),
    ),
    Rule(
        type="slow",
        checks=_HTTP,
        codes=frozenset({THRESHOLD}),
        phrases=phrases("latency", "slow", "response time", "request duration", "p95", "p99", "apdex"),
        title="Find out what makes {place} slow",
        description="The answer is right, and comes later than it should.",
        cause="{host}, or something that it waits for, is overloaded.",
        actions=(
            "Look at the load of the machine, and at slow requests and queries in the application's log",
            "Where it began with a deployment or with more visitors, take the one back or add machines",
        ),
    ),
)
