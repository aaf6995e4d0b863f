"""Programs: started without a shell, in a group of their own, and gone when their time is up."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Final, NoReturn

from runner.errors import NodeError, Refused
from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.deadline import Deadline

MAX_KEPT: Final = 1 << 16
"""Bytes of each output that are kept: the first and the last half of it."""
_CHUNK: Final = 1 << 16
_FIRST_GLANCE: Final = 0.001
_LAST_GLANCE: Final = 0.05
"""Seconds between two looks at whether the child is gone or the time is up: ever longer while no output comes."""
_AFTERMATH: Final = 0.1
"""Seconds for the output of a child that is gone; a grandchild may hold the pipes for ever."""
_MERCY: Final = 0.2
"""Seconds between SIGTERM and SIGKILL."""
_LAST_RITES: Final = 0.2
"""Seconds for the kernel to end what was killed."""


@record
class Captured:
    """What a program printed on one of its outputs."""

    text: str
    """Decoded as UTF-8, other bytes escaped; where it is cut, a line in the middle counts what is missing."""
    total: int
    """Bytes that were printed."""
    cut: bool


@record
class Finished:
    """A program that ended by itself."""

    returncode: int
    """Negative: the signal that ended it."""
    stdout: Captured
    stderr: Captured


@record(kw_only=False)
class Processes:
    """Programs in, exit codes and outputs out."""

    def run(
        self,
        argv: Sequence[str],
        deadline: Deadline,
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        stdin: bytes | None = None,
        keep: int = MAX_KEPT,
    ) -> Finished:
        """Run a program to its end, with exactly this environment; its whole group is gone afterwards.

        `argv[0]` is looked up in `env["PATH"]`. Raises `TimedOut`, `Cancelled`, or `NodeError` with code `not_found`
        (no such program), `no_folder`, `no_permission`, or `failed` for what cannot be started.
        """
        deadline.check()
        process = _started(argv, env, cwd, stdin)
        talk = _Talk(process, stdin or b"", keep)
        try:
            talk.until_exit(deadline)
        except BaseException:
            talk.terminate()
            raise
        finally:
            talk.end()
        return Finished(returncode=process.returncode, stdout=talk.stdout.captured(), stderr=talk.stderr.captured())


class NoProcesses(Processes):
    """Starts nothing, for a definition that may not."""

    __slots__ = ()

    def run(
        self,
        argv: Sequence[str],
        deadline: Deadline,  # noqa: ARG002 - the interface
        *,
        env: Mapping[str, str],  # noqa: ARG002 - the interface
        cwd: str | None = None,  # noqa: ARG002 - the interface
        stdin: bytes | None = None,  # noqa: ARG002 - the interface
        keep: int = MAX_KEPT,  # noqa: ARG002 - the interface
    ) -> NoReturn:
        """Refuse."""
        program = "".join(argv[:1])
        msg = f"{program} is not started: a definition from a database starts programs only with --allow-commands"
        raise Refused(msg)


def _started(
    argv: Sequence[str], env: Mapping[str, str], cwd: str | None, stdin: bytes | None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - no shell; the definition names the program
            argv,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if cwd is not None and error.filename == cwd:
            raise NodeError(f"the folder {cwd} does not exist", code="no_folder") from error
        raise NodeError(f"the program {argv[0]} does not exist", code="not_found") from error
    except PermissionError as error:
        raise NodeError(f"no permission to run {error.filename}", code="no_permission") from error
    except OSError as error:
        raise NodeError(f"{argv[0]} cannot be run: {error.strerror}") from error
    except ValueError as error:
        raise NodeError(f"{argv[0]!r} cannot be run: {error}") from error


class _Talk:
    """A child and its pipes, until both are gone."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, keep: int) -> None:
        self.stdout = _Kept(keep)
        self.stderr = _Kept(keep)
        self._process = process
        self._stdin = memoryview(stdin)
        self._selector = selectors.DefaultSelector()
        self._listen(process.stdout, selectors.EVENT_READ, partial(self._read, self.stdout))
        self._listen(process.stderr, selectors.EVENT_READ, partial(self._read, self.stderr))
        self._listen(process.stdin, selectors.EVENT_WRITE, self._write)

    def until_exit(self, deadline: Deadline) -> None:
        """Pump until the child is gone and its last words are read; raise where the deadline is over first."""
        pause = _FIRST_GLANCE
        while self._process.poll() is None:
            deadline.check()
            came = self._pump(min(pause, deadline.left))
            pause = _FIRST_GLANCE if came else min(2 * pause, _LAST_GLANCE)
        end = time.monotonic() + _AFTERMATH
        while self._selector.get_map() and self._pump(max(0.0, end - time.monotonic())) and time.monotonic() < end:
            pass

    def terminate(self) -> None:
        """Ask the group to end, and listen meanwhile: who cannot write cannot leave."""
        self._signal(signal.SIGTERM)
        end = time.monotonic() + _MERCY
        while self._process.poll() is None and time.monotonic() < end:
            self._pump(_FIRST_GLANCE)

    def end(self) -> None:
        """Kill what is left of the group, reap the child, close the pipes."""
        self._signal(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # the kernel may hold it; a later start reaps it
            self._process.wait(_LAST_RITES)
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _listen(self, pipe: IO[bytes] | None, event: int, act: Callable[[IO[bytes]], None]) -> None:
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, event, partial(act, pipe))

    def _pump(self, seconds: float) -> bool:
        """Move what can be moved; say whether anything could."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            key.data()
        return bool(ready)

    def _read(self, kept: _Kept, pipe: IO[bytes]) -> None:
        chunk = os.read(pipe.fileno(), _CHUNK)
        kept.take(chunk)
        if not chunk:
            self._selector.unregister(pipe)

    def _write(self, pipe: IO[bytes]) -> None:
        try:
            self._stdin = self._stdin[os.write(pipe.fileno(), self._stdin[:_CHUNK]) :]
        except BrokenPipeError:  # it does not want to hear the rest
            self._stdin = self._stdin[:0]
        if not self._stdin:
            self._selector.unregister(pipe)
            pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class _Kept:
    """The first and the last bytes of an output."""

    def __init__(self, keep: int) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._head_size = keep // 2
        self._tail_size = keep - self._head_size
        self._total = 0

    def take(self, chunk: bytes) -> None:
        room = self._head_size - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[: max(0, len(self._tail) - self._tail_size)]
        self._total += len(chunk)

    def captured(self) -> Captured:
        missing = self._total - len(self._head) - len(self._tail)
        if not missing:
            return Captured(text=_decoded(self._head + self._tail), total=self._total, cut=False)
        text = f"{_decoded(self._head)}\n… {missing} bytes left out …\n{_decoded(self._tail)}"
        return Captured(text=text, total=self._total, cut=True)


def _decoded(data: bytearray) -> str:
    return data.decode("utf-8", "backslashreplace")
