"""The checks of databases against real servers: what they see, what it means, and what they leave behind."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from pydantic_core import ValidationError

from runner.checks import CHECKS
from runner.checks.judging import Judged, examine
from runner.checks.queried import Queried
from runner.errors import TimedOut
from runner.results import Verdict
from runner.secrets import Foreign, Sealed, Secret, reveal
from runner.spec import Template
from runner.validators import problems
from tests.doors.conftest import silent
from tests.servers import ENCODED, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.scope import Scope
    from tests.conftest import Ended
    from tests.doors.conftest import Serve
    from tests.servers import Private

WRONG: Final = "hunter2%40hunter2"
CHECK: Final = {"postgresql": "postgres", "mysql": "mysql"}
both = pytest.mark.parametrize("server", CHECK, indirect=True)
every_kind = pytest.mark.parametrize("kind", CHECK)


def read(kind: str, **config: Any) -> Queried:  # noqa: ANN401 - as a file has it
    found = CHECKS.read({"type": CHECK[kind], **config})
    assert isinstance(found, Queried)
    return found


def judged(server: Private, scope: Scope, **config: Any) -> Judged:  # noqa: ANN401 - as a file has it
    return examine(read(server.kind, **{"url": server.url(), "confirm": {"tries": 1}, **config}), scope)


def called(server: Private, database: str = "shop") -> str:
    return f"{server.kind} at 127.0.0.1:{server.port}/{database}"


def refused(kind: str, **config: Any) -> tuple[tuple[str | int, ...], str, str, str]:  # noqa: ANN401 - as a file has it
    """Return the one problem of a check: its place, code, sentence and hint."""
    with pytest.raises(ValidationError) as caught:
        read(kind, **{"url": f"{kind}://db/shop", **config})
    (line,) = problems(caught.value)
    return line["loc"], line["type"], line["msg"], line["ctx"]["hint"]


# --- what is seen ------------------------------------------------------------------------------------


@both
def test_a_server_that_answers_is_ok_and_its_times_are_told(server: Private, scope: Scope) -> None:
    result = judged(server, scope)
    assert (result.verdict, result.code, result.seen.unit) == (Verdict.OK, "", "s")
    assert re.fullmatch(re.escape(called(server)) + r" answered 1 in [\d.]+m?s", result.message)
    metrics = result.seen.metrics
    assert list(metrics) == ["connect_ms", "query_ms", "rows", "answer"]
    assert (metrics["rows"], metrics["answer"]) == (1, 1)
    total = float(str(metrics["connect_ms"])) + float(str(metrics["query_ms"]))
    assert result.seen.value == pytest.approx(total / 1000, abs=0.001)


@both
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("SELECT 40 + 2", 42),
        ("SELECT 40 + 2", "42"),
        ("SELECT 1.50", 1.5),
        ("SELECT '151'", 151),
        ("SELECT 1 = 1", True),
        ("SELECT 'λ%'", "λ%"),
        ("SELECT NULL", None),
        ("SELECT 'up' UNION ALL SELECT 'up'", "up"),
    ],
)
def test_an_answer_that_is_as_expected_is_ok(server: Private, query: str, wanted: object, scope: Scope) -> None:
    assert judged(server, scope, query=query, expect={"value": wanted}).verdict is Verdict.OK


@both
@pytest.mark.parametrize(
    ("query", "wanted", "told"),
    [
        ("SELECT 7", 5, "answered 7, expected 5"),
        ("SELECT 7", "seven", "answered 7, expected “seven”"),
        ("SELECT 'down'", "up", "answered “down”, expected “up”"),
        ("SELECT NULL", 5, "answered NULL, expected 5"),
        ("SELECT 5", None, "answered 5, expected NULL"),
        ("SELECT 1 FROM (SELECT 1 AS a) AS b WHERE a = 2", 5, "answered no row, expected 5"),
        ("SELECT 1 FROM (SELECT 1 AS a) AS b WHERE a = 2", None, "answered no row, expected NULL"),
        ("SELECT 7 UNION ALL SELECT 7", 5, "answered 7 (the first of 2 rows), expected 5"),
        ("SELECT 1 = 2", True, "answered {}, expected true"),
    ],
)
def test_an_answer_that_is_not_as_expected_is_critical(
    server: Private, query: str, wanted: object, told: str, scope: Scope
) -> None:
    result = judged(server, scope, query=query, expect={"value": wanted})
    boolean = {"postgresql": "false", "mysql": "0"}[server.kind]
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "content")
    assert result.message == f"{called(server)} {told.format(boolean)}"


@both
def test_what_is_expected_may_be_a_secret_that_no_message_shows(server: Private, scope: Scope) -> None:
    word = Secret("WORD", "open sesame")
    assert judged(server, scope, query="SELECT 'open sesame'", expect={"value": word}).verdict is Verdict.OK
    result = judged(server, scope, query="SELECT 'closed'", expect={"value": word})
    assert result.message == f"{called(server)} answered “closed”, expected «WORD»"


@both
def test_no_row_is_ok_where_nothing_is_expected(server: Private, scope: Scope) -> None:
    result = judged(server, scope, query="SELECT 1 FROM (SELECT 1 AS a) AS b WHERE a = 2")
    assert (result.verdict, result.seen.metrics["rows"], result.seen.metrics["answer"]) == (Verdict.OK, 0, None)
    assert result.message.startswith(f"{called(server)} answered no row in ")


# --- thresholds --------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("thresholds", "verdict", "told"),
    [
        ({"warning": 100, "critical": 200}, Verdict.WARNING, ", above 100"),
        ({"critical": 119.5}, Verdict.CRITICAL, ", above 119.5"),
        ({"critical": {"below": 121}}, Verdict.CRITICAL, ", below 121"),
        ({"warning": {"outside": [0, 50]}}, Verdict.WARNING, ", outside 0 to 50"),
        ({"warning": 120}, Verdict.OK, ""),
    ],
)
def test_a_number_judges_the_answer(
    server: Private, thresholds: dict[str, Any], verdict: Verdict, told: str, scope: Scope
) -> None:
    result = judged(server, scope, query="SELECT 120", **thresholds)
    assert (result.verdict, result.message) == (verdict, f"{called(server)} answered 120{told}")
    assert (result.seen.value, result.seen.unit) == (120.0, "")


@both
@pytest.mark.parametrize("threshold", ["100ms", {"above": "100ms"}, {"outside": ["1ms", "100ms"]}])
def test_a_duration_judges_the_time_whatever_the_answer(server: Private, threshold: object, scope: Scope) -> None:
    query = {"postgresql": "SELECT 120, pg_sleep(0.2)", "mysql": "SELECT 120, SLEEP(0.2)"}[server.kind]
    result = judged(server, scope, query=query, warning=threshold)
    assert (result.verdict, result.seen.unit) == (Verdict.WARNING, "s")
    assert result.seen.value is not None
    assert 0.2 < result.seen.value < 5
    assert re.fullmatch(
        re.escape(called(server)) + r" answered 120 in \d+m?s, (above 100ms|outside 1ms to 100ms)", result.message
    )


def test_a_span_of_time_is_judged_in_seconds(private_postgres: Private, private_mysql: Private, scope: Scope) -> None:
    for server, query in (
        (private_postgres, "SELECT interval '90 seconds'"),
        (private_mysql, "SELECT TIMEDIFF('00:02:00', '00:00:30')"),
    ):
        result = judged(server, scope, query=query, critical=60)
        assert (result.verdict, result.message) == (
            Verdict.CRITICAL,
            f"{called(server)} answered 0:01:30, above 60",
        )


@both
@pytest.mark.parametrize(
    ("query", "came"),
    [
        ("SELECT 1 FROM (SELECT 1 AS a) AS b WHERE a = 2", "no row"),
        ("SELECT NULL", "NULL"),
        ("SELECT 'many'", "“many”"),
    ],
)
def test_what_is_no_number_cannot_be_held_against_one(server: Private, query: str, came: str, scope: Scope) -> None:
    result = judged(server, scope, query=query, warning=1)
    assert (result.verdict, result.code, result.seen.value) == (Verdict.UNKNOWN, "unreadable", None)
    assert result.message == (
        f"{called(server)} answered {came}, which is no number that a threshold could judge: have the query bring one"
    )


@every_kind
@pytest.mark.parametrize(("warning", "critical"), [("1s", 100), (1, "100s"), ({"below": 1}, {"outside": ["1s", "2s"]})])
def test_thresholds_on_the_answer_and_on_the_time_are_not_mixed(kind: str, warning: object, critical: object) -> None:
    assert refused(kind, warning=warning, critical=critical) == (
        ("warning",),
        "E208",
        "one threshold judges the answer, the other the time",
        "give both as numbers, or both as durations",
    )


@every_kind
def test_durations_in_the_wrong_order_are_refused(kind: str) -> None:
    assert refused(kind, warning="3s", critical="1s") == (
        ("warning",),
        "E207",
        "a warning above 3s never comes before critical above 1s",
        "swap them",
    )


@every_kind
def test_the_ends_of_a_range_are_of_one_kind(kind: str) -> None:
    assert refused(kind, critical={"outside": [1, "2s"]}) == (
        ("critical", "outside"),
        "E204",
        "outside takes two numbers or two durations",
        "a number judges the answer, a duration the time that it takes",
    )


# --- what goes wrong ---------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("user", "password", "database"),
    [("app", "wrong", "shop"), ("nobody", ENCODED, "shop")],
    ids=["password", "user"],
)
def test_a_login_that_is_refused_is_unknown(
    server: Private, user: str, password: str, database: str, scope: Scope
) -> None:
    url = server.url(user=user, password=password, database=database)
    result = judged(server, scope, url=url)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "login_refused")
    assert result.message.startswith(f"{called(server)} refuses the login of {user}: ")


def test_a_database_that_is_not_there_is_critical(private_postgres: Private, scope: Scope) -> None:
    result = judged(private_postgres, scope, url=private_postgres.url(database="nope"))
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "no_database")


@every_kind
def test_a_refused_connection_is_critical_once_it_is_confirmed(kind: str, closed_port: int, scope: Scope) -> None:
    check = read(kind, url=f"{kind}://u:p@127.0.0.1:{closed_port}/shop", confirm={"tries": 2, "pause": "10ms"})
    result = examine(check, scope)
    assert (result.verdict, result.code, result.tries) == (Verdict.CRITICAL, "connection_refused", 2)
    assert result.message == f"connection refused by {kind} at 127.0.0.1:{closed_port}/shop (failed 2 of 2 tries)"


@every_kind
def test_another_service_is_critical(kind: str, serve: Serve, scope: Scope) -> None:
    port = serve(lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n"))
    check = read(kind, url=f"{kind}://u:p@127.0.0.1:{port}/shop", confirm={"tries": 1})
    result = examine(check, scope)
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "other_service")


@both
def test_a_certificate_that_does_not_convince_is_critical(server: Private, scope: Scope) -> None:
    more = {"postgresql": "?sslmode=verify-full&sslrootcert=", "mysql": "?ssl_mode=VERIFY_IDENTITY&ssl_ca="}
    result = judged(server, scope, url=server.url(more[server.kind] + server.ca))
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "wrong_name")


@both
@pytest.mark.parametrize(
    "query", ["SELEC 1", "CREATE TABLE a (b INT)", "SELECT 1; SELECT 2", "SELECT * FROM nope", "COMMIT"]
)
def test_a_query_that_cannot_be_answered_is_unknown(server: Private, query: str, scope: Scope) -> None:
    result = judged(server, scope, query=query)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "bad_query")
    assert called(server) in result.message


@both
def test_a_query_that_never_ends_is_stopped_at_the_limit_of_the_check(server: Private, scope: Scope) -> None:
    query = {"postgresql": "SELECT pg_sleep(60)", "mysql": "SELECT SLEEP(60)"}[server.kind]
    began = time.monotonic()
    result = judged(server, scope, query=query, timeout="700ms")
    assert 0.7 < time.monotonic() - began < 0.7 + 0.5
    assert (result.verdict, result.code) == (Verdict.CRITICAL, "timed_out")
    assert result.message == f"{called(server)} did not answer the query within 700ms"


@every_kind
def test_where_the_time_of_the_node_is_over_the_check_says_nothing(
    kind: str, serve: Serve, make_scope: Callable[..., Scope]
) -> None:
    port = serve(silent)
    check = read(kind, url=f"{kind}://u:p@127.0.0.1:{port}/shop", timeout="20s")
    with pytest.raises(TimedOut):
        examine(check, make_scope(seconds=0.3))


# --- what a payload may not do -----------------------------------------------------------------------


@both
def test_a_url_out_of_a_payload_leads_to_no_private_address(server: Private, scope: Scope) -> None:
    url = Foreign(server.url())
    result = judged(server, scope, url=url)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "refused_address")
    assert judged(server, replace(scope, allow_hosts=frozenset({"127.0.0.1"})), url=url).verdict is Verdict.OK


@every_kind
def test_a_host_that_is_allowed_does_not_hide_another_behind_it(kind: str, closed_port: int, scope: Scope) -> None:
    """Others would take what stands before the first slash for the host."""
    url = Foreign(f"{kind}://u:p@db.example/x@127.0.0.1:{closed_port}/shop")
    check = read(kind, url=url, confirm={"tries": 1})
    result = examine(check, replace(scope, allow_hosts=frozenset({"db.example"})))
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "refused_address")
    assert result.message.startswith(f"127.0.0.1:{closed_port} is not connected to: ")


@every_kind
def test_text_of_a_payload_may_not_stand_in_a_query(kind: str) -> None:
    assert refused(kind, query=Foreign("SELECT 1")) == (
        ("query",),
        "E204",
        "the query holds text of a payload or of an earlier node, which could make it ask something else",
        "write it without, or take the text from an input",
    )


# --- what it is called -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "url", "name", "subject"),
    [
        ("postgresql", "postgresql://u:p@db.example/shop", "postgres_db_example_shop", "db.example:5432/shop"),
        ("postgresql", "postgres://u:p@db:6432/shop", "postgres_db_6432_shop", "db:6432/shop"),
        ("postgresql", "postgresql://db", "postgres_db", "db:5432"),
        ("postgresql", "postgresql:///x?host=/run/pg", "postgres_run_pg_x", "web-1:/run/pg, database x"),
        ("mysql", "mariadb://u:p@[::1]/shop", "mysql_1_shop", "[::1]:3306/shop"),
        ("mysql", Secret("DB", "mysql://u:p@db/shop"), "mysql_db_shop", "db:3306/shop"),
        ("mysql", Sealed(("mysql://u:", Secret("P", "p@p"), "@db/shop")), "mysql_db_shop", "db:3306/shop"),
    ],
)
def test_the_name_and_the_subject_say_which_database_and_not_who_asks(
    kind: str, url: object, name: str, subject: str, scope: Scope
) -> None:
    check = read(kind, url=url)
    assert (check.default_name, check.subject(scope)) == (name, subject)


@every_kind
def test_a_dry_run_says_what_would_be_asked_and_whom(kind: str) -> None:
    check = read(kind, url=f"{kind}://u:hunter2@db/shop", query="SHOW  TABLES\nLIKE 'a'")
    port = {"postgresql": 5432, "mysql": 3306}[kind]
    assert check.task == f"ask {kind} at db:{port}/shop `SHOW TABLES LIKE 'a'`"
    assert check.late("10s") == f"{kind} at db:{port}/shop did not answer `SHOW TABLES LIKE 'a'` within 10s"
    assert read(kind, url=f"{kind}://db", query="x" * 99).task == f"ask {kind} at db:{port} `{'x' * 79}…`"


@every_kind
def test_a_url_that_is_not_known_yet_is_shown_as_it_is_written_without_who_logs_in(kind: str, scope: Scope) -> None:
    check = read(kind, url=Template(f"{kind}://u:hunter2@{{{{ inputs.host }}}}/shop"))
    assert check.task == f"ask {kind}://…@{{{{ inputs.host }}}}/shop `select 1`"
    assert (check.default_name, check.subject(scope)) == (None, f"{kind}://…@{{{{ inputs.host }}}}/shop")
    assert [(one.name, reveal(one)) for one in check.secrets()] == [("password", "hunter2")]


@every_kind
@pytest.mark.parametrize(
    ("url", "passwords"),
    [
        ("{}://u:hunter2@db/shop", ["hunter2"]),
        ("{}://u:hun%40ter2@db/shop", ["hun@ter2"]),
        ("{}://u@db/shop", []),
        (Template("{}://u:{{ inputs.word }}@db/shop"), []),
        (Template("{{ inputs.url }}"), []),
    ],
)
def test_the_password_of_a_url_is_a_credential(kind: str, url: str, passwords: list[str]) -> None:
    given = type(url)(url.replace("{}", kind))
    assert [reveal(one) for one in read(kind, url=given).secrets()] == passwords


@every_kind
def test_the_password_within_a_secret_is_a_credential_of_its_own(kind: str) -> None:
    check = read(kind, url=Secret("SHOP_DB", f"{kind}://u:hunter2@db/shop"))
    assert [reveal(one) for one in check.secrets()] == ["hunter2"]


# --- what is refused ---------------------------------------------------------------------------------


def test_each_check_asks_its_own_kind_of_server() -> None:
    assert refused("postgresql", url="mysql://db/shop") == (
        ("url",),
        "E204",
        "this is the URL of a MySQL server",
        "use the check mysql",
    )
    assert refused("mysql", url="postgres://db/shop") == (
        ("url",),
        "E204",
        "this is the URL of a PostgreSQL server",
        "use the check postgres",
    )


@every_kind
@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("hunter2", "this text is no URL of a database — write postgresql://user:password@host/database"),
        (
            "sqlite:///shop.db",
            "this is the URL of a file, not of a server — write postgresql://user:password@host/database",
        ),
    ],
)
def test_a_secret_that_is_of_no_use_is_unknown_and_not_shown(kind: str, secret: str, told: str, scope: Scope) -> None:
    check = read(kind, url=Secret("SHOP_DB", secret))
    result = examine(check, scope)
    assert (result.verdict, result.code) == (Verdict.UNKNOWN, "bad_url")
    assert result.message == f"the url of this check is of no use: {told}"
    assert (check.task, check.subject(scope)) == ("ask «SHOP_DB» `select 1`", "«SHOP_DB»")


@every_kind
@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"query": " \n"}, (("query",), "E204", "there is no query", "leave it out for select 1")),
        (
            {"expect": {"value": [1]}},
            (
                ("expect", "value"),
                "E202",
                "expected a single value, got a list",
                "write a text, a number, true, false or null",
            ),
        ),
        ({"expect": {}}, (("expect", "value"), "E201", 'missing key "value"', 'add "value"')),
        (
            {"expect": {"value": 1, "valu": 1}},
            (("expect", "valu"), "E203", 'unknown key "valu"', 'did you mean "value"?'),
        ),
        ({"qery": "SELECT 1"}, (("qery",), "E203", 'unknown key "qery"', 'did you mean "query"?')),
        (
            {"critical": "many"},
            (
                ("critical",),
                "E202",
                'expected a duration, got "many"',
                'write it with a unit, like "30s", "5m" or "1h30m"',
            ),
        ),
    ],
)
def test_mistakes_are_told_with_what_to_do(
    kind: str, config: dict[str, Any], problem: tuple[tuple[str, ...], str, str, str]
) -> None:
    assert refused(kind, **config) == problem


# --- a whole run -------------------------------------------------------------------------------------


@both
def test_a_whole_run_leaves_the_password_nowhere(server: Private, cli: Callable[..., Ended], tmp_path: Path) -> None:
    kind, wrong = CHECK[server.kind], server.url(password=WRONG)
    (tmp_path / "d.yaml").write_text(
        f"""\
version: "1.0"
secrets: [SHOP_DB]
nodes:
  - id: look
    type: context
    config:
      checks:
        - {{type: {kind}, name: well, url: "{{{{ secrets.SHOP_DB }}}}", query: SELECT 40 + 2, expect: {{value: 42}}}}
        - {{type: {kind}, name: ill, url: "{wrong}", confirm: {{tries: 1}}}}
  - {{id: think, type: intelligence, config: {{provider: local}}}}
  - {{id: tell, type: notify, config: {{driver: log}}}}
"""
    )
    arguments = ("--config", "d.yaml", "--json", "--results", "r.json", "--summary", "s.md")
    ended = cli(*arguments, env={"SHOP_DB": server.url()})
    assert ended.code == 5, ended.err
    results = json.loads(ended.out)["node_results"]["look"]["output"]["results"]
    assert [results[name]["verdict"] for name in ("well", "ill")] == ["ok", "unknown"]
    assert results["well"]["metrics"]["answer"] == 42
    assert results["ill"]["subject"] == f"127.0.0.1:{server.port}/shop"
    written = ended.out + ended.err + (tmp_path / "r.json").read_text() + (tmp_path / "s.md").read_text()
    assert "Let the check log in to" in written
    for word in (PASSWORD, ENCODED, "hunter2"):
        assert word not in written
    planned = cli(*arguments[:2], "--dry-run")
    assert planned.code == 0, planned.err
    assert "hunter2" not in planned.out + planned.err
    assert f"would check {kind} well: ask «SHOP_DB» `SELECT 40 + 2`" in planned.out
