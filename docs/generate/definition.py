"""The page of what stands in a definition: the keys at its top, those of a node, and the kinds of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docs.generate.kinds import Schema, part, root
from docs.generate.markdown import page
from docs.generate.options import description, option_table
from runner.definition.entries import Branch, DefinitionEntry, NodeEntry, RetryEntry, SecretNeed
from runner.definition.inputs import Input
from runner.definition.shape import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUES: Final = """\
## Kinds of values

| Kind | Written |
| --- | --- |
| duration | `250ms`, `30s`, `5m`, `1h30m`, `7d`, `2w`; a bare number only where the key ends in `_seconds` |
| percentage | `85%` or `85` |
| threshold | a value in the check's own direction (above for usage and for time that is taken, below for time that is \
left), or `{above: x}`, `{below: x}`, `{outside: [a, b]}` |
| verdict | `ok` < `warning` < `unknown` < `critical` |
| anything with `{{ … }}` in it | an [expression](../expressions.md): it may stand in place of any value in `config` |
"""


def definition_pages() -> Iterator[tuple[str, str]]:
    """Make the page, by its path."""
    text = page(
        "# Definition",
        "One YAML or JSON file, of at most 1 MiB and 1,000 nodes. A key that is not listed here is an error, with the "
        "nearest one as a hint; `$schema`, and keys that begin with `x-`, may stand at the top and are not read. "
        "[definition.schema.json](../definition.schema.json) says the same to editors.",
        "## At the top",
        option_table(DefinitionEntry, root()),
        _part("### An input", Input, shape(Input)),
        _part("### A secret", SecretNeed, shape(SecretNeed)),
        "## A node",
        option_table(NodeEntry, part("node")),
        _part("### A branch of `next`", Branch, shape(Branch)),
        f"`retry`: {description(RetryEntry)[0].lower()}{description(RetryEntry)[1:]}",
        _VALUES,
    )
    yield "reference/definition.md", text


def _part(title: str, cls: type, schema: Schema) -> str:
    return page(title, description(cls), option_table(cls, schema))
