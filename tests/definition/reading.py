"""How these tests load definitions, and what they compare: whole diagnostics, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.definition.grants import EVERYTHING, Grants
from runner.definition.loader import Rewrite, load
from runner.definition.source import Text
from runner.errors import DefinitionError

if TYPE_CHECKING:
    from runner.definition.model import Definition

HEAD = 'version: "1.0"\n'


def loaded(
    text: str,
    name: str = "f.yaml",
    *,
    grants: Grants = EVERYTHING,
    rewrite: Rewrite | None = None,
    **given: Any,  # noqa: ANN401 - the fields of Text
) -> Definition:
    """Load a definition from text; `name` is that of its file."""
    found = Text(data=text.encode(errors="surrogatepass"), label=name, **{"name": "f", **given})
    return load(found, grants=grants, rewrite=rewrite)


def refused(text: str, name: str = "f.yaml", **given: Any) -> list[str]:  # noqa: ANN401 - the arguments of loaded
    """Return what is said about a definition that cannot be loaded."""
    with pytest.raises(DefinitionError) as caught:
        loaded(text, name, **given)
    return [str(one) for one in caught.value.diagnostics]


def warned(text: str, name: str = "f.yaml", **given: Any) -> list[str]:  # noqa: ANN401 - the arguments of loaded
    """Return what is said about a definition that can be loaded."""
    return [str(one) for one in loaded(text, name, **given).warnings]


def nodes(*lines: str) -> str:
    """Write a definition of nodes, each on a line of its own: the first is line 3."""
    return f"{HEAD}nodes:\n" + "".join(f"  - {line}\n" for line in lines)
