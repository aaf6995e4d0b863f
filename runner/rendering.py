"""Texts of a definition that are rendered when their node runs, and writing what they give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from runner.errors import NodeError
from runner.secrets import Sealed, Secret

if TYPE_CHECKING:
    from runner.scope import Scope


def render(key: str, text: str, scope: Scope, own: Mapping[str, object]) -> object:
    """Render the text of a key with the scope's names and the node's own, which come first.

    Gives the value itself where the text is one whole expression. Raises `NodeError` (`template`).
    """
    from runner.expressions import ExpressionError, compile_template  # noqa: PLC0415 - only where there is a text

    try:
        template = compile_template(text, blocks=True)
        return template.evaluate({**scope.names(template.names), **own})
    except ExpressionError as error:
        hint = f" — {error.hint}" if error.hint else ""
        msg = f"{key} cannot be rendered: {error.sentence}{hint}"
        raise NodeError(msg, code="template") from error


def written(value: object) -> str:
    """Write a text as it is, and anything else as JSON; secrets stay `«NAME»`."""
    return str(value) if isinstance(value, str | Secret | Sealed) else json.dumps(value, default=_json_value)


def _json_value(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
