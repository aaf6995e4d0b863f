"""Where definitions come from: files of the repository, a database, and the ones that ship with the runner."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from runner.definition.source import Text, read_file, unreadable
from runner.errors import Transient, Unavailable, UsageError
from runner.records import record
from runner.spec import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from runner.store.database import Database
    from runner.store.definitions import StoredDefinition

SUFFIXES: Final = (".yaml", ".yml", ".json")
MOST_HINTS: Final = 3
"""Names that a hint offers where one begins several."""
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What definitions are looked up by."""
_NAMES: Final = "names are letters, digits, '.', '_' and '-'"
_FOLDER: Final = "definitions"
"""Where the workspace has its own."""
_NOT_FOUND: Final = "Pipeline definition not found"
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def builtin_folder() -> Path:
    """Return the folder of the definitions that ship: inside the installed package, or beside it in a checkout."""
    packed = _PACKAGE / "builtin"
    return packed if packed.is_dir() else _PACKAGE.parent / "definitions"


@record
class Shelf:
    """The definitions of a database."""

    database: Database
    table: str = ""
    """The one table to look into; empty for all that are known."""
    inactive: bool = False
    """Those that are not active are found, too: to be looked at."""

    def find(self, name: str) -> Text | None:
        """Return a definition by `NAME` or `NAME@REVISION`; None where there is none of that name.

        Raises `Transient`, and what `runner.store.definitions.find` raises.
        """
        from runner.store import definitions  # noqa: PLC0415 - only where there is a database

        find = partial(definitions.find, database=self.database, name=name, forced=self.table, inactive=self.inactive)
        found = self.database.work(find, again=False)
        return None if found is None else text_of(found)

    def names(self) -> Sequence[StoredDefinition]:
        """Return all definitions, without their documents."""
        from runner.store import definitions  # noqa: PLC0415 - only where there is a database

        return self.database.work(partial(definitions.names, database=self.database, forced=self.table), again=False)


def text_of(found: StoredDefinition) -> Text:
    """Return a definition of the database as it is loaded."""
    return Text(
        data=found.document.encode("utf-8", "surrogatepass"),
        label=f"db:{found.name}@{found.revision}",
        name=found.name,
        origin="database",
        kind=found.format,
        version=found.revision,
        kept=found.kept,
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Raise `Unavailable` for a folder that may not be looked into."""
    try:
        yield
    except OSError as error:
        if error.filename is None:  # not about a file
            raise
        raise Unavailable(unreadable(error.filename, error)) from error


@record
class Library:
    """Finds definitions by name or path."""

    folders: tuple[Path, ...]
    """Where files are looked for by name, in this order."""
    workspace: Path
    """Where relative paths start from."""
    shelf: Shelf | None = None
    """The database that names are looked for in; None where there is none."""
    named: Shelf | None = None
    """The database that `db:NAME` means."""
    warn: Callable[[str], None] = lambda _: None
    """Hears what keeps the database from being asked where a file was found."""

    @_readable()
    def find(self, wanted: str) -> Text:
        """Return the definition that `--definition` names: `NAME`, `file:PATH`, `db:NAME`, `builtin:NAME` or a path.

        Raises `Unavailable` where there is none or it cannot be read, `UsageError` where it is no name.
        """
        kind, _, rest = wanted.partition(":")
        if kind == "builtin":
            return self._builtin(rest) or self._no_builtin(wanted, rest)
        if kind == "db":
            return self._stored(wanted, rest)
        if kind == "file" or "/" in wanted or wanted.endswith(SUFFIXES):
            return self._at(rest if kind == "file" else wanted, wanted)
        if not re.fullmatch(NAME, wanted):
            raise UsageError(f"{wanted!r} is no name of a definition — {_NAMES}")
        return self._anywhere(wanted) or self._builtin(wanted) or self._missing(wanted, wanted)

    def files(self) -> Iterator[Path]:
        """Return the files of the folders that could be definitions; raise `Unavailable` where one cannot be read."""
        for folder in self.folders:
            with _readable():
                found = folder.iterdir() if folder.is_dir() else iter(())
                files = sorted(path for path in found if path.suffix in SUFFIXES and path.is_file())
            yield from files

    def builtins(self) -> tuple[str, ...]:
        """Return the names of the definitions that ship."""
        return tuple(sorted(path.stem for path in builtin_folder().glob("*.yaml")))

    def stored(self) -> Sequence[StoredDefinition]:
        """Return the definitions of the database, without their documents; none where there is no database."""
        return self.shelf.names() if self.shelf else ()

    def _anywhere(self, name: str) -> Text | None:
        """Look for a name in the files and in the database, which must not both have it."""
        file = self._file(name)
        if self.shelf is None:
            return file
        from runner.store.connection import NoTable  # noqa: PLC0415 - only where there is a database
        from runner.store.definitions import Inactive  # noqa: PLC0415 - likewise

        try:
            found = self.shelf.find(name)
        except NoTable:
            return file  # what has no definitions is of use for channels or history all the same
        except Inactive:
            if file is None:
                raise
            both = f"{name} is at {file.label} and, not active, in {self.shelf.database}"
            raise UsageError(f"{both} — say which one: --definition file:{file.label}") from None
        except (Transient, Unavailable) as error:
            if file is None:
                raise
            self.warn(
                f"{name} was found at {file.label}, and whether the database has it, too, is unknown: {error.message}"
            )
            return file
        if file and found:
            both = f"{name} is at {file.label} and in {self.shelf.database}"
            raise UsageError(f"{both} — say which one: --definition file:{file.label} or --definition db:{name}")
        return file or found

    def _stored(self, wanted: str, name: str) -> Text:
        if self.named is None:
            raise Unavailable(f"{_NOT_FOUND}: {wanted} — no database is configured: set PIPELINE_DATABASE_URL")
        if not re.fullmatch(f"{NAME}(@[0-9]+)?", name):
            hint = f"write db:NAME or db:NAME@REVISION; {_NAMES}, and one that has others has to be renamed"
            raise UsageError(f"{wanted!r} names no definition — {hint}")
        found = self.named.find(name)
        if found is None:
            known = {one.name: one.name for one in self.named.names()}
            hint = meant(name.partition("@")[0], known) or "Put it there with: pipeline-runner db import FILE."
            raise Unavailable(_not_found(f"{_NOT_FOUND}: {wanted}", hint, str(self.named.database)))
        return found

    def _file(self, name: str) -> Text | None:
        for folder in self.folders:
            paths = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
            if found := next((path for path in paths if path.is_file()), None):
                return read_file(_shown(found, self.workspace), missing="", start=self.workspace)
        return None

    def _builtin(self, name: str) -> Text | None:
        path = builtin_folder() / f"{name}.yaml"
        if not re.fullmatch(NAME, name) or not path.is_file():
            return None
        return Text(data=path.read_bytes(), label=f"builtin:{name}", name=name, origin="builtin", kind="yaml")

    def _at(self, path: str, wanted: str) -> Text:
        try:
            return read_file(path, missing="")
        except Unavailable as error:
            if error.message:
                raise
            raise Unavailable(self.absent(f"{_NOT_FOUND}: {wanted}", path)) from None

    def absent(self, what: str, path: str) -> str:
        """Say of a file that it is not there, which one may have been meant, and where it was looked for."""
        hint = meant(Path(path).stem, {Path(name).stem: name for name in _definitions_beside(path)})
        return self._told(what, hint, str(Path(path).resolve()))

    def _missing(self, wanted: str, name: str) -> NoReturn:
        files = (path.stem for path in self.files())
        known = {one: one for one in (*files, *(one.name for one in self.stored()), *self.builtins())}
        places = ", ".join(_shown(folder, self.workspace) for folder in self.folders)
        places += f", {self.shelf.database}" if self.shelf else ""
        hint = self._lying_about(name) or meant(name, known)
        raise Unavailable(self._told(f"{_NOT_FOUND}: {wanted}", hint, f"{places} and the built-in definitions"))

    def _lying_about(self, name: str) -> str:
        """Name the file that somebody did not put into the folder of definitions."""
        found = next((f"{name}{suffix}" for suffix in SUFFIXES if (self.workspace / f"{name}{suffix}").is_file()), "")
        return f"{found} is in no folder that is searched: move it, or write --config {found}." if found else ""

    def _no_builtin(self, wanted: str, name: str) -> NoReturn:
        hint = meant(name, {one: one for one in self.builtins()})
        raise Unavailable(_not_found(f"{_NOT_FOUND}: {wanted}", hint, "the built-in definitions"))

    def _told(self, what: str, hint: str, places: str) -> str:
        """Say what was not found among files, what may have been meant, and where it was looked for."""
        text = _not_found(what, hint, places)
        if self.workspace.is_dir() and not any(self.workspace.iterdir()):
            text += ". The workspace is empty: is the step actions/checkout missing?"
        elif places.startswith(_FOLDER) and not (self.workspace / _FOLDER).is_dir():
            text += f". There is no folder {_FOLDER} in {self.workspace}"
        return text


def _not_found(what: str, hint: str, places: str) -> str:
    """Say what was not found, what may have been meant, and where it was looked for."""
    return f"{what} — {f'{hint} ' if hint else ''}Searched {places}"


def meant(word: str, known: Mapping[str, str]) -> str:
    """Hint at what a word may have been meant to be: those that it begins, else the nearest; `known` spells them."""
    begun = sorted(one for one in known if word and one.lower().startswith(word.lower()))
    found = begun[:MOST_HINTS] or list(filter(None, [nearest(word, list(known))]))
    names = " or ".join(f'"{known[one]}"' for one in found)
    return f"did you mean {names}?" if names else ""


def _definitions_beside(path: str) -> list[str]:
    """Return the names of the files in a path's folder that could be definitions; none where it cannot be read."""
    try:
        return [name for name in os.listdir(Path(path).parent) if name.endswith(SUFFIXES)]  # noqa: PTH208 - names alone
    except OSError:
        return []


def _shown(path: Path, workspace: Path) -> str:
    """Write a path as a person would: relative where it is below the workspace."""
    return str(path.relative_to(workspace)) if path.is_relative_to(workspace) else str(path)
