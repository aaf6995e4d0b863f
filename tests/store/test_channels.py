"""Channels as they stand in a database: in the runner's own table, and in the earlier app's."""

from __future__ import annotations

import pytest

from runner.errors import ExitCode, Unavailable
from runner.scope import StoredChannel
from runner.store.channels import channels
from runner.store.connection import NoPermission
from tests.databases import SERVERS, Role, Store

EARLIER = "notify_notificationchannel"


def found(store: Store) -> list[StoredChannel]:
    return list(store.database.work(channels))


def test_the_active_ones_are_found_by_name(store: Store) -> None:
    store.channel("pager", "pagerduty", {"integration_key": "k" * 32})
    store.channel("ops", "slack", {"webhook_url": "https://slack.example/ü𝄞"})
    store.channel("old", "slack", {}, active=False)
    assert found(store) == [
        StoredChannel(name="ops", driver="slack", options={"webhook_url": "https://slack.example/ü𝄞"}),
        StoredChannel(name="pager", driver="pagerduty", options={"integration_key": "k" * 32}),
    ]


def test_those_of_the_earlier_app_are_found_as_its_migrations_keep_them(empty: Store) -> None:
    store = empty.make_earlier()
    store.channel_earlier("ops", "email", {"smtp_host": "mail.example", "smtp_port": 25, "to": ["a@ü.example"]})
    store.channel_earlier("old", "email", {}, active=False)
    options = {"smtp_host": "mail.example", "smtp_port": 25, "to": ["a@ü.example"]}
    assert found(store) == [StoredChannel(name="ops", driver="email", options=options, earlier=True)]


def test_of_a_name_in_both_tables_the_runner_s_own_is_meant(fresh: Store) -> None:
    store = fresh.make_earlier()
    for name in ("ops", "earlier"):
        store.channel_earlier(name, "slack", {})
    store.channel("ops", "log", {})
    assert [(one.name, one.driver, one.earlier) for one in found(store)] == [
        ("earlier", "slack", True),
        ("ops", "log", False),
    ]


def test_a_database_without_channels_has_none(empty: Store) -> None:
    if empty.kind == "sqlite":
        empty.upgrade()
        empty.change("drop table pipeline_channel")
    assert found(empty) == []


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("options", ["[]", '"text"', "null", "{", ""])
def test_options_that_are_no_object_are_told(options: str, store: Store) -> None:
    store.channel("ops", "log", options)
    with pytest.raises(Unavailable) as caught:
        found(store)
    assert caught.value.exit_code == ExitCode.UNAVAILABLE
    assert caught.value.message == "the options of the channel ops in pipeline_channel are no JSON object"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_role_sees_the_channels_of_the_table_that_it_may_read(fresh: Store, role: Role) -> None:
    store = fresh.make_earlier()
    store.channel("ops", "log", {})
    store.channel_earlier("earlier", "slack", {})
    assert [one.name for one in found(role(store, "pipeline_channel"))] == ["ops"]
    assert [one.name for one in found(role(store, EARLIER))] == ["earlier"]
    with pytest.raises(NoPermission):
        found(role(store, "pipeline_definition"))
