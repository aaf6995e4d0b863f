"""`show`: a definition as it is written, or the reference of something that definitions are made of."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from runner.cli.catalogue import FAMILIES, details, options, summary
from runner.cli.library import library_of, readable
from runner.errors import ExitCode, Unavailable
from runner.spec import nearest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.cli.shell import Shell


_WIDTH: Final = 118
"""Characters of a line of prose."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] NAME"
    parser.add_argument("name", metavar="NAME", help="a definition, or a node type, check, format, provider or driver")


def execute(given: argparse.Namespace, shell: Shell) -> int:
    """Print it."""
    members = [(family, registry.load(given.name)) for family, registry in FAMILIES.items() if given.name in registry]
    if not members:
        return _definition(given.name, shell)
    if shell.wants_json:
        shell.json({"name": given.name, "found": [_document(family, cls) for family, cls in members]})
    else:
        shell.say(shell.wrapped(line for family, cls in members for line in _page(given.name, family, cls)))
    return ExitCode.OK


def _definition(name: str, shell: Shell) -> int:
    try:
        text = library_of(shell, inactive=True).find(name)
    except Unavailable as error:
        near = nearest(name, [member for registry in FAMILIES.values() for member in registry])
        kinds = "a node type, check, format, provider or driver"
        if near:
            raise Unavailable(f'{name} is neither a definition nor {kinds} — did you mean "{near}"?') from None
        raise Unavailable(f"{error.message}; nor is it {kinds}") from None
    written = readable(text)
    if shell.wants_json:
        shell.json({"name": name, "label": text.label, "text": written})
    else:
        shell.copy(written)
    return ExitCode.OK


def _document(family: str, cls: type[Any]) -> dict[str, Any]:
    found = [{"name": one.name, "default": one.default, "text": one.text} for one in options(cls)]
    return {"family": family, "summary": summary(cls), "details": list(details(cls)), "options": found}


def _page(name: str, family: str, cls: type[Any]) -> Iterator[str]:
    yield f"{name} ({family.removesuffix('s').replace('-', ' ')}) — {summary(cls)}"
    for text in details(cls):
        yield from (f"  {line}" for line in textwrap.wrap(text, _WIDTH))
        yield ""
    found = list(options(cls))
    names, defaults = (max((len(getattr(one, key)) for one in found), default=0) for key in ("name", "default"))
    yield from (f"  {one.name:<{names}}  {one.default:<{defaults}}  {one.text}".rstrip() for one in found)
