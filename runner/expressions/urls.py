"""The filter that takes URLs apart."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from runner.expressions.clock import tick
from runner.expressions.lists import elements
from runner.expressions.values import ExpressionError, plain
from runner.spec import Invalid
from runner.spec.texts import url
from runner.spec.urls import with_hidden_user

_PORTS: Final = {"http": 80, "https": 443}


def url_parts(value: object) -> Any:  # noqa: ANN401 - an object, or a list of them
    """Return the parts of a URL, or of each URL of a list; user and password are none of them."""
    return [_parts(one) for one in elements(value)] if isinstance(value, list | tuple) else _parts(value)


def _parts(value: object) -> dict[str, object]:
    tick()
    given, port = _split(plain(value, '"urlsplit"'))
    host = given.hostname or ""
    return {
        "scheme": given.scheme,
        "host": host,
        "port": port,
        "path": given.path or "/",
        "query": given.query,
        "origin": f"{given.scheme}://{f'[{host}]' if ':' in host else host}:{port}",
    }


def _split(value: object) -> tuple[SplitResult, int]:
    """Take a URL apart; a check would refuse the same ones, in the same words."""
    try:
        text = str(url(value))
    except Invalid as error:
        raise ExpressionError(error.sentence, error.hint) from None
    try:
        given = urlsplit(text)
        port = _PORTS[given.scheme] if given.port is None else given.port
    except ValueError as error:
        msg = f'"{with_hidden_user(text)}" is no URL: {error}'
        raise ExpressionError(msg) from error
    if not given.hostname:
        msg = f'"{with_hidden_user(text)}" is no URL: it names no host'
        raise ExpressionError(msg)
    return given, port
