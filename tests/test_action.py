"""The action's two files, its pages and the code say the same; what a release makes of them is right."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from runner.cli.action import INPUTS, OUTPUTS, call_of
from tests.pages import ROOT, page

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTION: Final = ROOT / "action.yml"
COMPOSITE: Final = ROOT / "composite/action.yml"
PAGE: Final = page("docs/action.md")
README: Final = page("README.md")
BIN: Final = Path(sys.executable).parent
DIGEST: Final = f"sha256:{'0123456789abcdef' * 4}"
PINS: Final = (f"ghcr.io/org/pipeline-action:1.2.3-action@{DIGEST}", f"debian:trixie-slim@{DIGEST}")


@cache
def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


# --- one action, two files -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["name", "description", "author", "branding", "inputs"])
def test_both_files_say_the_same(key: str) -> None:
    assert read(COMPOSITE)[key] == read(ACTION)[key]


def test_both_files_have_the_same_outputs_but_for_where_they_come_from() -> None:
    composite = {
        name: {key: value for key, value in output.items() if key != "value"}
        for name, output in read(COMPOSITE)["outputs"].items()
    }
    assert composite == read(ACTION)["outputs"]


def test_the_composite_hands_out_each_output_of_its_step() -> None:
    values = {name: output["value"] for name, output in read(COMPOSITE)["outputs"].items()}
    assert values == {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in OUTPUTS}


def test_the_composite_hands_on_each_input_without_putting_it_into_a_script() -> None:
    (step,) = [step for step in read(COMPOSITE)["runs"]["steps"] if step.get("id") == "run"]
    handed = {name.upper().replace("-", "_"): f"${{{{ inputs.{name} }}}}" for name in INPUTS}
    assert step["env"] == {f"INPUT_{name}": value for name, value in handed.items()}
    assert [one["run"] for one in read(COMPOSITE)["runs"]["steps"] if "${{" in one["run"]] == []


def test_the_composite_uses_no_other_action() -> None:
    assert [step for step in read(COMPOSITE)["runs"]["steps"] if "uses" in step] == []


def test_the_code_reads_the_inputs_and_writes_the_outputs_that_are_declared() -> None:
    assert (tuple(read(ACTION)["inputs"]), tuple(read(ACTION)["outputs"])) == (INPUTS, OUTPUTS)


def test_no_input_is_required_for_github_does_not_enforce_it() -> None:
    assert [name for name, one in read(ACTION)["inputs"].items() if "required" in one] == []


# --- defaults and descriptions ---------------------------------------------------------------------


def defaults() -> Mapping[str, str]:
    return {name: one["default"] for name, one in read(ACTION)["inputs"].items() if "default" in one}


def test_the_defaults_are_those_that_were_promised() -> None:
    promised = {"command": "run", "dry-run": "false", "on-missing-secret": "fail"}
    assert defaults() == promised


def test_the_defaults_change_nothing() -> None:
    call = call_of({f"INPUT_{name.upper()}": value for name, value in defaults().items()})
    assert call.arguments == ("run", "--on-missing-secret=fail")
    assert call.variables == {}


def test_each_description_is_a_sentence() -> None:
    told = [one["description"] for key in ("inputs", "outputs") for one in read(ACTION)[key].values()]
    assert [text for text in told if not text.endswith(".") or "\n" in text] == []


# --- the pages --------------------------------------------------------------------------------------


def test_the_readme_has_every_input_as_it_is_declared() -> None:
    declared = read(ACTION)["inputs"]
    expected = [
        (f"`{name}`", f"`{one['default']}`" if "default" in one else "", one["description"])
        for name, one in declared.items()
    ]
    assert list(README.table("Input", "Default", "What it is")) == expected


def test_the_readme_has_every_output_as_it_is_declared() -> None:
    expected = [(f"`{name}`", one["description"]) for name, one in read(ACTION)["outputs"].items()]
    assert list(README.table("Output", "What it is")) == expected


def test_the_page_shows_a_step_that_there_can_be() -> None:
    (block,) = PAGE.blocks_of("yaml")
    (step,) = [one for one in yaml.safe_load(block.text) if "pipeline-action" in one["uses"]]
    assert set(step["with"]) <= set(INPUTS)


def test_the_only_permission_is_to_read_the_contents() -> None:
    assert [permission for permission, _ in README.table("Permission", "What for")] == ["`contents: read`"]


def test_every_link_of_the_page_leads_to_a_file() -> None:
    assert [link for link in PAGE.links if not (ROOT / "docs" / link).is_file()] == []


# --- what checks them ------------------------------------------------------------------------------


def linted(*argv: str | Path) -> str:
    """Run a linter; return what it says where it is not content."""
    done = subprocess.run([BIN / argv[0], *argv[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("path", [ACTION, COMPOSITE], ids=["docker", "composite"])
def test_githubs_schema_and_the_security_audit_have_nothing_to_say(path: Path) -> None:
    assert linted("check-jsonschema", "--builtin-schema", "vendor.github-actions", path) == ""
    assert linted("zizmor", "--offline", "--strict-collection", "--persona=pedantic", path) == ""


def test_every_action_is_pinned_by_the_same_hash_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in (*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/examples/*.yml")):
        for used, pin in re.findall(r"uses: ([\w./-]+)@(.+)", path.read_text()):
            pins.setdefault(used, set()).add(pin)
    assert pins.pop("org/pipeline-action") == {"v1"}
    assert {used: len(found) for used, found in pins.items() if len(found) != 1} == {}
    unpinned = [
        pin for found in pins.values() for pin in found if not re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin)
    ]
    assert unpinned == []


# --- a release -------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that a release changes."""
    (tmp_path / ".ci").mkdir()
    for name in (".ci/pin", "action.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pin(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checkout / ".ci/pin", *arguments], capture_output=True, text=True, check=False)


def test_a_release_names_image_and_base_by_digest_and_changes_nothing_else(checkout: Path) -> None:
    assert pin(checkout, *PINS).returncode == 0
    assert read(checkout / "action.yml") == {
        **read(ACTION),
        "runs": {"using": "docker", "image": f"docker://{PINS[0]}"},
    }
    changed = [
        (before, after)
        for name in ("action.yml", "Dockerfile")
        for before, after in zip(
            (ROOT / name).read_text().splitlines(), (checkout / name).read_text().splitlines(), strict=True
        )
        if before != after
    ]
    assert changed == [
        ("  image: Dockerfile", f"  image: docker://{PINS[0]}"),
        ("ARG BASE=debian:trixie-slim", f"ARG BASE={PINS[1]}"),
    ]
    assert sorted(path.name for path in checkout.iterdir()) == [".ci", "Dockerfile", "action.yml"]
    assert linted("check-jsonschema", "--builtin-schema", "vendor.github-actions", checkout / "action.yml") == ""
    assert linted("zizmor", "--offline", "--strict-collection", "--persona=pedantic", checkout / "action.yml") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "pin: '' is no image by digest, NAME:TAG@sha256:…\n"),
        ((PINS[0], "debian:trixie-slim"), "pin: 'debian:trixie-slim' is no image by digest, NAME:TAG@sha256:…\n"),
        ((PINS[0], f"{PINS[1]}\nRUN id"), f"pin: '{PINS[1]}\nRUN id' is no image by digest, NAME:TAG@sha256:…\n"),
    ],
)
def test_a_release_without_digests_changes_nothing(checkout: Path, arguments: tuple[str, ...], said: str) -> None:
    done = pin(checkout, *arguments)
    assert (done.returncode, done.stderr) == (2, said)
    assert (checkout / "Dockerfile").read_text() == (ROOT / "Dockerfile").read_text()


def test_a_release_is_pinned_once(checkout: Path) -> None:
    pin(checkout, *PINS)
    done = pin(checkout, *PINS)
    assert (done.returncode, done.stderr) == (1, "pin: action.yml has not exactly one line '  image: Dockerfile'\n")
