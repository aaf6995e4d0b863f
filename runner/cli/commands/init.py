"""`init`: a first definition, and a workflow that runs it. Asks nothing, overwrites nothing."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runner.cli.arguments import add_choice
from runner.cli.sites import Site, asked, checks_of
from runner.cli.starter import KINDS, cron_of, filled, quoted, text_of
from runner.definition.loader import load
from runner.definition.source import Text
from runner.doors import open_doors
from runner.errors import ExitCode, UsageError
from runner.spec import Invalid
from runner.spec.texts import url as read_url

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from runner.cli.shell import Shell

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_UNASKED: Final = Site(
    url="https://example.org/", said="is an example: put your own pages here, a check for each", asked=False
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    add_choice(parser, "--kind", *KINDS, default="web", help="what is looked after: pages, this machine, alerts (web)")
    names = ", ".join(kind.name for kind in KINDS.values())
    parser.add_argument("--name", metavar="NAME", help=f"what the definition is called ({names})")
    parser.add_argument(
        "--from",
        dest="urls",
        metavar="URL…",
        nargs="+",
        action="extend",
        default=[],
        help="pages to look after; each is asked once, and what it answers is filled in",
    )


def execute(options: argparse.Namespace, shell: Shell) -> int:
    """Write both files, and say what is left to do."""
    kind, name, root = KINDS[options.kind], _name(options), _top(shell)
    urls = tuple(_urls(options))
    files = {"definition": f"definitions/{name}.yaml", "workflow": f".github/workflows/{name}.yml"}
    _refuse_to_overwrite(root, files.values())
    doors = open_doors(shell.environ)
    sites = asked(urls, doors) if urls else [_UNASKED]
    words = {
        "NAME": name,
        "QUOTED": quoted(name),
        "CRON": cron_of(f"{shell.environ.get('GITHUB_REPOSITORY') or root.name}/{name}"),
        "CHECKS": checks_of(sites),
        "WORKFLOW": files["workflow"],
        "ROOT": shlex.quote(str(root)),
    }
    texts = {
        files["definition"]: text_of(f"{options.kind}.yaml", words),
        files["workflow"]: text_of(f"{options.kind}.yml", words),
    }
    secrets = _secrets(texts[files["definition"]], files["definition"])
    for path, text in texts.items():
        doors.files.create(root / path, text.encode())
    todo = [
        *_todo(name, kind.trial, files["definition"], secrets, seen=bool(urls) or options.kind != "web"),
        *(filled(one, words) for one in kind.todo),
    ]
    if shell.wants_json:
        shell.json({"files": list(texts), "sites": _document(sites if urls else ()), "secrets": secrets, "todo": todo})
    else:
        shell.say(_lines(texts, sites if urls else (), todo))
    return ExitCode.OK


def _name(options: argparse.Namespace) -> str:
    name = options.name or KINDS[options.kind].name
    if not re.fullmatch(_NAME, name):
        hint = "use letters, digits, . _ and -, not starting with a sign"
        raise UsageError(f"--name {name!r} cannot be the name of a definition — {hint}")
    return str(name)


def _urls(options: argparse.Namespace) -> Iterator[str]:
    """Return the pages to look after, each once; raise `UsageError` for what is none, or must not stand in a file."""
    if options.urls and options.kind != "web":
        raise UsageError(f"--from has no effect here: --kind {options.kind} looks at no pages")
    for given in dict.fromkeys(options.urls):
        try:
            found = str(read_url(given))
            credentials = urlsplit(found).username is not None
        except Invalid as error:
            raise UsageError(f"--from: {error.sentence}{f' — {error.hint}' if error.hint else ''}") from None
        except ValueError as error:
            raise UsageError(f"--from: this is no URL: {error}") from None
        if credentials:
            hint = "leave them out, and use {{ secrets.NAME }} in the definition"
            raise UsageError(f"--from: the URL holds a user or a password, which would stand in a file — {hint}")
        if "{{" in found:
            raise UsageError(f"--from: {found} holds an expression — write %7B%7B for two braces")
        yield found


def _top(shell: Shell) -> Path:
    """Return where both files belong; raise `UsageError` in a folder of a repository that is not its top."""
    root = shell.workspace
    for above in root.parents if not (root / ".git").exists() else ():
        if (above / ".git").exists():
            why = "GitHub reads workflows at the top of a repository alone"
            raise UsageError(f"{root} is a folder of the repository {above}, and {why} — run it there: cd {above}")
    return root


def _refuse_to_overwrite(root: Path, paths: Iterable[str]) -> None:
    there = [path for path in paths if os.path.lexists(root / path)]
    if there:
        hint = "give another --name, or move what is there"
        raise UsageError(f"{' and '.join(there)} {'are' if there[1:] else 'is'} there already — {hint}")


def _secrets(definition: str, label: str) -> list[str]:
    """Return the secrets that a definition needs; raise `DefinitionError` where it is none."""
    nodes = [step.config.sketch for step in load(Text(data=definition.encode(), label=label, name="")).steps]
    return [need.name for node in nodes if node for need in node.needs() if need.required]


def _todo(name: str, trial: str, definition: str, secrets: Iterable[str], *, seen: bool) -> Iterator[str]:
    yield f"{'Look over' if seen else 'Put your pages into'} {definition}"
    yield f"Try it, which needs no secret: pipeline-runner --definition {name} {trial}"
    yield from (f"Give GitHub the secret: gh secret set {secret}" for secret in secrets)
    yield "Commit both files: GitHub runs what is on the default branch"


def _document(sites: Iterable[Site]) -> list[dict[str, object]]:
    return [{"url": site.url, "status": site.status or None, "said": site.said} for site in sites]


def _lines(files: Iterable[str], sites: Iterable[Site], todo: Iterable[str]) -> Iterator[str]:
    yield from (f"{site.url} {site.said}" for site in sites)
    yield from (f"{path}: written" for path in files)
    yield ""
    yield "Left to do:"
    yield from (f"  {number}. {one}" for number, one in enumerate(todo, start=1))
