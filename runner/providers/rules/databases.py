"""Rules about databases that were asked."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import DATABASES, Rule, phrases

_POSTGRES_QUERIES: Final = (
    "{postgresql}: `SELECT pid, state, wait_event_type, now() - query_start, query FROM pg_stat_activity"
    " ORDER BY query_start` shows what runs now, for how long, and what waits"
)
_POSTGRES_CONNECTIONS: Final = (
    "{postgresql}: `SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY usename, state` shows who holds them"
)

DATABASE: Final = (
    Rule(
        type="database_answer",
        checks=DATABASES,
        codes=frozenset({"answer"}),
        title="Look into the answer of {place}",
        description="The database answers, and what it says is not as it should be.",
        cause="What the query watches is not well: its answer, in the check's message, says what.",
        actions=(
            "Run the check's query by hand, and look at the rows behind its answer",
            "Look at who writes them: a job that stopped, an import, a deployment",
            "Where the answer is right, correct `expect` or the thresholds of the check",
        ),
    ),
    Rule(
        type="slow_query",
        checks=DATABASES,
        codes=frozenset({"slow_query"}),
        phrases=phrases("slow query", "slow queries", "long running query", "long query"),
        title="Find out what holds up {place}",
        description="The login went well, and the answer to the query takes too long, or did not come.",
        cause="The query waits for a lock, reads more than it used to, or the server on {host} is busy.",
        actions=(
            _POSTGRES_QUERIES,
            "{mysql}: `SHOW FULL PROCESSLIST` shows what runs now, for how long, and what waits",
            "End what holds the others up, or have `EXPLAIN` show why the query reads so much",
            "Look at load, memory and disks of {host}",
        ),
    ),
    Rule(
        type="login_refused",
        checks=DATABASES,
        codes=frozenset({"login_refused"}),
        title="Let the check log in to {place} again",
        description="The server is up, and does not let this user in, so nothing is known about the database.",
        cause="The password was changed, the user is gone or locked, or it may not come from here.",
        actions=(
            "Look at the server's own words in the check's message: password, user, address or database",
            "Where the password was changed, give the check the new one",
            "{postgresql}: `pg_hba.conf` says who may come from where, with TLS or without; reload the server after it",
            "{mysql}: `SELECT user, host, account_locked FROM mysql.user` shows who may come from where",
        ),
    ),
    Rule(
        type="no_database",
        checks=DATABASES,
        codes=frozenset({"no_database"}),
        title="Bring back the missing database of {place}",
        description="The server is up, and there is no database of this name on it.",
        cause="The database was dropped or renamed, was never made on this server, or the check's URL names another.",
        actions=(
            "{postgresql}: `SELECT datname FROM pg_database` shows which there are",
            "{mysql}: `SHOW DATABASES` shows which there are",
            "Where it was dropped, restore it from its backup; where it moved, correct the check's URL",
        ),
    ),
    Rule(
        type="connections",
        checks=DATABASES,
        codes=frozenset({"connections"}),
        phrases=phrases(
            "too many connections",
            "connections exhausted",
            "connection pool",
            "max connections",
            "rejected connections",
        ),
        title="Free connections of {place}",
        description="New clients are turned away while all places are taken.",
        cause="Clients open more connections than there are places for, or do not give them back.",
        actions=(
            _POSTGRES_CONNECTIONS,
            "{mysql}: `SHOW PROCESSLIST` shows who holds them",
            "End idle ones, and limit the pools of the clients; raise the limit last",
        ),
    ),
    Rule(
        type="database_not_ready",
        checks=DATABASES,
        codes=frozenset({"not_ready"}),
        title="Look after the start of {place}",
        description="The server runs, and takes no connection now.",
        cause="The server on {host} starts, recovers after a crash, or shuts down; or a pooler before it reaches none.",
        actions=(
            "Look at the end of the server's log: it says what it does, and how far it is",
            "On {machine}: `df -h` shows whether there is room; without, a server does not come back",
            "Where it recovers, let it: a restart makes it begin again",
        ),
    ),
    Rule(
        type="other_service",
        checks=DATABASES,
        codes=frozenset({"other_service"}),
        title="Find out what listens at {place}",
        description="Something takes connections there, and it is not the database server that should.",
        cause="The port of {host} is another service's, a proxy answers in its place, or the check's URL is wrong.",
        actions=(
            "On {machine}: `ss -ltnp` shows which program listens on this port",
            "Correct host and port of the check, or what stands in front of the server",
        ),
    ),
    Rule(
        type="query_failed",
        checks=DATABASES,
        codes=frozenset({"query_failed"}),
        title="Find out what made a query of {place} fail",
        description="The server took the query, and could not finish it.",
        cause="The server on {host} is short of memory or room, waits for a lock, or finds its data damaged.",
        actions=(
            "Look at the server's own words in the check's message, and at the end of its log",
            "On {machine}: `df -h` and `free -m` show whether it is short of anything",
            "Where it speaks of damage (a bad page, a crashed table), stop writing and look at the backups first",
        ),
    ),
    Rule(
        type="bad_query",
        checks=DATABASES,
        codes=frozenset({"bad_query", "no_permission"}),
        title="Correct what the check asks {place}",
        description="The login went well, and the query cannot be answered as it is, so nothing is known.",
        cause="The query is mistyped or changes something, what it reads was renamed, or the user may not read it.",
        actions=(
            "Run the check's query by hand, as the same user",
            "Look at what was changed in the schema last",
            "Grant the user SELECT on what the query reads, and nothing else",
        ),
    ),
    Rule(
        type="deadlocks",
        phrases=phrases("deadlock", "deadlocks", "dead lock", "dead locks", "locks acquired", "lock waits"),
        title="Find the transactions of {place} that block each other",
        description="The server ends one of them each time, and whoever asked for it gets an error.",
        cause="Transactions take the same rows or tables in different orders, or keep them for too long.",
        actions=(
            "Look in the server's log: it names both queries of each deadlock",
            _POSTGRES_QUERIES,
            "{mysql}: `SHOW ENGINE INNODB STATUS` shows the last one",
            "Have the application take locks in one order and end transactions soon, and try again what was ended",
        ),
    ),
    Rule(
        type="vacuum",
        phrases=phrases("dead tuples", "vacuum", "vacuumed", "autovacuum", "bloat", "bloated", "wraparound"),
        title="Let the tables of {place} be cleaned up",
        description="Rows that nobody needs any more take room, and slow down every query that passes them.",
        cause="A transaction is open for too long, or autovacuum does not keep up with what is written.",
        actions=(
            "{postgresql}: `SELECT relname, n_dead_tup, last_autovacuum FROM pg_stat_user_tables` shows which tables",
            _POSTGRES_QUERIES,
            "End what is open for hours, then `VACUUM (VERBOSE, ANALYZE)` the table; give autovacuum more room",
        ),
    ),
)
