"""The input event: inline, from a file, from stdin, a sample, or GitHub's."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from runner.cli.members import member
from runner.definition.source import unreadable
from runner.errors import UsageError
from runner.formats import FORMATS

if TYPE_CHECKING:
    import argparse

    from runner.cli.shell import Shell

MAX_PAYLOAD: Final = 10 * 1024 * 1024
_UNNAMED: Final = "cli"
"""The source where no flag names one."""
_QUOTES: Final = """JSON has double quotes; for a shell, single ones stand around the whole: '{"name": "value"}'"""
_EVENTS: Final = {"repository_dispatch": "client_payload", "workflow_dispatch": "inputs"}


def is_given(options: argparse.Namespace) -> bool:
    """Say whether any flag names an event."""
    return any(_given(options).values())


def _given(options: argparse.Namespace) -> dict[str, bool]:
    return {
        "--payload": options.payload is not None,
        "--file": options.file is not None,
        "--sample": options.sample,
        "--event": options.event,
    }


def read_payload(options: argparse.Namespace, shell: Shell) -> object:
    """Return the event; `{}` where no flag names one. Raises `UsageError`."""
    given = [flag for flag, is_set in _given(options).items() if is_set]
    if len(given) > 1:
        raise UsageError(f"Cannot specify both {given[0]} and {given[1]} — give the event once")
    if options.payload is not None:
        return _inline(options.payload)
    if options.file is not None:
        return parsed(_bounded(_read(options.file, shell)), f"Invalid JSON in file: {options.file}")
    if options.sample:
        return _sample(options)
    return _github_event(shell) if options.event else {}


def _inline(text: str) -> object:
    try:
        return parsed(_bounded(os.fsencode(text)), "Invalid JSON payload")
    except UsageError:
        if text.startswith("@"):
            raise UsageError(f"Invalid JSON payload: {text} — to read a file, write --file {text[1:]}") from None
        if not os.path.isfile(text):
            raise
        raise UsageError(f"Invalid JSON payload: {text} is a file — write --file {text}") from None


def _sample(options: argparse.Namespace) -> object:
    if options.format:
        return member(FORMATS, options.format)().sample()
    name = "generic" if options.source == _UNNAMED else options.source
    if name not in FORMATS:
        raise UsageError(f"No sample for --source {name} — there is one for {', '.join(FORMATS)}")
    return FORMATS.load(name)().sample()


def _read(path: str, shell: Shell) -> bytes:
    if path == "-":
        return shell.stdin.buffer.read(MAX_PAYLOAD + 1)
    try:
        with open(path, "rb") as file:
            return file.read(MAX_PAYLOAD + 1)
    except (FileNotFoundError, NotADirectoryError):
        from runner.cli.library import library_of  # noqa: PLC0415 - only where something is wrong

        raise UsageError(library_of(shell).absent(f"File not found: {path}", path)) from None
    except OSError as error:
        raise UsageError(unreadable(path, error)) from error


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_PAYLOAD:
        raise UsageError(f"the payload is larger than {MAX_PAYLOAD // 1024**2} MiB")
    return data


def parsed(data: bytes | str, complaint: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON; raise `UsageError`, beginning with the complaint, for what is none."""

    def refuse(word: str) -> None:
        raise UsageError(f"{complaint}: {word} is no number in JSON")

    try:
        return json.loads(data, parse_constant=refuse)
    except RecursionError:
        raise UsageError(f"{complaint}: it is nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{complaint}: {_fault(data, error)}") from None


def _fault(data: bytes | str, error: ValueError) -> str:
    """Say what is wrong with JSON, and how to mend what people most often get wrong."""
    if not data.strip():
        return "it is empty"
    if isinstance(error, json.JSONDecodeError):
        unquoted = error.msg.startswith("Expecting property name") and error.doc[error.pos :].rstrip(" }")
        return f"{error} — {_QUOTES}" if unquoted else str(error)
    return str(error) if isinstance(error, UnicodeDecodeError) else "a number has too many digits"


def _github_event(shell: Shell) -> object:
    path = shell.environ.get("GITHUB_EVENT_PATH", "")
    name = shell.environ.get("GITHUB_EVENT_NAME", "")
    if not path:
        raise UsageError("--event reads GITHUB_EVENT_PATH, and it is not set — this is no GitHub workflow")
    if name not in _EVENTS:
        known = " or ".join(_EVENTS)
        raise UsageError(f"--event cannot read the event {name or 'of this workflow'} — it reads {known}")
    event = parsed(_bounded(_read(path, shell)), f"Invalid JSON in file: {path}")
    found = event.get(_EVENTS[name]) if isinstance(event, dict) else None
    return {} if found is None else found
