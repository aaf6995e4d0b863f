"""`db channel`, as a process of its own: what is kept arrives where a channel leads, and is never printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.roles import user_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended
    from tests.databases import Store

    Cli = Callable[..., Ended]

HOOK = "https://hooks.slack.example/services/T0/B0/secretive"
TELL = """\
version: "1.0"
nodes:
  - {id: tell, type: notify, config: {channel: oncall, send: always}}
"""


def env(store: Store, **more: str) -> dict[str, str]:
    return {"PIPELINE_DATABASE_URL": store.text, **more}


def channels(store: Store) -> list[tuple[object, ...]]:
    found = store.rows("select name, driver, options, active from pipeline_channel order by name")
    return [(name, driver, json.loads(options), bool(active)) for name, driver, options, active in found]


def test_a_channel_is_set_from_a_variable_and_used_by_its_name(
    cli: Cli, store: Store, tmp_path: Path, receiver: Receiver
) -> None:
    address = f"{receiver.url}/ok/t0psecret"
    option = "endpoint=@env:OPS_URL"
    ended = cli("db", "channel", "oncall", "--driver", "generic", "--option", option, env=env(store, OPS_URL=address))
    assert (ended.code, ended.out, ended.err) == (0, "oncall: new, generic with endpoint\n", "")
    assert channels(store) == [("oncall", "generic", {"endpoint": address}, True)]
    (tmp_path / "tell.yaml").write_text(TELL)
    run = cli("--config", "tell.yaml", env=env(store))
    assert run.code == 0, run.err
    assert [one.path for one in receiver.arrived] == ["/ok/t0psecret"]
    assert "t0psecret" not in run.out + run.err


def test_the_value_may_stand_in_a_file(cli: Cli, shelf: Store, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f"{HOOK}\n")
    cli(
        *("db", "channel", "oncall", "--driver", "slack", "--option", "webhook_url=@env:HOOK"),
        env=env(shelf, HOOK_FILE="hook"),
    )
    assert channels(shelf) == [("oncall", "slack", {"webhook_url": HOOK}, True)]


def test_options_have_the_types_that_the_driver_takes(cli: Cli, shelf: Store) -> None:
    options = {
        "smtp_host": "mail.example",
        "smtp_port": "2525",
        "use_tls": "false",
        "username": "12345",
        "password": "67890",
        "from_address": "ops@shop.example",
        "to_addresses": '["a@shop.example", "b@shop.example"]',
    }
    flags = [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
    ended = cli("db", "channel", "mail", "--driver", "email", *flags, env=env(shelf))
    assert ended.code == 0, ended.err
    kept = {**options, "smtp_port": 2525, "use_tls": False}
    assert channels(shelf)[0][2] in (kept, {**kept, "to_addresses": ["a@shop.example", "b@shop.example"]})


def test_setting_takes_the_place_of_all_that_was_and_says_what_is_different(cli: Cli, store: Store) -> None:
    slack = ("db", "channel", "oncall", "--driver", "slack", "--option", "webhook_url=@env:HOOK")
    assert cli(*slack, env=env(store, HOOK=HOOK)).out == "oncall: new, slack with webhook_url\n"
    assert cli(*slack, env=env(store, HOOK=HOOK)).out == "oncall: unchanged\n"
    assert cli(*slack, env=env(store, HOOK=f"{HOOK}2")).out == "oncall: changed: webhook_url\n"
    other = ("db", "channel", "oncall", "--driver", "pagerduty", "--option", "integration_key=@env:KEY", "--json")
    told = json.loads(cli(*other, env=env(store, KEY="a-routing-key")).out)
    assert told == {"name": "oncall", "state": "changed", "changed": ["driver", "integration_key", "webhook_url"]}
    assert channels(store) == [("oncall", "pagerduty", {"integration_key": "a-routing-key"}, True)]


def test_a_credential_on_the_command_line_is_kept_with_a_warning_and_not_repeated(cli: Cli, shelf: Store) -> None:
    ended = cli("db", "channel", "oncall", "--driver", "slack", "--option", f"webhook_url={HOOK}", env=env(shelf))
    seen = "where other users of this machine and the shell's history see it"
    assert (ended.code, ended.out) == (0, "oncall: new, slack with webhook_url\n")
    assert ended.err == (
        f"warning: webhook_url stood on the command line, {seen}: better --option webhook_url=@env:NAME\n"
    )


def test_the_list_has_the_names_of_options_and_no_values(cli: Cli, store: Store) -> None:
    store.make_earlier()
    store.channel("oncall", "slack", {"webhook_url": HOOK})
    store.channel("broken", "slack", "no object", active=False)
    store.channel_earlier("ops", "email", {"smtp_host": "mail.example", "password": "hunter2hunter2"})
    ended = cli("db", "channel", env=env(store))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "NAME    DRIVER  STATE     TABLE                       OPTIONS",
        "broken  slack   inactive  pipeline_channel",
        "oncall  slack   active    pipeline_channel            webhook_url",
        "ops     email   active    notify_notificationchannel  password smtp_host",
    ]
    told = json.loads(cli("db", "channel", "--json", env=env(store)).out)
    assert told["channels"][1] == {
        "name": "oncall",
        "driver": "slack",
        "active": True,
        "options": ["webhook_url"],
        "table": "pipeline_channel",
    }
    assert HOOK not in json.dumps(told)


def test_a_channel_is_taken_out_of_use_and_into_use_and_removed(cli: Cli, store: Store) -> None:
    store.channel("oncall", "slack", {"webhook_url": HOOK})
    said = [cli("db", "channel", "oncall", f"--{flag}", env=env(store)).out for flag in ("deactivate", "deactivate")]
    assert said == ["oncall: inactive\n", "oncall: inactive already\n"]
    assert channels(store) == [("oncall", "slack", {"webhook_url": HOOK}, False)]
    assert cli("db", "channel", "oncall", "--activate", env=env(store)).out == "oncall: active\n"
    assert channels(store)[0][3] is True
    assert cli("db", "channel", "oncall", "--remove", env=env(store)).out == "oncall: removed\n"
    assert channels(store) == []
    assert cli("db", "channel", env=env(store)).out == f"{store.database} has no channels\n"


def test_a_user_who_may_only_read_lists_and_changes_nothing(cli: Cli, server: Store) -> None:
    server.channel("oncall", "slack", {"webhook_url": HOOK})
    with user_of(server, "select on pipeline_channel", "select on pipeline_schema") as url:
        listed = cli("db", "channel", env={"PIPELINE_DATABASE_URL": url})
        ended = cli("db", "channel", "oncall", "--remove", env={"PIPELINE_DATABASE_URL": url})
    assert (listed.code, len(listed.out.splitlines())) == (0, 2)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.startswith(f"error: {server.database} does not permit this: ")
    assert len(channels(server)) == 1


NO_SLACK = "this is no slack channel: "


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--driver", "slack"), 2, "--driver of which channel? — give its name"),
        (("oncall",), 2, "what of oncall? — give --driver, --activate, --deactivate or --remove"),
        (("oncall", "--remove", "--activate"), 2, "--activate and --remove are two things — do one after the other"),
        (("oncall", "--option", "a=b"), 2, "--option is of a driver — name it with --driver"),
        (("oncall", "--driver", "slck"), 2, 'unknown driver "slck" — did you mean "slack"?'),
        (("oncall", "--driver", "slack", "--option", "x"), 2, "Invalid option format: x. Use KEY=VALUE."),
        (
            ("oncall", "--driver", "slack"),
            2,
            f"{NO_SLACK}it has no webhook_url — add --option webhook_url=…",
        ),
        (
            ("oncall", "--driver", "slack", "--option", "webhook=secretive"),
            2,
            f'{NO_SLACK}webhook: unknown key "webhook" — did you mean "webhook_url"?',
        ),
        (
            ("oncall", "--driver", "slack", "--option", "webhook_url=@env:HOOK"),
            4,
            "--option webhook_url: HOOK is not set",
        ),
        (("mal", "--remove"), 4, 'pipeline_channel of {} has no channel mal — did you mean "mail"?'),
        (("mail\n", "--driver", "log"), 2, "'mail\\n' cannot be the name of a channel — at most 255 characters"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(
    cli: Cli, shelf: Store, arguments: tuple[str, ...], code: int, message: str
) -> None:
    shelf.channel("mail", "log", {})
    ended = cli("db", "channel", *arguments, env=env(shelf))
    assert (ended.code, ended.out, ended.err) == (code, "", f"error: {message.format(shelf.database)}\n")


def test_a_value_that_is_wrong_is_not_repeated(cli: Cli, shelf: Store) -> None:
    option = "smtp_port=hunter2hunter2"
    ended = cli("db", "channel", "mail", "--driver", "email", "--option", option, env=env(shelf))
    assert (ended.code, ended.out) == (2, "")
    said = 'smtp_port: expected a whole number, got "«option smtp_port»" — write one like 5'
    assert ended.err == f"error: this is no email channel: {said}\n"
