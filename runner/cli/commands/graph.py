"""`graph`: a definition as Mermaid or DOT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.cli.arguments import add_choice
from runner.cli.library import library_of
from runner.cli.loading import load_text
from runner.definition.entries import END
from runner.definition.grants import LOOKING
from runner.definition.loader import load
from runner.errors import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.cli.shell import Shell
    from runner.definition.model import Definition


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] NAME"
    parser.add_argument("definition", metavar="NAME", help="a definition by name or path")
    add_choice(parser, "--format", "mermaid", "dot", default="mermaid", help="the language (mermaid)")


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print it."""
    text = library_of(shell, inactive=True).find(options.definition)
    # it is only looked at: what whoever runs it has to allow is no matter here
    definition = load(text, grants=LOOKING) if text.origin == "database" else load_text(text, shell)
    if shell.wants_json:
        nodes = [{"id": step.id, "type": step.type} for step in definition.steps]
        edges = [{"from": start, "to": to, "when": when} for start, to, when in _edges(definition)]
        shell.json({"definition": definition.name, "nodes": nodes, "edges": edges})
    else:
        draw = _mermaid if options.format == "mermaid" else _dot
        shell.copy("\n".join(draw(definition)))
    return ExitCode.OK


def _edges(definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Return from, to and condition of every way."""
    for step in definition.steps:
        branching = any(way.when is not None for way in step.ways)
        for way in step.ways:
            otherwise = "else" if branching else ""
            yield step.id, way.to, way.when.text if way.when is not None else otherwise


def _mermaid(definition: Definition) -> Iterator[str]:
    yield "flowchart TD"
    for step in definition.steps:
        yield f'  {_word(step.id)}["{step.id}<br/>{step.type}"]'
    edges = list(_edges(definition))
    if any(to == END for _, to, _ in edges):
        yield "  end_(((end)))"
    for start, to, when in edges:
        label = f'|"{_quoted(when)}"|' if when else ""
        yield f"  {_word(start)} -->{label} {'end_' if to == END else _word(to)}"


def _word(node: str) -> str:
    """Return an id that no keyword of Mermaid can be."""
    return f"n_{re.sub(r'[^A-Za-z0-9_]', '_', node)}"


def _quoted(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
    )


def _dot(definition: Definition) -> Iterator[str]:
    yield f'digraph "{_escaped(definition.name)}" {{'
    yield "  node [shape=box]"
    for step in definition.steps:
        yield f'  "{step.id}" [label="{step.id}\\n{step.type}"]'
    for start, to, when in _edges(definition):
        label = f' [label="{_escaped(when)}"]' if when else ""
        yield f'  "{start}" -> "{to}"{label}'
    yield "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
