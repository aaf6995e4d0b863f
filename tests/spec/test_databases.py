"""URLs of databases: every form that people have, and no word of a password in what is said of a wrong one."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.secrets import Sealed, Secret, reveal
from runner.spec import Invalid, Template
from runner.spec.databases import DatabaseUrl, database_url, readable_url

WRITE = "write postgresql://user:password@host/database"
UNKNOWN = "what this URL begins with is no kind of database"
UNREADABLE = (
    "the host of this database URL cannot be read",
    f"{WRITE}, an IPv6 address in brackets, and in a password %40 for @, %2F for / and %3F for ?",
)


def parts(url: DatabaseUrl) -> tuple[str, str, int, str, str, str]:
    password = "" if url.password is None else reveal(url.password)
    return url.kind, url.host, url.port, url.user, password, url.database


def said(text: Any) -> tuple[str, str]:  # noqa: ANN401 - whatever a file has
    """What is wrong with a URL: sentence and hint."""
    with pytest.raises(Invalid) as caught:
        readable_url(text)
    return caught.value.sentence, caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://u:p@db/shop", ("postgresql", "db", 5432, "u", "p", "shop")),
        ("postgresql://u:p@db/shop", ("postgresql", "db", 5432, "u", "p", "shop")),
        ("pgsql://u:p@db/shop", ("postgresql", "db", 5432, "u", "p", "shop")),
        ("postgresql+psycopg://u:p@db:6432/shop", ("postgresql", "db", 6432, "u", "p", "shop")),
        ("postgresql+psycopg2://u:p@db/shop", ("postgresql", "db", 5432, "u", "p", "shop")),
        ("mysql://u:p@db/shop", ("mysql", "db", 3306, "u", "p", "shop")),
        ("mysql+pymysql://u:p@db/shop", ("mysql", "db", 3306, "u", "p", "shop")),
        ("mysql2://u:p@db/shop", ("mysql", "db", 3306, "u", "p", "shop")),
        ("mariadb://u:p@db:3307/shop", ("mysql", "db", 3307, "u", "p", "shop")),
        ("mariadb+mariadbconnector://u:p@db/shop", ("mysql", "db", 3306, "u", "p", "shop")),
        (" PostgreSQL://u:p@db/shop\n", ("postgresql", "db", 5432, "u", "p", "shop")),
        ("postgresql://db", ("postgresql", "db", 5432, "", "", "")),
        ("postgresql://u@db/", ("postgresql", "db", 5432, "u", "", "")),
        ("postgresql://u:@db/shop/", ("postgresql", "db", 5432, "u", "", "shop")),
        ("postgresql:///shop", ("postgresql", "localhost", 5432, "", "", "shop")),
        ("mysql://", ("mysql", "localhost", 3306, "", "", "")),
        ("postgresql://u:p@192.0.2.7:5433/shop", ("postgresql", "192.0.2.7", 5433, "u", "p", "shop")),
        ("postgresql://u:p@[2001:db8::7]/shop", ("postgresql", "2001:db8::7", 5432, "u", "p", "shop")),
        ("mysql://u:p@[::1]:3307/shop", ("mysql", "::1", 3307, "u", "p", "shop")),
        ("postgresql://m%40x:p@db/my%2Fshop%3F", ("postgresql", "db", 5432, "m@x", "p", "my/shop?")),
        ("postgresql://%2Frun%2Fpostgresql/shop", ("postgresql", "/run/postgresql", 0, "", "", "shop")),
        ("postgresql:///shop?host=/run/postgresql", ("postgresql", "/run/postgresql", 0, "", "", "shop")),
        ("postgresql://u@/shop?host=/tmp&port=6000", ("postgresql", "/tmp", 6000, "u", "", "shop")),  # noqa: S108
        (
            "postgresql:///shop?host=db&port=6000&user=u&password=a+b%20c",
            ("postgresql", "db", 6000, "u", "a+b c", "shop"),
        ),
        ("mysql://u:p@/shop?unix_socket=/run/mysqld.sock", ("mysql", "/run/mysqld.sock", 0, "u", "p", "shop")),
        ("sqlite:///health.db", ("sqlite", "", 0, "", "", "health.db")),
        ("sqlite:///var/my%20health.db", ("sqlite", "", 0, "", "", "var/my health.db")),
        ("sqlite:////var/lib/health.db", ("sqlite", "", 0, "", "", "/var/lib/health.db")),
        ("sqlite3:///health.db", ("sqlite", "", 0, "", "", "health.db")),
    ],
)
def test_every_form_that_people_have_is_read(text: str, expected: tuple[str, str, int, str, str, str]) -> None:
    assert parts(database_url(text)) == expected


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("p@ss", "p@ss"),
        ("@", "@"),
        ("a@b@c", "a@b@c"),
        ("p%40ss", "p@ss"),
        ("100%", "100%"),
        ("100%sure", "100%sure"),
        ("100%25", "100%"),
        ("a%zz%40", "a%zz@"),
        ("caf%C3%A9", "café"),
        ("%ff", "%ff"),
        ("p:q", "p:q"),
        ("a/b", "a/b"),
        ("a@b/c@d", "a@b/c@d"),
        ("what?", "what?"),
        ("a#b", "a#b"),
        ("a+b c", "a+b c"),
        ("[x]", "[x]"),
        ("a&b=c", "a&b=c"),
        ("a@h?b@c", "a@h?b@c"),
    ],
)
def test_a_password_may_hold_anything_as_it_is_or_percent_encoded(written: str, password: str) -> None:
    url = database_url(f"postgresql://u:{written}@db.example:5433/shop?sslmode=require", "SHOP_DB")
    assert parts(url) == ("postgresql", "db.example", 5433, "u", password, "shop")
    assert str(url.password) == "«password of SHOP_DB»"


def test_an_at_sign_in_an_option_does_not_end_the_password() -> None:
    url = database_url("mysql://u:p@ss@db.example/shop?ssl_ca=/etc/ca@home.pem")
    assert parts(url) == ("mysql", "db.example", 3306, "u", "p@ss", "shop")
    assert url.options == {"ssl_ca": "/etc/ca@home.pem"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("postgresql://db?sslmode=verify-full&sslrootcert=/ca@x.pem", "sslmode=verify-full sslrootcert=/ca@x.pem"),
        ("postgresql://db?sslmode=VERIFY_CA&sslcert=%2Fc&sslkey=k", "sslmode=verify-ca sslcert=/c sslkey=k"),
        ("pgsql://db?sslnegotiation=direct&channel_binding=prefer", "sslnegotiation=direct channel_binding=prefer"),
        ("postgresql://db/x?options=-cwork_mem%3D1MB&application_name=i", "options=-cwork_mem=1MB application_name=i"),
        ("postgresql://db?connect_timeout=3", "connect_timeout=3"),
        ("postgresql://db?target_session_attrs=read_write", "target_session_attrs=read-write"),
        ("postgresql://db?sslrootcert=", ""),
        ("mysql://db?ssl-mode=required&ssl-ca=/ca", "ssl_mode=REQUIRED ssl_ca=/ca"),
        ("mysql://db?ssl_mode=VERIFY_CA&ssl_cert=c&ssl_key=k", "ssl_mode=VERIFY_CA ssl_cert=c ssl_key=k"),
        ("mysql://db?sslMode=verify-identity&sslrootcert=/ca", "ssl_mode=VERIFY_IDENTITY ssl_ca=/ca"),
        ("mysql://db?ssl_verify_cert=true&charset=latin1", "ssl_mode=VERIFY_CA charset=latin1"),
        ("mysql://db?ssl_verify_identity=1", "ssl_mode=VERIFY_IDENTITY"),
        ("mysql://db?ssl_verify_identity=false&connect_timeout=3", "connect_timeout=3"),
    ],
)
def test_options_are_read_in_their_usual_spellings(text: str, options: str) -> None:
    found = database_url(text).options
    assert " ".join(f"{key}={value}" for key, value in found.items()) == options


NO_PORT = ("the port of this database URL is none", "ports go from 1 to 65535")
NO_URL = ("this text is no URL of a database", WRITE)
NO_FILE = (
    "the URL of a SQLite database names a file",
    "write sqlite:///relative/path or sqlite:////absolute/path",
)
OF_MYSQL = "known: unix_socket, ssl_mode, ssl_ca, ssl_cert, ssl_key, charset, connect_timeout"


def none_of(option: str) -> str:
    return f"the {option} of this database URL is none that there is"


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("oracle://u:p@db/x", '"oracle" is no kind of database', "known: postgresql, mysql, mariadb, sqlite"),
        ("postgresq://u:p@db/x", UNKNOWN, 'did you mean "postgresql"?'),
        ("mysq://u:p@db/x", UNKNOWN, 'did you mean "mysql"?'),
        ("db.example:5432/shop", *NO_URL),
        ("hunter2", *NO_URL),
        ("jdbc:postgresql://db/shop", *NO_URL),
        ("postgresql://u:p%00@db/shop", *NO_URL),
        ("postgresql://u:p@one,two/shop", *UNREADABLE),
        ("postgresql://u:p@::1/shop", *UNREADABLE),
        ("postgresql://u:p@db/shop#part", *UNREADABLE),
        ("postgresql://u:p@db/one/two", *UNREADABLE),
        ("postgresql://u:p@db/shop?sslmode", *UNREADABLE),
        ("postgresql://u:p@db:0/shop", *NO_PORT),
        ("postgresql://u:p@db:65536/shop", *NO_PORT),
        ("postgresql:///x?port=http", *NO_PORT),
        ("postgresql://u:12345678", *NO_PORT),
        ("postgresql://db?ssl_mode=require", '"ssl_mode" is no option of a postgresql URL', 'did you mean "sslmode"?'),
        ("mysql://db?ssl_cfg=x", '"ssl_cfg" is no option of a mysql URL', 'did you mean "ssl_ca"?'),
        ("mysql://db?tsl=x", '"tsl" is no option of a mysql URL', OF_MYSQL),
        ("postgresql://db?sslmode=requir", none_of("sslmode"), 'did you mean "require"?'),
        ("postgresql://db?channel_binding=x", none_of("channel_binding"), "known: disable, prefer, require"),
        ("mysql://db?ssl_mode=verify", none_of("ssl_mode"), 'did you mean "VERIFY_CA"?'),
        ("mysql://db?ssl_verify_cert=maybe", none_of("ssl_verify_cert"), "known: true, false, 1, 0"),
        (
            "mysql://db?connect_timeout=5s",
            "the connect_timeout of this database URL is no number of seconds",
            "write it like connect_timeout=5",
        ),
        ("sqlite:///a.db?mode=ro", "the URL of a SQLite file takes no options", "leave out what follows the ?"),
        ("sqlite://", *NO_FILE),
        ("sqlite:///:memory:", *NO_FILE),
        ("sqlite:///health.db", "this is the URL of a file, not of a server", WRITE),
        ("", "expected a text, got an empty one", "write one, or leave the key out"),
        (5432, "expected a text, got 5432", 'put it in quotes: "5432"'),
    ],
)
def test_a_wrong_url_is_refused_with_what_to_do(text: object, sentence: str, hint: str) -> None:
    assert said(text) == (sentence, hint)


@pytest.mark.parametrize("text", ["postgresql://u:hun@ter/2?a=b@db/shop", "mysql://u:hunter@2?ter=2@db"])
def test_an_option_that_may_be_a_part_of_the_password_is_not_shown(text: str) -> None:
    kind = text.partition(":")[0]
    assert said(text) == (f"what follows the ? is no option of a {kind} URL", "write @ as %40")


TAILS = ("@db/shop", "@db:99999/shop", "@db/a/b", "@one,two/x", "", "@db?sslmod=x", "@db?sslmode=x")


@given(worst=st.text(st.sampled_from("hunter2@%/?#&=:+[]_-4F0 é"), max_size=30), tail=st.sampled_from(TAILS))
@example(worst="@db/shop?hunter2=", tail="@db/x")
@example(worst="://", tail="")
def test_whatever_a_password_holds_no_message_says_it(worst: str, tail: str) -> None:
    password = f"hunter2{worst}hunter2"
    assert "hunter2" not in "".join(
        map(complaint, (f"pgsql://u:{password}{tail}", f"mysql://u:{password}{tail}", password))
    )


def complaint(text: str) -> str:
    """All that is said about a URL; nothing where it can be read."""
    try:
        readable_url(text)
    except Invalid as error:
        return f"{error} {error.sentence} {error.hint} {error.__cause__}"
    return ""


@given(password=st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_every_password_comes_back_from_its_percent_encoding(password: str) -> None:
    with suppress(UnicodeEncodeError):  # lone surrogates
        url = database_url(f"mysql://u:{quote(password, safe='')}@db/shop")
        assert parts(url) == ("mysql", "db", 3306, "u", password, "shop")


@pytest.mark.parametrize(
    ("text", "shown", "place"),
    [
        ("postgres://u:hunter2@db/shop", "postgresql at db:5432/shop", "db:5432/shop"),
        ("mysql://u:hunter2@[::1]", "mysql at [::1]:3306", "[::1]:3306"),
        ("postgresql://u:hunter2@/x?host=/run/pg", "postgresql at /run/pg, database x", "/run/pg, database x"),
        ("mysql://u:hunter2@?unix_socket=/s", "mysql at /s", "/s"),
        ("sqlite:////var/x.db", "sqlite file /var/x.db", ""),
    ],
)
def test_a_url_is_shown_without_who_logs_in(text: str, shown: str, place: str) -> None:
    url = database_url(text)
    assert str(url) == shown
    assert url.kind == "sqlite" or url.place == place
    assert "hunter2" not in repr(url)


def test_a_secret_is_read_where_it_is_used_and_a_template_waits() -> None:
    whole = Secret("SHOP_DB", "no URL at all")
    sealed = Sealed(("postgresql://u:", Secret("WORD", "p@ss"), "@db/shop"))
    template = Template("{{ inputs.url }}")
    assert [readable_url(one) for one in (whole, sealed, template)] == [whole, sealed, template]
    assert parts(database_url(sealed)) == ("postgresql", "db", 5432, "u", "p@ss", "shop")
    with pytest.raises(Invalid, match=r"^this text is no URL of a database$"):
        database_url(whole)
