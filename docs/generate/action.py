"""The page of the Action's inputs and outputs, made of action.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from docs.generate.markdown import code, page, table, tidy
from docs.generate.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTION: Final = ROOT / "action.yml"


def action_pages() -> Iterator[tuple[str, str]]:
    """Make the page, by its path."""
    action: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    inputs = ((code(name), code(one.get("default", "")), _said(one)) for name, one in action["inputs"].items())
    outputs = ((code(name), _said(one)) for name, one in action["outputs"].items())
    text = page(
        "# Inputs and outputs of the Action",
        "What `with:` takes and what `steps.ID.outputs` has; [The GitHub Action](../action.md) says how it is used. No "
        "input is required. One that is empty is not given, and one that does not exist is an error with the nearest "
        "name. Secrets are no inputs: give them as `env:` of the step.",
        "## Inputs",
        table(("Input", "Default", "What it is"), inputs),
        "## Outputs",
        "They are written however the step ends.",
        table(("Output", "What it is"), outputs),
    )
    yield "reference/action.md", text


def _said(one: dict[str, str]) -> str:
    return tidy(" ".join(one["description"].split()))
