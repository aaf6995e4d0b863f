"""Files: a document is whole or absent, and a line that was written stays written."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import TYPE_CHECKING, Final, TypeAlias

from runner.errors import NodeError, NotWritten, Refused
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PathLike: TypeAlias = str | os.PathLike[str]

_NEW: Final = 0o666
"""The mode that a new file gets, less the umask."""
_PRIVATE: Final = 0o600
_STREAMS: Final = {"/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR: Final = r"(?:/dev|/proc/self)/fd/(\d+)"
_NO_FOLDER_SYNC: Final = frozenset({errno.EACCES, errno.EINVAL, errno.ENOTSUP})
"""A folder that may not be read, or a file system that cannot sync one: the file itself is safe."""
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""A file system that knows one name for each file."""
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""A file system that knows no locks: nobody can tell whether another process writes there."""


def _lock(descriptor: int) -> None:
    """Take a file for this process as long as it is open; raise `BlockingIOError` where another one has it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@record
class System:
    """The calls of the operating system that writing takes; a test makes them fail one by one."""

    open: Callable[..., int] = os.open
    dup: Callable[[int], int] = os.dup
    write: Callable[[int, memoryview], int] = os.write
    fchmod: Callable[[int, int], None] = os.fchmod
    fsync: Callable[[int], None] = os.fsync
    lock: Callable[[int], None] = _lock
    truncate: Callable[[int, int], None] = os.ftruncate
    close: Callable[[int], None] = os.close
    rename: Callable[[str, str], None] = os.replace
    link: Callable[[str, str], None] = os.link
    unlink: Callable[[str], None] = os.unlink


def _umask() -> int:
    """Return the umask; it can be read only by setting it, so it is read once, before there are threads."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@record
class Files:
    """Reads, and writes that either happened or did not."""

    system: System = field(default_factory=System)
    umask: int = field(default_factory=_umask)

    def read(self, path: PathLike, limit: int) -> bytes:
        """Return the content of a file of at most `limit` bytes.

        Raises `NodeError` with code `not_found`, `no_permission` or `failed`, or `Refused` with code `too_large`.
        """
        try:
            with open(path, "rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError as error:
            raise NodeError(f"{path} does not exist", code="not_found") from error
        except PermissionError as error:
            raise NodeError(f"no permission to read {path}", code="no_permission") from error
        except (OSError, ValueError) as error:
            raise NodeError(f"cannot read {path}: {_reason(error)}") from error
        if len(data) > limit:
            raise Refused(f"{path} has more than {limit} bytes", code="too_large")
        return data

    def write(self, path: PathLike, data: bytes) -> None:
        """Put a document where readers see the old one or all of the new one; raise `NotWritten`.

        It keeps the mode of the file that it replaces, and replaces what a link points to. What is no regular file
        (`/dev/stdout`, a pipe) is written to as it is.
        """
        with _translated(path):
            mode = _mode(path)
            if _own_stream(path) is not None or (mode is not None and not stat.S_ISREG(mode)):
                self._pour(path, os.O_WRONLY, data)
            else:
                permissions = _NEW & ~self.umask if mode is None else stat.S_IMODE(mode)
                self._replace(os.path.realpath(path), data, permissions)

    def create(self, path: PathLike, data: bytes) -> None:
        """Put a document, and the folders above it, where nothing is; raise `NotWritten`, also where something is."""
        with _translated(path):
            target = os.path.abspath(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            self._replace(target, data, _NEW & ~self.umask, new=True)

    def append(self, path: PathLike, data: bytes) -> None:
        """Add to the end of a file, new or not; raise `NotWritten`."""
        with _translated(path):
            self._pour(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, data)

    def make_folder(self, path: PathLike, *, own: bool = True) -> None:
        """Make a folder; raise `NotWritten`. One of the runner's `own` is taken along by no commit.

        Nothing happens where it is there.
        """
        with _translated(path):
            if not os.path.isdir(path):
                os.makedirs(path, exist_ok=True)
                if own:
                    self._pour(os.path.join(path, ".gitignore"), os.O_WRONLY | os.O_CREAT, b"*\n")

    def journal(self, *paths: PathLike) -> Journal:
        """Begin an empty journal at the first of the paths that no other process writes; raise `NotWritten`."""
        for path in paths:
            with _translated(path):
                descriptor = self._taken(path)
            if descriptor is not None:
                return Journal(os.fspath(path), descriptor, self.system)
        raise NotWritten(f"cannot write {paths[-1]}: another process writes it")

    def _taken(self, path: PathLike) -> int | None:
        """Open a file, empty and for this process alone; return None where another one has it."""
        while True:
            descriptor = self._opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            try:
                self._lock(descriptor)
                if _is_at(path, descriptor):  # whoever had it may have removed it meanwhile
                    self.system.truncate(descriptor, 0)
                    return descriptor
            except BlockingIOError:
                self.system.close(descriptor)
                return None
            except BaseException:
                self.system.close(descriptor)
                raise
            self.system.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        try:
            self.system.lock(descriptor)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise

    def _replace(self, target: str, data: bytes, permissions: int, *, new: bool = False) -> None:
        folder = os.path.dirname(target)
        temporary = os.path.join(folder, f".{os.urandom(8).hex()}.tmp")
        descriptor = self.system.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
        try:
            with self._closing(descriptor):
                _write_all(self.system, descriptor, data)
                self.system.fchmod(descriptor, permissions)
                self.system.fsync(descriptor)
            (self._name if new else self.system.rename)(temporary, target)
        except BaseException:
            with suppress(OSError):
                self.system.unlink(temporary)
            raise
        self._sync_folder(folder)

    def _name(self, temporary: str, target: str) -> None:
        """Give a document its name; raise `FileExistsError` where something else has it."""
        try:
            self.system.link(temporary, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self.system.close(self.system.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))
            self.system.rename(temporary, target)
        else:
            with suppress(OSError):
                self.system.unlink(temporary)

    def _sync_folder(self, folder: str) -> None:
        try:
            descriptor = self.system.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with self._closing(descriptor):
                self.system.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise

    def _pour(self, path: PathLike, flags: int, data: bytes) -> None:
        descriptor = self._opened(path, flags)
        with self._closing(descriptor):
            _write_all(self.system, descriptor, data)

    def _opened(self, path: PathLike, flags: int) -> int:
        number = _own_stream(path)
        if number is not None:
            return self.system.dup(number)  # opened anew, a redirected output would be overwritten from its start
        # A pipe that nobody reads is an error here, not a wait without end.
        descriptor = self.system.open(path, flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK, _NEW)
        os.set_blocking(descriptor, True)
        return descriptor

    @contextmanager
    def _closing(self, descriptor: int) -> Iterator[None]:
        try:
            yield
        finally:
            self.system.close(descriptor)


class Journal:
    """Lines that the kernel has as soon as they are written: a process that is killed loses none."""

    def __init__(self, path: str, descriptor: int, system: System) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._system = system

    def write(self, line: str, *, sync: bool = False) -> None:
        """Add a line in one piece, with `sync` down to the disk; raise `NotWritten`."""
        with _translated(self.path):
            if self._descriptor is None:
                raise ValueError("the journal is closed")
            _write_all(self._system, self._descriptor, f"{line}\n".encode("utf-8", "backslashreplace"))
            if sync:
                self._system.fsync(self._descriptor)

    def close(self) -> None:
        """Write no more; raise `NotWritten`."""
        descriptor, self._descriptor = self._descriptor, None
        with _translated(self.path):
            if descriptor is not None:
                self._system.close(descriptor)

    def remove(self) -> None:
        """Delete it, if it is still there, and close it; raise `NotWritten`."""
        try:
            with _translated(self.path), suppress(FileNotFoundError):
                # before it is closed: from then on another process may take it
                if self._descriptor is None or _is_at(self.path, self._descriptor):
                    self._system.unlink(self.path)
        finally:
            self.close()


@contextmanager
def _translated(path: PathLike) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise NotWritten(f"cannot write {path}: {_lacking(path, error) or _reason(error)}") from error


def _lacking(path: PathLike, error: OSError | ValueError) -> str:
    """Name the folder that is not there."""
    folder = os.path.dirname(os.fspath(path))
    absent = isinstance(error, FileNotFoundError) and folder and not os.path.exists(folder)
    return f"there is no folder {folder} — make it first" if absent else ""


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _mode(path: PathLike) -> int | None:
    """Return type and permissions of what is there, links followed; None where nothing is."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _is_at(path: PathLike, descriptor: int) -> bool:
    """Say whether a path still leads to the file that is open."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _own_stream(path: PathLike) -> int | None:
    """Return the number of the descriptor of this process that a path stands for."""
    match = re.fullmatch(_DESCRIPTOR, str(path))
    return int(match[1]) if match else _STREAMS.get(str(path))


def _write_all(system: System, descriptor: int, data: bytes) -> None:
    """Write every byte: on a nearly full disk the kernel takes some and says how many."""
    left = memoryview(data)
    while left:
        left = left[system.write(descriptor, left) :]
