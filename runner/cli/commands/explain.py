"""`explain`: what a diagnostic or an exit code means, and what to do about it."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, Final

from runner.cli.catalogue import FAMILIES
from runner.definition.loader import load
from runner.definition.source import Text
from runner.errors import DOCS_URL, DefinitionError, ExitCode, UsageError
from runner.explanations import DiagnosticPage, ExitPage, diagnostic_codes, diagnostic_page, exit_pages, find
from runner.spec import described, did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from runner.cli.shell import Shell
    from runner.errors import Diagnostic

WIDTH: Final = 100
"""Characters of a line, as in the help."""
_LINK: Final = re.compile(r"\[([^]]+)\]\(([^)]+)\)")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.usage = f"{parser.prog} [flags] [CODE]"
    parser.add_argument(
        "code",
        metavar="CODE",
        nargs="?",
        help="of a diagnostic (E203), or an exit code by number or name (75, transient); all where none is given",
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Print it."""
    if not options.code:
        return _list(shell)
    page = find(options.code)
    if page is None:
        raise UsageError(_unknown(options.code))
    if shell.wants_json:
        shell.json(_diagnostic_document(page) if isinstance(page, DiagnosticPage) else _exit_document(page))
    else:
        lines = _diagnostic_lines(page) if isinstance(page, DiagnosticPage) else _exit_lines(page)
        shell.say(shell.wrapped(lines))
    return ExitCode.OK


def told(page: DiagnosticPage) -> tuple[Diagnostic, ...]:
    """Return what is said about the definition that a diagnostic shows as wrong."""
    data = page.wrong.encode(page.encoding)
    try:
        return load(Text(data=data, label="definition.yaml", name="definition")).warnings
    except DefinitionError as error:
        return error.diagnostics


def _list(shell: Shell) -> int:
    diagnostics, exits = [diagnostic_page(code) for code in diagnostic_codes()], exit_pages()
    if shell.wants_json:
        found = [{"code": page.code, "title": page.title} for page in diagnostics]
        shell.json({"diagnostics": found, "exit_codes": [_named(page) | {"title": page.title} for page in exits]})
    else:
        shell.say(_titles(diagnostics, exits))
    return ExitCode.OK


def _titles(diagnostics: Iterable[DiagnosticPage], exits: Iterable[ExitPage]) -> Iterator[str]:
    named = {f"{page.numbers} {page.name}": page.title for page in exits}
    width = max(map(len, named))
    yield "diagnostics:"
    yield from (f"  {page.code:<{width}} {page.title}" for page in diagnostics)
    yield "exit codes:"
    yield from (f"  {name:<{width}} {title}" for name, title in named.items())


def _named(page: ExitPage) -> dict[str, Any]:
    return {"codes": [int(code) for code in page.codes], "name": page.name}


def _unknown(word: str) -> str:
    """Say that there is no such code, and what may have been meant."""
    family = next((family for family, registry in FAMILIES.items() if word in registry), "")
    if family:
        kind = family.removesuffix("s").replace("-", " ")
        return f"{described(word)} is no code but a {kind} — pipeline-runner show {word} has its reference"
    if word.isdecimal():
        near = str(min((int(code) for code in ExitCode), key=lambda code: abs(code - int(word[:9]))))
        return f'no exit code is {word[:9]} — did you mean "{near}"?'
    known = [*diagnostic_codes(), *(page.name for page in exit_pages())]
    hint = did_you_mean(word, known)
    few = hint if hint.startswith("did") else f"pipeline-runner explain lists them all; so does {DOCS_URL}/"
    return f"no code is {described(word)} — {few}"


def _diagnostic_document(page: DiagnosticPage) -> dict[str, Any]:
    return {
        "code": page.code,
        "title": page.title,
        "why": page.why,
        "remedy": page.remedy,
        "wrong": page.wrong,
        "said": [str(one) for one in told(page)],
        "right": page.right,
        "url": page.url,
    }


def _exit_document(page: ExitPage) -> dict[str, Any]:
    return {
        **_named(page),
        "title": page.title,
        "why": page.why,
        "again": page.again,
        "remedy": page.remedy,
        "url": page.url,
    }


def _diagnostic_lines(page: DiagnosticPage) -> Iterator[str]:
    yield from _head(f"{page.code}: {page.title}", page.why)
    yield from _section("What to do", _wrapped(page.remedy))
    saved = "" if page.encoding == "utf-8" else f", saved as {page.encoding}"
    yield from _section(f"Wrong{saved}", _indented(page.wrong))
    yield from _section("What is said about it", (f"  {one}" for one in told(page)))
    yield from _section("Right", _indented(page.right))
    yield from ("", page.url)


def _exit_lines(page: ExitPage) -> Iterator[str]:
    yield from _head(f"Exit {page.numbers} ({page.name}): {page.title}", page.why)
    yield from ("", f"Try again: {page.again}") if page.again else ()
    yield from _section("What to do", _wrapped(page.remedy))
    yield from ("", page.url)


def _head(title: str, why: str) -> Iterator[str]:
    yield title
    yield from _section("", _wrapped(why, indent=""))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    if title:
        yield f"{title}:"
    yield from lines


def _wrapped(text: str, indent: str = "  ") -> Iterator[str]:
    """Break paragraphs into lines; a link becomes its words and its address."""
    for at, paragraph in enumerate(text.split("\n\n")):
        plain = _LINK.sub(r"\1 (\2)", paragraph)
        yield from [""] if at else []
        yield from textwrap.wrap(
            plain,
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _indented(text: str) -> Iterator[str]:
    return (f"  {line}" for line in text.splitlines())
