"""A page for each node type, check, format, provider and driver, and one that lists each family."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from docs.generate.kinds import part
from docs.generate.markdown import code, fence, page, table, tidy
from docs.generate.options import description, option_table
from docs.generate.places import ROOT
from runner.cli.catalogue import FAMILIES, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runner.formats.model import Format

EXAMPLES: Final = ROOT / "docs" / "reference" / "examples"

TITLES: Final[Mapping[str, str]] = {
    "node-types": "Node types",
    "checks": "Checks",
    "formats": "Alert formats",
    "providers": "Providers",
    "drivers": "Drivers",
}
_ABOUT: Final[Mapping[str, str]] = {
    "node-types": "What a node does is its `type`. What every node takes beside its `config` is on the page "
    "[Definition](../definition.md).",
    "checks": "What a [`context`](../node-types/context.md) node looks at. A check stands in its `checks`, by its name "
    "alone or as an object with a `type`.",
    "formats": "What an [`ingest`](../node-types/ingest.md) node reads. The format is detected from the payload where "
    "nothing names one, and the result says by what.",
    "providers": "What an [`intelligence`](../node-types/intelligence.md) node asks.",
    "drivers": "How a [`notify`](../node-types/notify.md) node delivers its message.",
}
_PARTS: Final[Mapping[str, str]] = {
    "node-types": "{}_config",
    "checks": "check_{}",
    "providers": "provider_{}",
    "drivers": "channel_{}",
}
"""Where the schema has a member, by its family; formats have no options."""


def member_pages() -> Iterator[tuple[str, str]]:
    """Make the pages, by the path of each."""
    for family, registry in FAMILIES.items():
        members = {name: registry.load(name) for name in registry}
        yield f"reference/{family}/index.md", _index(family, members)
        for name, cls in members.items():
            yield f"reference/{family}/{name}.md", _page(family, name, cls)


def example(family: str, name: str) -> str:
    """Return the definition that shows a member; raise `FileNotFoundError` where there is none."""
    return (EXAMPLES / family / f"{name}.yaml").read_text(encoding="utf-8")


def _index(family: str, members: Mapping[str, type[Any]]) -> str:
    rows = ((f"[`{name}`]({name}.md)", tidy(summary(cls))) for name, cls in members.items())
    return page(f"# {TITLES[family]}", _ABOUT[family], table(("Name", "What it is"), rows))


def _page(family: str, name: str, cls: type[Any]) -> str:
    return page(
        f"# {name}",
        description(cls),
        _format_part(cls()) if family == "formats" else _options_part(family, name, cls),
        "## Example",
        fence(example(family, name), "yaml"),
    )


def _options_part(family: str, name: str, cls: type[Any]) -> str:
    keys = option_table(cls, part(_PARTS[family].format(name)))
    variables: Mapping[str, str] = getattr(cls, "variables", {})
    rows = ((code(variable), code(option)) for option, variable in variables.items())
    return page(
        "## Keys",
        keys or "It takes none.",
        "## Variables" if variables else "",
        table(("Variable", "Stands in for"), rows),
    )


def _format_part(member: Format) -> str:
    sample = member.sample()
    parsed = member.parse(sample)
    shown = [one.name for one in fields(parsed.alerts[0])]
    alerts = [{name: getattr(alert, name) for name in shown} for alert in parsed.alerts]
    return page(
        "## How it is recognised",
        f"It has {tidy(member.looks_for)}.",
        _refined(member),
        "## Sample",
        "`--sample` gives this payload:",
        fence(json.dumps(sample, indent=2, ensure_ascii=False), "json"),
        "These alerts are read from it:",
        fence(json.dumps(alerts, indent=2, ensure_ascii=False, default=str), "json"),
    )


def _refined(member: Format) -> str:
    names = ", ".join(f"[{name}]({name}.md)" for name in member.refines)
    return f"What fits {names}, too, is of this format: it keeps that shape and adds to it." if names else ""
