"""What a MySQL or MariaDB database answers, and how fast."""

from __future__ import annotations

from typing import ClassVar

from runner.checks.queried import Queried
from runner.records import record


@record
class Mysql(Queried):
    """Connect to a MySQL or MariaDB database and ask it something; hold the answer, or its time, against thresholds.

    A server that does not answer, a database that is not there, and an answer other than the expected one are
    `critical`; a login that is refused and a query that cannot be answered are `unknown`. Nothing is changed: the query
    runs in a transaction that only reads, and is stopped on the server, too, when its time is up.
    """

    type: ClassVar[str] = "mysql"
    kind: ClassVar[str] = "mysql"
