"""What a PostgreSQL database answers, and how fast."""

from __future__ import annotations

from typing import ClassVar

from runner.checks.queried import Queried
from runner.records import record


@record
class Postgres(Queried):
    """Connect to a PostgreSQL database and ask it something; hold the answer, or the time it takes, against thresholds.

    A server that does not answer, a database that is not there, and an answer other than the expected one are
    `critical`; a login that is refused and a query that cannot be answered are `unknown`. Nothing is changed: the query
    runs in a transaction that only reads, and is stopped on the server, too, when its time is up.
    """

    type: ClassVar[str] = "postgres"
    kind: ClassVar[str] = "postgresql"
