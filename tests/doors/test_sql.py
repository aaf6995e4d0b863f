"""The door to database servers, against real ones: who is let in and who is not, and by which certificates."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
import sqlalchemy

from runner.deadline import Deadline
from runner.doors.net import Net
from runner.doors.sql import Sql
from runner.errors import NodeError, Refused, Unreachable
from runner.spec.databases import database_url
from tests.checks.tls_server import NOW
from tests.doors.databases import (
    DENIED,
    KINDS,
    WRONG,
    both,
    every_kind,
    failure,
    fault,
    mysql_that_answers,
    postgresql_that_wants_the_password,
    said,
    shown,
    while_asked,
)
from tests.servers import PASSWORD, Private, mysql, postgres

if TYPE_CHECKING:
    from pathlib import Path

    from runner.spec.databases import DatabaseUrl
    from tests.doors.conftest import Serve

# --- who is let in -----------------------------------------------------------------------------------


@both
def test_a_password_with_everything_in_it_opens_the_door(server: Private) -> None:
    with closing(Sql().connect(database_url(server.url()), Deadline(10))) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 40 + 2")
        assert cursor.fetchone() == (42,)
    raw = server.url(password=PASSWORD.replace("%", "%25"))
    assert Sql().ask(database_url(raw), "SELECT 1", Deadline(10)).row == (1,)


@both
def test_each_connection_is_a_transaction_until_it_is_committed(server: Private) -> None:
    server_url = database_url(server.url())
    for finish, rows in (("rollback", 0), ("commit", 1)):
        with closing(Sql().connect(server_url, Deadline(10))) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (a INT)")
            connection.commit()
            cursor.execute("INSERT INTO kept VALUES (1)")
            getattr(connection, finish)()
        assert Sql().ask(server_url, "SELECT count(*) FROM kept", Deadline(10)).row == (rows,)


@both
def test_a_socket_of_this_machine_leads_in_too(server: Private) -> None:
    where = {
        "postgresql": f"postgresql://app:{PASSWORD}@/shop?host={server.folder}&port={server.port}",
        "mysql": f"mysql://app:{PASSWORD}@/shop?unix_socket={server.folder}/s",
    }[server.kind]
    assert Sql().ask(database_url(where.replace("%w", "%25w")), "SELECT 1", Deadline(10)).row == (1,)


@both
def test_sqlalchemy_goes_through_the_door(server: Private) -> None:
    dialect = {"postgresql": "postgresql+psycopg://", "mysql": "mysql+pymysql://"}[server.kind]
    dial = partial(Sql().connect, database_url(server.url()), Deadline(10))
    engine = sqlalchemy.create_engine(dialect, creator=dial, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        assert connection.execute(sqlalchemy.text("SELECT :a"), {"a": "λ"}).scalar() == "λ"
    engine.dispose()


@both
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_a_known_authority_is_accepted(server: Private, host: str) -> None:
    strict = {
        ("postgresql", "localhost"): f"?sslmode=verify-full&sslrootcert={server.ca}",
        ("postgresql", "127.0.0.1"): f"?sslmode=verify-ca&sslrootcert={server.ca}",
        ("mysql", "localhost"): f"?ssl_mode=VERIFY_IDENTITY&ssl_ca={server.ca}",
        ("mysql", "127.0.0.1"): f"?ssl_mode=VERIFY_CA&ssl_ca={server.ca}",
    }[server.kind, host]
    assert encrypted(database_url(server.url(strict, host=host)))


@both
def test_the_authorities_of_the_environment_count_where_the_url_names_none(server: Private) -> None:
    more = {"postgresql": "?sslmode=verify-full", "mysql": "?ssl_mode=VERIFY_IDENTITY"}[server.kind]
    url = database_url(server.url(more, host="localhost"))
    assert encrypted(url, Sql(ca_bundle=server.ca))


@both
def test_encryption_is_taken_where_it_is_offered_and_left_out_where_that_is_asked_for(server: Private) -> None:
    plain = {"postgresql": "?sslmode=disable", "mysql": "?ssl_mode=DISABLED"}[server.kind]
    assert encrypted(database_url(server.url(user="only_tls")))
    assert not encrypted(database_url(server.url(plain)))


def encrypted(url: DatabaseUrl, door: Sql | None = None) -> bool:
    """Say whether a connection is encrypted, as the server sees it."""
    query = {
        "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        "mysql": (
            "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"
        ),
    }[url.kind]
    row = (door or Sql()).ask(url, query, Deadline(10)).row
    return row is not None and bool(row[0])


@both
def test_the_next_address_is_tried_where_one_does_not_answer(server: Private) -> None:
    def lookup(*_: object, **__: object) -> list[tuple[Any, Any, Any, str, Any]]:
        return [(0, 0, 0, "", (ip, server.port)) for ip in ("127.0.0.2", "::1", "127.0.0.1")]

    door = Sql(net=Net(lookup=lambda *given, **more: [] if more.get("flags") else lookup(*given)))
    assert door.ask(database_url(server.url(host="db.example")), "SELECT 1", Deadline(10)).row == (1,)


def test_nothing_of_the_environment_or_the_home_folder_says_who_logs_in(
    private_postgres: Private, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".postgresql").mkdir()
    shutil.copy(private_postgres.stranger, tmp_path / ".postgresql" / "root.crt")
    passwords = tmp_path / ".pgpass"
    passwords.write_text(f"*:*:*:*:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passwords.chmod(0o600)
    for name, value in {
        "HOME": str(tmp_path),
        "PGPASSFILE": str(passwords),
        "PGPASSWORD": PASSWORD,
        "PGUSER": "app",
        "PGDATABASE": "nowhere",
        "PGHOST": "nowhere.invalid",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/nowhere",
        "PGSSLCERT": "/nowhere",
        "PGSSLKEY": "/nowhere",
        "PGOPTIONS": "-cwork_mem=nonsense",
        "PGCLIENTENCODING": "LATIN1",
        "PGREQUIREAUTH": "none",
        "PGTARGETSESSIONATTRS": "standby",
    }.items():
        monkeypatch.setenv(name, value)
    for more in ("", "?sslmode=require"):
        found = Sql().ask(database_url(private_postgres.url(more)), "SELECT current_user, 'λ'", Deadline(10))
        assert found.row == ("app", "λ")
    error = failure(private_postgres.url(password=""))
    assert said(error) == (
        "login_refused",
        f"{shown(private_postgres)} refuses the login of app: it asks for a password, and its URL has none",
        NodeError,
    )


def test_who_is_not_named_is_the_user_of_this_process(serve: Serve) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name.encode()
    to_postgresql: list[bytes] = []
    to_mysql: list[bytes] = []
    failure(f"postgresql://127.0.0.1:{serve(postgresql_that_wants_the_password(to_postgresql))}/shop?sslmode=disable")
    failure(f"mysql://127.0.0.1:{serve(mysql_that_answers(DENIED, seen=to_mysql))}/shop")
    assert b"user\0" + me + b"\0" in to_postgresql[0]
    assert me + b"\0" in to_mysql[0]


def test_the_server_knows_the_runner_by_its_name(private_postgres: Private) -> None:
    url = database_url(private_postgres.url())
    assert Sql().ask(url, "SELECT current_setting('application_name')", Deadline(10)).row == ("pipeline-runner",)


# --- who is not let in -------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("user", ["app", "nobody"], ids=["wrong password", "unknown user"])
def test_a_wrong_login_is_refused_in_the_servers_words(server: Private, user: str) -> None:
    words = {
        "postgresql": f'password authentication failed for user "{user}"',
        "mysql": f"Access denied for user '{user}'@'127.0.0.1' (using password: YES)",
    }[server.kind]
    assert said(failure(server.url(user=user, password=WRONG))) == (
        "login_refused",
        f"{shown(server)} refuses the login of {user}: {words}",
        NodeError,
    )


def test_a_role_that_a_server_without_passwords_does_not_know_is_refused(shared_postgres: DatabaseUrl) -> None:
    url = replace(shared_postgres, user="nobody_at_all", password=None)
    with pytest.raises(NodeError) as caught:
        Sql().connect(url, Deadline(10))
    assert said(caught.value) == (
        "login_refused",
        f'{url} refuses the login of nobody_at_all: role "nobody_at_all" does not exist',
        NodeError,
    )


@pytest.mark.parametrize(
    ("server", "user", "more", "words"),
    [
        (
            "postgresql",
            "only_tls",
            "?sslmode=disable",
            'pg_hba.conf rejects connection for host "127.0.0.1", user "only_tls", database "shop", no encryption',
        ),
        (
            "mysql",
            "only_tls",
            "?ssl_mode=DISABLED",
            "Access denied for user 'only_tls'@'127.0.0.1' (using password: YES)",
        ),
        ("postgresql", "app", "?options=-cnonsense%3D1", 'unrecognized configuration parameter "nonsense"'),
    ],
    indirect=["server"],
)
def test_a_way_in_that_is_not_allowed_is_refused(server: Private, user: str, more: str, words: str) -> None:
    assert said(failure(server.url(more, user=user))) == (
        "login_refused",
        f"{shown(server)} refuses the login of {user}: {words}",
        NodeError,
    )


def test_a_refusal_of_the_way_without_tls_says_less_than_that_of_the_password(private_postgres: Private) -> None:
    """Where TLS is only preferred, libpq asks twice."""
    assert said(failure(private_postgres.url(user="only_tls", password=WRONG))) == (
        "login_refused",
        (
            f"{shown(private_postgres)} refuses the login of only_tls: password authentication failed for user"
            ' "only_tls"'
        ),
        NodeError,
    )


def test_a_database_that_is_not_there_is_said_to_be_missing(private_postgres: Private, private_mysql: Private) -> None:
    assert said(failure(private_postgres.url(database="nope"))) == (
        "no_database",
        f'{shown(private_postgres, "")} has no database nope: database "nope" does not exist',
        NodeError,
    )
    private_mysql.do("GRANT SELECT ON *.* TO reader@'%'")
    assert said(failure(private_mysql.url(user="reader", database="nope"))) == (
        "no_database",
        f"{shown(private_mysql, '')} has no database nope: Unknown database 'nope'",
        NodeError,
    )


def test_a_database_that_the_user_may_not_see_is_a_refused_login(private_mysql: Private) -> None:
    assert said(failure(private_mysql.url(database="mysql"))) == (
        "login_refused",
        (
            f"{shown(private_mysql, 'mysql')} refuses the login of app: Access denied for user 'app'@'%' to database"
            " 'mysql'"
        ),
        NodeError,
    )


def test_a_database_that_the_user_may_not_connect_to_is_a_refused_login(private_postgres: Private) -> None:
    private_postgres.do("CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM public")
    error = failure(private_postgres.url(database="closed"))
    private_postgres.do("DROP DATABASE closed")
    assert said(error) == (
        "login_refused",
        f'{shown(private_postgres, "closed")} refuses the login of app: permission denied for database "closed"',
        NodeError,
    )


@every_kind
def test_where_nobody_listens_the_connection_is_refused(kind: str, free_port: int) -> None:
    assert said(failure(f"{kind}://u:p@127.0.0.1:{free_port}/shop")) == (
        "connection_refused",
        f"connection refused by {kind} at 127.0.0.1:{free_port}/shop",
        Unreachable,
    )


@every_kind
def test_a_host_that_has_no_address_is_said_to_have_none(kind: str) -> None:
    assert said(failure(f"{kind}://u:p@nowhere.invalid/shop")) == (
        "not_resolved",
        "the name nowhere.invalid does not resolve: there is no such name",
        Unreachable,
    )


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql:///shop?host=/nowhere", "postgresql at /nowhere, database shop"),
        ("mysql:///shop?unix_socket=/nowhere/s", "mysql at /nowhere/s, database shop"),
    ],
    ids=KINDS,
)
def test_a_socket_that_is_not_there_cannot_be_reached(url: str, where: str) -> None:
    assert said(failure(url)) == ("unreachable", f"{where} cannot be reached: no such file or directory", Unreachable)


@every_kind
def test_what_a_payload_names_leads_to_no_private_address_and_no_socket(kind: str) -> None:
    for text, where in (
        (f"{kind}://u:p@127.0.0.1:9/shop", "127.0.0.1:9 is not connected to: private, loopback, link-local and"),
        (f"{kind}://u:p@[::ffff:10.0.0.1]:9/shop", "[::ffff:10.0.0.1]:9 is not connected to: private, loopback,"),
        (f"{kind}://u:p@%2Frun/shop", "/run is not connected to: sockets of this machine are refused"),
    ):
        with pytest.raises(Refused) as caught:
            Sql().connect(database_url(text), Deadline(5), trusted=False)
        assert caught.value.code == "refused_address"
        assert caught.value.message.startswith(where)


def test_places_that_are_taken_are_said_to_be_taken(private_postgres: Private, private_mysql: Private) -> None:
    for server, places, words in (
        (private_postgres, 9, "remaining connection slots are reserved for"),
        (private_mysql, 10, "Too many connections"),
    ):
        with ExitStack() as stack:
            for _ in range(places):
                stack.enter_context(closing(Sql().connect(database_url(server.url()), Deadline(10))))
            error = failure(server.url())
        assert (error.code, type(error)) == ("not_ready", Unreachable)
        assert error.message.startswith(f"{shown(server)} takes no connection now: {words}")


def test_a_user_who_has_enough_connections_gets_no_more(private_mysql: Private) -> None:
    url = private_mysql.url(user="busy")
    with closing(Sql().connect(database_url(url), Deadline(10))):
        assert said(failure(url)) == (
            "not_ready",
            (
                f"{shown(private_mysql)} takes no connection now: User 'busy' has exceeded the 'max_user_connections'"
                " resource (current value: 1)"
            ),
            Unreachable,
        )


def test_a_postgresql_that_shuts_down_says_so_and_one_without_tls_does_too() -> None:
    with postgres(tls=False) as server:
        url = database_url(server.url())
        assert said(failure(server.url("?sslmode=require"))) == (
            "tls",
            f"{shown(server)} offers no TLS, and its URL asks for it",
            NodeError,
        )

        def shut_down() -> None:
            server.process.send_signal(signal.SIGTERM)  # it waits for who is there
            time.sleep(0.3)
            assert said(failure(server.url())) == (
                "not_ready",
                f"{shown(server)} takes no connection now: the database system is shutting down",
                Unreachable,
            )
            server.process.send_signal(signal.SIGINT)  # and now for nobody

        assert said(while_asked(url, "SELECT pg_sleep(20)", shut_down)) == (
            "connection_lost",
            f"connection to {shown(server)} lost: terminating connection due to administrator command",
            Unreachable,
        )


def test_a_mariadb_that_shuts_down_breaks_with_who_is_there_and_one_without_tls_says_so() -> None:
    with mysql(tls=False) as server:
        assert said(failure(server.url("?ssl_mode=REQUIRED"))) == (
            "tls",
            f"{shown(server)} offers no TLS, and its URL asks for it",
            NodeError,
        )
        error = while_asked(
            database_url(server.url()), "SELECT SLEEP(20)", lambda: server.process.send_signal(signal.SIGTERM)
        )
        assert (error.code, type(error)) == ("connection_lost", Unreachable)
        assert error.message.startswith(f"connection to {shown(server)} lost: ")


# --- TLS ---------------------------------------------------------------------------------------------


STRICT: Final = {
    "postgresql": "?sslmode=verify-full&sslrootcert={}",
    "mysql": "?ssl_mode=VERIFY_IDENTITY&ssl_ca={}",
}
OPTION: Final = {"postgresql": "sslrootcert", "mysql": "ssl_ca"}


@both
def test_a_certificate_of_a_strange_authority_is_refused(server: Private) -> None:
    error = failure(server.url(STRICT[server.kind].format(server.stranger), host="localhost"))
    words = {
        "incomplete_chain": "comes without that of its issuer, which is not known here either",
        "unknown_root": "leads to an authority that is not trusted here",
    }[error.code]
    assert (error.message, type(error)) == (
        (
            f"the certificate of {server.kind} at localhost:{server.port}/shop {words}: name the file of its authority"
            f" in {OPTION[server.kind]} of the URL"
        ),
        NodeError,
    )


@both
def test_without_an_authority_in_the_url_those_of_the_system_count(server: Private) -> None:
    more = {"postgresql": "?sslmode=verify-full&sslrootcert=system", "mysql": "?ssl_mode=VERIFY_CA"}[server.kind]
    assert failure(server.url(more)).code in {"incomplete_chain", "unknown_root"}


@both
def test_a_certificate_for_another_name_is_refused(server: Private) -> None:
    assert said(failure(server.url(STRICT[server.kind].format(server.ca)))) == (
        "wrong_name",
        (
            f"the certificate of {shown(server)} is for another name: have the server use one that names 127.0.0.1,"
            " or ask for a name that it is for"
        ),
        NodeError,
    )


@both
def test_a_certificate_that_has_expired_is_said_to_have(server: Private) -> None:
    day = timedelta(days=1)
    old = server.authority.issue_cert("localhost", not_before=NOW - 9 * day, not_after=NOW - day)
    with server.showing(old):
        error = failure(server.url(STRICT[server.kind].format(server.ca), host="localhost"))
    assert said(error) == (
        "expired",
        (
            f"the certificate of {server.kind} at localhost:{server.port}/shop has expired, or one that vouches for it"
            " has: renew it, and have the server load the new one"
        ),
        NodeError,
    )
    assert encrypted(database_url(server.url(STRICT[server.kind].format(server.ca), host="localhost")))


@pytest.mark.parametrize(
    ("server", "more", "words"),
    [
        ("postgresql", "?sslmode=verify-ca&sslrootcert=/nope", 'root certificate file "/nope" does not exist'),
        ("mysql", "?ssl_ca=/nope", "/nope: No such file or directory"),
        ("mysql", "?ssl_cert=/nope", "/nope: No such file or directory"),
        ("mysql", "?ssl_ca=/etc/hostname", "no certificate or crl found"),
    ],
    indirect=["server"],
)
def test_files_that_cannot_be_read_are_said_to_be_at_fault(server: Private, more: str, words: str) -> None:
    error = failure(server.url(more))
    assert (error.code, type(error)) == ("invalid_config", NodeError)
    assert error.message.lower() == f"the certificates for {shown(server)} cannot be read: {words}".lower()


def test_a_folder_of_authorities_is_none_for_postgresql(private_postgres: Private, tmp_path: Path) -> None:
    error = failure(private_postgres.url("?sslmode=verify-full"), door=Sql(ca_bundle=str(tmp_path)))
    assert said(error) == (
        "invalid_config",
        (
            f"the certificates for {shown(private_postgres)} cannot be read: {tmp_path} is a folder; name a file in"
            " sslrootcert of the URL"
        ),
        NodeError,
    )


def test_a_mysql_that_wants_tls_of_everybody_says_so(serve: Serve) -> None:
    words = "Connections using insecure transport are prohibited while --require_secure_transport=ON."
    port = serve(mysql_that_answers(fault(3159, words)))
    assert said(failure(f"mysql://app:p@127.0.0.1:{port}/shop?ssl_mode=DISABLED")) == (
        "tls",
        f"mysql at 127.0.0.1:{port}/shop takes no connection without TLS, and its URL asks for none: {words}",
        NodeError,
    )


def test_a_charset_that_is_none_is_said_to_be_none(private_mysql: Private) -> None:
    assert said(failure(private_mysql.url("?charset=klingon"))) == (
        "invalid_config",
        (
            f"the charset in the URL of {shown(private_mysql)} is none that there is: leave it out, or write"
            " charset=utf8mb4"
        ),
        NodeError,
    )
