"""Channels out of a database, by the command line as a real process: which one a message takes, and what keeps it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.databases import in_a_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Receiver
    from tests.conftest import Ended
    from tests.databases import Role, Store


class Shop:
    """A definition that tells people, and a database with channels."""

    def __init__(self, run: Callable[..., Ended], folder: Path, url: str) -> None:
        self._run, self._folder, self._url = run, folder, url

    def tells(self, config: dict[str, Any], *flags: str, **env: str) -> Ended:
        """Run a definition whose one node has this configuration."""
        node = {"id": "tell", "type": "notify", "config": config}
        (self._folder / "d.yaml").write_text(json.dumps({"version": "1.0", "nodes": [node]}))
        return self._run("--config", "d.yaml", *flags, env={"PIPELINE_DATABASE_URL": self._url, **env})

    def delivered(self, config: dict[str, Any], **env: str) -> list[tuple[str, str, str]]:
        """Return driver, name and status of each delivery."""
        ended = self.tells(config, "--json", **env)
        assert ended.code == 0, ended.err
        found = json.loads(ended.out)["node_results"]["tell"]["output"]["deliveries"]
        return [(one["driver"], one["channel"], one["status"]) for one in found]


@pytest.fixture
def shop(cli: Callable[..., Ended], store: Store, tmp_path: Path) -> Shop:
    return Shop(cli, tmp_path, store.text)


def test_all_active_channels_of_a_driver_get_the_message(shop: Shop, store: Store, receiver: Receiver) -> None:
    store.channel("b-ops", "generic", {"endpoint": f"{receiver.url}/b/ok"})
    store.channel("a-ops", "generic", {"endpoint": f"{receiver.url}/a/ok"})
    store.channel("old", "generic", {"endpoint": f"{receiver.url}/old/ok"}, active=False)
    store.channel("other", "slack", {"webhook_url": f"{receiver.url}/slack/ok"})
    assert shop.delivered({"driver": "generic"}) == [("generic", "a-ops", "sent"), ("generic", "b-ops", "sent")]
    assert [one.path for one in receiver.arrived] == ["/a/ok", "/b/ok"]


@in_a_file
def test_a_channel_is_found_by_its_name_and_only_it(shop: Shop, store: Store, receiver: Receiver) -> None:
    for name in ("ops", "dev"):
        store.channel(name, "generic", {"endpoint": f"{receiver.url}/{name}/ok"})
    assert shop.delivered({"channel": "dev"}) == [("generic", "dev", "sent")]
    both = [("generic", "dev", "sent"), ("log", "", "sent"), ("generic", "ops", "sent")]
    assert shop.delivered({"channels": ["dev", {"driver": "log"}, "ops"]}) == both
    twice = shop.delivered({"channels": ["dev", "dev", {"driver": "generic"}]})
    assert sorted(twice) == [("generic", "dev", "sent"), ("generic", "ops", "sent")]


@in_a_file
def test_the_definition_wins_over_variables_and_these_over_the_database(
    shop: Shop, store: Store, receiver: Receiver
) -> None:
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/database/ok"})
    variable = {"NOTIFY_WEBHOOK_URL": f"{receiver.url}/variable/ok"}
    assert shop.delivered({"driver": "generic", "endpoint": f"{receiver.url}/definition/ok"}, **variable) == [
        ("generic", "", "sent")
    ]
    assert shop.delivered({"driver": "generic"}, **variable) == [("generic", "", "sent")]
    assert shop.delivered({"driver": "generic"}) == [("generic", "ops", "sent")]
    assert [one.path for one in receiver.arrived] == ["/definition/ok", "/variable/ok", "/database/ok"]


@in_a_file
def test_options_of_the_definition_stand_over_those_of_the_database(
    shop: Shop, store: Store, receiver: Receiver
) -> None:
    headers = {"X-Team": "shop", "X-Kept": "no"}
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/ok", "method": "POST", "headers": headers})
    shop.delivered({"driver": "generic", "headers": {"X-Team": "mine"}})
    (arrived,) = receiver.arrived
    assert (arrived.headers.get("X-Team"), arrived.headers.get("X-Kept")) == ("mine", None)


@in_a_file
def test_a_template_in_a_channel_of_the_database_is_filled_in(shop: Shop, store: Store, receiver: Receiver) -> None:
    template = '{"text": {{ title | tojson }}, "env": {{ run.environment | tojson }}}'
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/ok", "payload_template": template})
    shop.delivered({"driver": "generic", "title": "Hello"})
    assert json.loads(receiver.arrived[0].body) == {"text": "Hello", "env": "development"}


@in_a_file
def test_never_a_channel_of_another_driver(shop: Shop, store: Store, receiver: Receiver) -> None:
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/ok"})
    ended = shop.tells({"driver": "slack"})
    said = "the slack channel of this node has no webhook_url: set it in config or as SLACK_WEBHOOK_URL"
    assert (ended.code, ended.err.splitlines()[-1]) == (4, f"error: node tell: {said}")
    assert receiver.arrived == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"channel": "opps"}, 'the database has no active channel "opps" — did you mean "ops"?'),
        (
            {"channel": "old"},
            'the database has no active channel "old" — known: bad-key, bad-word, nowhere, ops, strange',
        ),
        (
            {"channel": "bad-key"},
            (
                'the channel "bad-key" of the database cannot be used: enpoint: unknown key "enpoint"'
                ' — did you mean "endpoint"?'
            ),
        ),
        (
            {"channel": "bad-word"},
            (
                'the channel "bad-word" of the database cannot be used: method: "GET" is not one of POST, PUT, PATCH'
                " — known: POST, PUT, PATCH"
            ),
        ),
        ({"channel": "nowhere"}, 'the channel "nowhere" of the database cannot be used: it has no endpoint'),
        (
            {"channel": "strange"},
            (
                'the channel "strange" of the database cannot be used: unknown driver "teams"'
                " — known: log, slack, email, generic, pagerduty"
            ),
        ),
        (
            {"driver": "generic"},
            (
                'the channel "bad-key" of the database cannot be used: enpoint: unknown key "enpoint"'
                ' — did you mean "endpoint"?'
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@in_a_file
def test_a_channel_that_cannot_be_used_is_told_before_the_first_node(
    config: dict[str, Any], said: str, shop: Shop, store: Store
) -> None:
    endpoint = "http://127.0.0.1:1/s3cret-path"
    store.channel("ops", "log", {})
    store.channel("old", "log", {}, active=False)
    store.channel("bad-key", "generic", {"enpoint": endpoint})
    store.channel("bad-word", "generic", {"endpoint": endpoint, "method": "GET"})
    store.channel("nowhere", "generic", {})
    store.channel("strange", "teams", {"url": endpoint})
    ended = shop.tells(config)
    assert (ended.code, ended.err.splitlines()[-1]) == (4, f"error: node tell: {said}")
    assert "s3cret-path" not in ended.err + ended.out


@in_a_file
def test_without_a_database_a_name_leads_nowhere(shop: Shop) -> None:
    ended = shop.tells({"channel": "ops"}, PIPELINE_DATABASE_URL="")
    said = 'channel "ops" is looked up in a database, and none is configured'
    hint = "set PIPELINE_DATABASE_URL, or give its driver and options here"
    assert (ended.code, ended.err.splitlines()[-1]) == (4, f"error: node tell: {said}: {hint}")


def test_what_the_earlier_app_s_forms_wrote_is_understood(
    cli: Callable[..., Ended], empty: Store, tmp_path: Path, receiver: Receiver
) -> None:
    store = empty.make_earlier()
    useless = {"timeout": 30, "template": "", "channel": "#ops", "username": "bot", "icon_emoji": ":x:"}
    store.channel_earlier("slack", "slack", {"webhook_url": f"{receiver.url}/slack/ok", **useless})
    store.channel_earlier("hook", "generic", {"endpoint_url": f"{receiver.url}/hook/ok", "headers": {}, "timeout": 3})
    store.channel_earlier("pager", "pagerduty", {"routing_key": "k" * 32, "events_url": f"{receiver.url}/pd/ok"})
    receiver.says = '{"status": "success", "dedup_key": "x"}'
    shop = Shop(cli, tmp_path, store.text)
    assert shop.delivered({"drivers": ["generic", "pagerduty"]}) == [
        ("generic", "hook", "sent"),
        ("pagerduty", "pager", "sent"),
    ]
    receiver.says = "ok"
    assert shop.delivered({"driver": "slack"}) == [("slack", "slack", "sent")]
    assert [one.path for one in receiver.arrived] == ["/hook/ok", "/pd/ok", "/slack/ok"]
    mail = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_user": "u", "password": "p" * 9, "smtp_from": "a@b.example"}
    store.channel_earlier("mail", "email", {**mail, "smtp_to": "c@d.example, e@f.example", "use_tls": False})
    ended = shop.tells({"driver": "email"}, "--dry-run")
    assert ended.code == 0
    if store.kind == "sqlite":
        assert "would send with email (mail):" in ended.out
        assert "To: c@d.example, e@f.example" in ended.out
    else:
        assert "would look up the active email channels in the database, and send with these:" in ended.out


@in_a_file
def test_credentials_of_stored_channels_are_masked_before_the_first_node(
    shop: Shop, store: Store, receiver: Receiver
) -> None:
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/echo/s3cret-path"})
    store.channel("pager", "pagerduty", {"integration_key": "k3y-of-the-pager", "events_url": f"{receiver.url}/echo"})
    store.channel("unused", "slack", {"webhook_url": f"{receiver.url}/not-used"})
    ended = shop.tells({"drivers": ["generic", "pagerduty"]}, "--json", GITHUB_ACTIONS="true", CI="true")
    assert ended.code == 9
    lines = ended.err.splitlines()
    first = next(place for place, line in enumerate(lines) if "tell" in line)
    masks = [line.removeprefix("::add-mask::") for line in lines[:first] if line.startswith("::add-mask::")]
    assert {f"{receiver.url}/echo/s3cret-path", "k3y-of-the-pager"} <= set(masks)
    rest = ended.out + "\n".join(line for line in lines if not line.startswith("::add-mask::"))
    rest += (shop._folder / "pipeline-results.json").read_text()
    assert "s3cret-path" not in rest
    assert "k3y-of-the-pager" not in rest


@in_a_file
def test_a_dry_run_shows_which_channels_would_be_used(shop: Shop, store: Store, receiver: Receiver) -> None:
    store.channel("ops", "generic", {"endpoint": f"{receiver.url}/s3cret-path"})
    ended = shop.tells({"driver": "generic"}, "--dry-run")
    assert ended.code == 0
    assert "would send with generic (ops):" in ended.out
    assert "s3cret-path" not in ended.out + ended.err
    gone = shop.tells({"channel": "gone"}, "--dry-run")
    assert gone.code == 0
    said = 'node tell: the database has no active channel "gone" — known: ops: a real run would exit 4'
    assert gone.err.splitlines()[-1] == f"warning: {said}"
    assert receiver.arrived == []


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_dry_run_of_a_file_speaks_to_no_server(shop: Shop, store: Store) -> None:
    store.channel("ops", "log", {})
    ended = shop.tells({"channel": "ops"}, "--dry-run")
    assert ended.code == 0
    assert 'would look up the channel "ops" in the database' in ended.out


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_role_that_may_not_read_channels_is_told(
    cli: Callable[..., Ended], fresh: Store, role: Role, tmp_path: Path
) -> None:
    shop = Shop(cli, tmp_path, role(fresh, "pipeline_definition").text)
    ended = shop.tells({"driver": "slack"})
    assert ended.code == 4
    assert ended.err.splitlines() == [
        (
            f"warning: the channels of the database cannot be read: {fresh.database} does not permit this:"
            " permission denied for table pipeline_channel"
        ),
        "error: node tell: the slack channel of this node has no webhook_url: set it in config or as SLACK_WEBHOOK_URL",
    ]


@in_a_file
def test_a_channel_that_nobody_wants_keeps_nobody_from_running(shop: Shop, store: Store) -> None:
    store.channel("broken", "slack", "[]")
    assert shop.tells({"driver": "log"}).code == 0
