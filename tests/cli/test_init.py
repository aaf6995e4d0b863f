"""`init`: two files that work as they are, nothing overwritten, and what is left to do."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from runner.cli.sites import asked, checks_of
from runner.cli.starter import KINDS, cron_of
from runner.definition.schema import SCHEMA_ID
from runner.doors import open_doors
from runner.formats import FORMATS
from tests.doors.conftest import authority, ca_file, free_port
from tests.pages import ROOT
from tests.test_definitions import web_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

__all__ = ["authority", "ca_file", "free_port"]

BIN: Final = Path(sys.executable).parent
PAGES: Final[dict[str, tuple[int, str]]] = {
    "/": (200, "<html><head>\n<TITLE lang=en> My Shop </TITLE></head></html>"),
    "/plain": (204, ""),
    "/entity": (200, "<title>Q &amp; A</title>"),
    "/long": (200, f"<title>{'x' * 81}</title>"),
    "/evil": (200, "<title>a\n- id: b\x1b[31m</title>"),
    "/quoted": (200, '<title>"#1" {{ shop }}</title>'),
    "/private": (401, "<title>Go away</title>"),
    "/broken": (503, ""),
}


class _Shop(BaseHTTPRequestHandler):
    """A site with a page for each case; `/old` leads to `/`, `/slow` takes its time."""

    def do_GET(self) -> None:
        time.sleep(0.6 if self.path == "/slow" else 0)
        status, text = (302, "") if self.path == "/old" else PAGES.get(self.path, (200, ""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the standard library's signature
        """Keep quiet."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def written(cli: Cli, folder: Path, *flags: str, env: dict[str, str] | None = None) -> tuple[Any, Any, list[str]]:
    """Run it; return definition and workflow as YAML has them, and the lines that it printed."""
    ended = cli("init", *flags, cwd=folder, env=env)
    assert (ended.code, ended.err) == (0, ""), ended.err
    found = files(folder)
    definition, workflow = (next(text for path, text in found.items() if path.endswith(end)) for end in ("yaml", "yml"))
    assert len(found) == 2
    return yaml.safe_load(definition), yaml.safe_load(workflow), ended.out.splitlines()


def checks(definition: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - YAML
    found: list[dict[str, Any]] = definition["nodes"][0]["config"]["checks"]
    return found


def linted(folder: Path, *argv: str | Path) -> str:
    """Run a linter; return what it says where it is not content."""
    done = subprocess.run([BIN / argv[0], *argv[1:]], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


every_kind = pytest.mark.parametrize("kind", list(KINDS))
NAMES: Final = {"web": "site-health", "host": "host-health", "alert": "alerts"}


# --- what is written ---------------------------------------------------------------------------------


@every_kind
def test_a_definition_and_a_workflow_are_written_and_named(cli: Cli, tmp_path: Path, kind: str) -> None:
    _, _, lines = written(cli, tmp_path, "--kind", kind)
    paths = [f"definitions/{NAMES[kind]}.yaml", f".github/workflows/{NAMES[kind]}.yml"]
    assert set(files(tmp_path)) == set(paths)
    assert lines[:2] == [f"{path}: written" for path in paths]


def test_web_is_what_is_written_where_nothing_is_said(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    assert set(files(tmp_path)) == {"definitions/site-health.yaml", ".github/workflows/site-health.yml"}


@every_kind
def test_the_definition_is_valid_without_a_warning(cli: Cli, tmp_path: Path, kind: str) -> None:
    written(cli, tmp_path, "--kind", kind)
    told = json.loads(cli("validate", "--json").out)
    assert [one["diagnostics"] for one in told["files"]] == [[]]
    schema = ROOT / "docs/definition.schema.json"
    assert linted(tmp_path, "check-jsonschema", "--schemafile", schema, f"definitions/{NAMES[kind]}.yaml") == ""


@every_kind
def test_the_workflow_passes_every_linter_without_a_configuration(cli: Cli, tmp_path: Path, kind: str) -> None:
    written(cli, tmp_path, "--kind", kind)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    path = f".github/workflows/{NAMES[kind]}.yml"
    assert linted(tmp_path, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", path) == ""
    assert linted(tmp_path, "actionlint", "-shellcheck", BIN / "shellcheck", path) == ""
    assert linted(tmp_path, "zizmor", "--offline", "--strict-collection", "--persona=pedantic", path) == ""


@every_kind
def test_editors_find_the_schema(cli: Cli, tmp_path: Path, kind: str) -> None:
    written(cli, tmp_path, "--kind", kind)
    first = (tmp_path / f"definitions/{NAMES[kind]}.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA_ID}"


@every_kind
def test_the_workflow_may_only_read_and_ends(cli: Cli, tmp_path: Path, kind: str) -> None:
    _, workflow, _ = written(cli, tmp_path, "--kind", kind)
    (job,) = workflow["jobs"].values()
    assert (workflow["permissions"], job["permissions"]) == ({}, {"contents": "read"})
    assert job["timeout-minutes"] <= 10
    assert workflow["concurrency"]["cancel-in-progress"] is False


@every_kind
def test_what_is_known_is_taken_out_before_and_kept_after_whatever_happens(cli: Cli, tmp_path: Path, kind: str) -> None:
    _, workflow, _ = written(cli, tmp_path, "--kind", kind)
    ((job),) = workflow["jobs"].values()
    uses = [step["uses"].partition("@")[0] for step in job["steps"]]
    ours = "org/pipeline-action/composite" if kind == "host" else "org/pipeline-action"
    assert uses == [
        "actions/checkout",
        "actions/cache/restore",
        ours,
        "actions/cache/save",
        "actions/upload-artifact",
    ]
    _, restore, run, save, upload = job["steps"]
    assert restore["with"]["path"] == save["with"]["path"] == ".pipeline"
    assert restore["with"]["key"] == save["with"]["key"]
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert {"${{ github.run_id }}", "${{ github.run_attempt }}"} <= set(
        re.findall(r"\$\{\{.*?\}\}", save["with"]["key"])
    )
    assert (save["if"], upload["if"]) == ("always()", "always() && steps.run.outputs.results-path != ''")
    assert (run["id"], upload["with"]["path"]) == ("run", "${{ steps.run.outputs.results-path }}")


def test_every_action_is_pinned_like_those_of_our_own_workflows() -> None:
    pin = re.compile(r"uses: (actions/[a-z-]+)(?:/[a-z]+)?@([0-9a-f]{40} # v[\d.]+)$", re.MULTILINE)
    ours = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/examples/*.yml")]
    known = {match for path in ours for match in pin.findall(path.read_text())}
    texts = [path.read_text() for path in ROOT.glob("runner/starters/*.yml")]
    used = [match for text in texts for match in pin.findall(text)]
    assert len(texts) == len(KINDS)
    assert len(used) == sum(text.count("uses: actions/") for text in texts)
    by_name: dict[str, set[str]] = {}
    for name, at in {*used, *known}:
        by_name.setdefault(name, set()).add(at)
    assert {name: pins for name, pins in by_name.items() if len(pins) > 1 and name in dict(used)} == {}


@pytest.mark.parametrize("kind", ["web", "host"])
def test_the_schedule_is_off_the_hour_and_the_repositorys_own(cli: Cli, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / kind
    folder.mkdir()
    _, workflow, _ = written(cli, folder, "--kind", kind, env={"GITHUB_REPOSITORY": "acme/shop"})
    assert workflow[True] == {  # what YAML makes of `on`
        "schedule": [{"cron": cron_of(f"acme/shop/{NAMES[kind]}")}],
        "workflow_dispatch": None,
    }


def test_no_repository_has_the_full_or_the_half_hour_and_all_minutes_are_used() -> None:
    crons = [re.fullmatch(r"(\d+),(\d+) \* \* \* \*", cron_of(f"acme/{number}")) for number in range(1000)]
    pairs = {(int(one[1]), int(one[2])) for one in crons if one}
    assert pairs == {(minute, minute + 30) for minute in range(1, 30)}
    assert cron_of("acme/shop") == cron_of("acme/shop")


def test_an_alert_starts_its_workflow_and_one_incident_waits_for_itself(cli: Cli, tmp_path: Path) -> None:
    definition, workflow, _ = written(cli, tmp_path, "--kind", "alert")
    assert workflow[True] == {"repository_dispatch": {"types": ["alert"]}}
    assert (definition["fail_on"], definition["nodes"][-1]["config"]["send"]) == ("never", "always")
    (job,) = workflow["jobs"].values()
    assert job["steps"][2]["with"] == {"definition": "alerts", "payload": "event"}
    group = workflow["concurrency"]["group"]
    assert re.sub(r"\s+", " ", group).startswith("alerts-${{ ")
    paths = re.findall(r"github\.event\.client_payload\.payload\.([\w.]+)", group)
    named = {"alertmanager": "groupKey", "grafana": "groupKey", "pagerduty": "event.data.id", "generic": "fingerprint"}
    for kind, path in named.items():
        found: Any = FORMATS.load(kind)().sample()
        for key in path.split("."):
            found = found.get(key)
        assert path in paths
        assert found or kind == "generic"  # whose sample leaves it out


def test_the_envelope_that_is_shown_is_the_one_that_is_read(cli: Cli, tmp_path: Path) -> None:
    written(cli, tmp_path, "--kind", "alert")
    text = (tmp_path / ".github/workflows/alerts.yml").read_text()
    assert 'client_payload: {driver: "alertmanager", payload: .}' in text
    sample = json.dumps({"driver": "alertmanager", "payload": FORMATS.load("alertmanager")().sample()})
    flags = ("--payload", sample, "--notify-driver", "log", "--json")
    document = json.loads(cli("--definition", "alerts", *flags).out)
    assert (document["status"], document["exit"]["code"]) == ("completed", 0)
    assert document["node_results"]["alert"]["output"]["format"] == "alertmanager"


# --- names and places --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop", "1.0", "no", "null", "1e3", "0x10", "a-b.c_d"])
def test_a_name_is_a_text_wherever_it_stands(cli: Cli, tmp_path: Path, name: str) -> None:
    _, workflow, _ = written(cli, tmp_path, "--name", name)
    (job,) = workflow["jobs"].values()
    assert [workflow["name"], workflow["concurrency"]["group"], job["name"]] == [name] * 3
    assert job["steps"][2]["with"] == {"definition": name}
    assert linted(tmp_path, "actionlint", "-shellcheck=", f".github/workflows/{name}.yml") == ""
    assert cli("--definition", name, "--dry-run").code == 0


@pytest.mark.parametrize("name", ["a/b", "../a", "-a", ".a", "a b", "x" * 65, "ü"])
def test_what_cannot_be_a_name_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    ended = cli("init", f"--name={name}")
    hint = "use letters, digits, . _ and -, not starting with a sign"
    assert (ended.code, ended.err) == (2, f"error: --name {name!r} cannot be the name of a definition — {hint}\n")
    assert files(tmp_path) == {}


@pytest.mark.parametrize("there", ["definitions/site-health.yaml", ".github/workflows/site-health.yml"])
@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_nothing_is_overwritten_and_then_nothing_is_written(cli: Cli, tmp_path: Path, there: str, kind: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(parents=True)
    if kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to("nowhere")
    ended = cli("init")
    hint = "give another --name, or move what is there"
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {there} is there already — {hint}\n")
    assert files(tmp_path) == ({there: "mine"} if kind == "file" else {})


def test_a_second_time_names_both(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    before = files(tmp_path)
    ended = cli("init")
    assert (ended.code, ended.err) == (
        2,
        (
            "error: definitions/site-health.yaml and .github/workflows/site-health.yml are there already"
            " — give another --name, or move what is there\n"
        ),
    )
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_said(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "definitions").write_text("a file")
    ended = cli("init")
    target = tmp_path / "definitions/site-health.yaml"
    assert (ended.code, ended.err) == (1, f"error: cannot write {target}: File exists\n")


def test_a_folder_below_the_top_of_a_repository_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    ended = cli("init", cwd=below)
    why = "GitHub reads workflows at the top of a repository alone"
    said = f"error: {below} is a folder of the repository {tmp_path}, and {why} — run it there: cd {tmp_path}\n"
    assert (ended.code, ended.err, files(tmp_path)) == (2, said, {})
    assert cli("init", cwd=tmp_path).code == 0


# --- what is left to do ------------------------------------------------------------------------------

LEFT: Final = {
    "web": [
        "Put your pages into definitions/site-health.yaml",
        "Try it, which needs no secret: pipeline-runner --definition site-health --notify-driver log",
        "Give GitHub the secret: gh secret set SLACK_WEBHOOK_URL",
        "Commit both files: GitHub runs what is on the default branch",
    ],
    "host": [
        "Look over definitions/host-health.yaml",
        "Try it, which needs no secret: pipeline-runner --definition host-health --notify-driver log",
        "Give GitHub the secret: gh secret set SLACK_WEBHOOK_URL",
        "Commit both files: GitHub runs what is on the default branch",
        (
            "Have a self-hosted runner on the machine, with Python 3.11 or newer; or do without GitHub: crontab -e,"
            " and the lines SLACK_WEBHOOK_URL=… and CRON cd HERE && pipeline-runner --definition host-health"
        ),
    ],
    "alert": [
        "Look over definitions/alerts.yaml",
        (
            "Try it, which needs no secret: pipeline-runner --definition alerts --sample --source alertmanager"
            " --notify-driver log"
        ),
        "Give GitHub the secret: gh secret set SLACK_WEBHOOK_URL",
        "Commit both files: GitHub runs what is on the default branch",
        "Have alerts sent to the repository: the head of .github/workflows/alerts.yml says how",
    ],
}


@every_kind
def test_what_is_left_to_do_is_said_for_people_and_for_programs(cli: Cli, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "my repository"
    place.mkdir()
    _, _, lines = written(cli, place, "--kind", kind)
    words = {"HERE": f"'{place}'", "CRON": cron_of(f"my repository/{NAMES[kind]}")}
    left = [re.sub("HERE|CRON", lambda found: words[found[0]], line) for line in LEFT[kind]]
    assert lines[2:] == ["", "Left to do:", *(f"  {number}. {line}" for number, line in enumerate(left, 1))]
    document = json.loads(cli("init", "--kind", kind, "--name", "again", "--json", cwd=place).out)
    assert document["files"] == ["definitions/again.yaml", ".github/workflows/again.yml"]
    assert (document["secrets"], document["sites"]) == (["SLACK_WEBHOOK_URL"], [])
    assert [line.replace("again", NAMES[kind]) for line in document["todo"][:4]] == left[:4]


@every_kind
def test_the_command_that_tries_it_works_without_a_secret(cli: Cli, shop: str, tmp_path: Path, kind: str) -> None:
    pages = ("--from", f"{shop}/") if kind == "web" else ()
    _, _, lines = written(cli, tmp_path, "--kind", kind, *pages)
    (command,) = [line.partition("pipeline-runner ")[2] for line in lines if "Try it" in line]
    ended = cli(*shlex.split(command), "--json")
    document = json.loads(ended.out)
    assert document["status"] == "completed", ended.err
    if kind != "host":  # a machine is as busy as it is
        assert ended.code == 0, ended.err


@every_kind
def test_without_its_secret_a_run_says_what_is_missing(cli: Cli, tmp_path: Path, kind: str) -> None:
    written(cli, tmp_path, "--kind", kind)
    ended = cli("--definition", NAMES[kind], "--payload", "{}")
    assert ended.code == 4
    assert "SLACK_WEBHOOK_URL" in ended.err


# --- pages -------------------------------------------------------------------------------------------


def test_a_page_is_asked_and_what_it_answers_filled_in(cli: Cli, shop: str, tmp_path: Path) -> None:
    definition, _, lines = written(cli, tmp_path, "--from", f"{shop}/")
    (check,) = checks(definition)
    assert check == {
        "type": "http",
        "name": f"http_{re.sub(r'[^0-9]+', '_', shop.removeprefix('http://'))}",
        "url": f"{shop}/",
        "expect": {"status": "200-299"},
        "warning": "1s",
        "critical": "5s",
    }
    assert re.fullmatch(rf"{re.escape(shop)}/ answered 200 in \d+(\.\d+)?ms", lines[0])
    text = (tmp_path / "definitions/site-health.yaml").read_text()
    assert '            # body_contains: "My Shop" # its title, which an empty page has not\n' in text
    assert re.search(r"^        # When this was written, it answered 200 in \d+ms\.$", text, re.MULTILINE)


def test_the_title_that_is_suggested_is_found(cli: Cli, shop: str, tmp_path: Path) -> None:
    written(cli, tmp_path, "--from", f"{shop}/")
    path = tmp_path / "definitions/site-health.yaml"
    path.write_text(path.read_text().replace("# body_contains", "body_contains"))
    assert cli("--definition", "site-health", "--notify-driver", "log").code == 0


@pytest.mark.parametrize(
    ("page", "remark", "expect"),
    [
        ("/plain", r"it answered 204 in \w+\.", "200-299"),
        ("/old", r"it answered 200 in \w+, as SHOP/, to which it redirects\.", "200-299"),
        (
            "/private",
            r"it answered 401 in \w+, which is critical here; where that is well, write status: 401\.",
            "200-399",
        ),
        (
            "/broken",
            r"it answered 503 in \w+, which is critical here; where that is well, write status: 503\.",
            "200-399",
        ),
    ],
    ids=["no content", "redirect", "not allowed", "broken"],
)
def test_what_a_page_answers_is_said_and_never_taken_for_well(
    cli: Cli, shop: str, tmp_path: Path, page: str, remark: str, expect: str
) -> None:
    definition, _, _ = written(cli, tmp_path, "--from", f"{shop}{page}")
    text = (tmp_path / "definitions/site-health.yaml").read_text()
    wanted = rf"^        # When this was written, {remark.replace('SHOP', re.escape(shop))}$"
    assert re.search(wanted, text, re.MULTILINE), text
    assert checks(definition)[0]["expect"] == {"status": expect}
    assert ("body_contains" in text) == (page == "/old")


def test_a_page_that_does_not_answer_is_written_all_the_same(cli: Cli, free_port: int, tmp_path: Path) -> None:
    url = f"https://127.0.0.1:{free_port}/"
    definition, _, lines = written(cli, tmp_path, "--from", url)
    assert lines[0] == f"{url} gave no answer: connection refused by 127.0.0.1:{free_port}"
    page, certificate = checks(definition)
    assert (page["url"], page["expect"]) == (url, {"status": "200-399"})
    assert (certificate["type"], certificate["host"], certificate["port"]) == ("tls", "127.0.0.1", free_port)


def test_a_page_has_its_time_and_no_more(shop: str) -> None:
    began = time.monotonic()
    slow, quick = asked([f"{shop}/slow", f"{shop}/plain"], open_doors({}), patience=0.3)
    assert time.monotonic() - began < 0.8
    assert (slow.said, slow.status) == ("gave no answer: timed out after 300ms", 0)
    assert quick.status == 204


def test_a_slow_page_gets_more_time(shop: str) -> None:
    text = checks_of(asked([f"{shop}/slow"], open_doors({})))
    assert re.findall(r"^          (warning|critical): (\w+)", text, re.MULTILINE) == [
        ("warning", "2s"),
        ("critical", "5s"),
    ]


@pytest.mark.parametrize("page", ["/entity", "/long", "/evil", "/plain"])
def test_a_title_that_the_check_would_not_find_is_not_suggested(shop: str, page: str) -> None:
    text = checks_of(asked([f"{shop}{page}"], open_doors({})))
    assert "body_contains" not in text
    assert text.isascii()


def test_a_title_cannot_leave_its_comment(shop: str) -> None:
    text = checks_of(asked([f"{shop}/quoted"], open_doors({})))
    assert r'            # body_contains: "\"#1\" {{ shop }}" # its title' in text
    assert "body_contains" not in str(yaml.safe_load(text))


def test_each_page_is_written_once_with_a_name_of_its_own_and_each_certificate_once(
    cli: Cli, authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    with web_site(authority.issue_cert("127.0.0.1")) as where:
        pages = [f"https://{where}/?a=1", f"https://{where}/?a=2", f"https://{where}/?a=1"]
        env = {"REQUESTS_CA_BUNDLE": ca_file}
        place = tmp_path / "repository"
        place.mkdir()
        definition, _, _ = written(cli, place, "--from", *pages, env=env)
        ended = cli("--definition", "site-health", "--notify-driver", "log", env=env, cwd=place)
    name = re.sub(r"\W", "_", where)
    found = [(one["type"], one["name"]) for one in checks(definition)]
    assert found == [("http", f"http_{name}"), ("tls", f"certificate_{name}"), ("http", f"http_{name}_2")]
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--from", "shop.example"), '--from: "shop.example" is no URL — write "https://shop.example"'),
        (("--from", "http://[::1/"), "--from: this is no URL: Invalid IPv6 URL"),
        (
            ("--from", "https://bob:s3cret@shop.example/"),
            (
                "--from: the URL holds a user or a password, which would stand in a file"
                " — leave them out, and use {{ secrets.NAME }} in the definition"
            ),
        ),
        (
            ("--from", "https://shop.example/{{x}}"),
            "--from: https://shop.example/{{x}} holds an expression — write %7B%7B for two braces",
        ),
        (
            ("--kind", "host", "--from", "https://shop.example/"),
            "--from has no effect here: --kind host looks at no pages",
        ),
        (("--kind", "site"), 'argument --kind: unknown word "site" — known: web, host, alert'),
    ],
    ids=["no scheme", "no address", "password", "expression", "another kind", "no kind"],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    cli: Cli, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    ended = cli("init", *flags)
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {said}\n")
    assert files(tmp_path) == {}
