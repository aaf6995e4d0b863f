"""Several things at once, under a deadline that nobody can hold up.

A thread pool of the standard library waits for its threads on leaving and at exit; these threads are left behind.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.deadline import Deadline

T = TypeVar("T")


def concurrently(
    tasks: Sequence[Callable[[], T]], deadline: Deadline, *, limit: int, grace: float = 0.0
) -> tuple[T, ...]:
    """Run tasks in daemon threads, at most `limit` at once, and return their results in order.

    Raises what a task raises, and `TimedOut` or `Cancelled` once the deadline is over: tasks that still run then have
    `grace` seconds to come back by themselves, and are left behind. No task is begun after that.
    """
    deadline.check()
    todo: SimpleQueue[tuple[int, Callable[[], T]]] = SimpleQueue()
    done: SimpleQueue[tuple[int, T] | BaseException | None] = SimpleQueue()
    for task in enumerate(tasks):
        todo.put(task)
    with deadline.on_cancel(lambda: done.put(None)):
        for _ in range(min(limit, len(tasks))):
            threading.Thread(target=_work, args=(todo, done, deadline), daemon=True).start()
        results: dict[int, T] = {}
        while len(results) < len(tasks):
            results.update([_next(done, deadline, grace)])
    return tuple(results[place] for place in range(len(tasks)))


def _next(done: SimpleQueue[tuple[int, T] | BaseException | None], deadline: Deadline, grace: float) -> tuple[int, T]:
    """Wait for the next result; None in the queue only wakes."""
    while True:
        late = deadline.over
        try:
            outcome = done.get(timeout=grace if late else deadline.left)
        except Empty:
            if late:
                deadline.check()
            continue
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            return outcome


def _work(
    todo: SimpleQueue[tuple[int, Callable[[], T]]],
    done: SimpleQueue[tuple[int, T] | BaseException | None],
    deadline: Deadline,
) -> None:
    """Take one task after the other."""
    while not deadline.over:
        try:
            place, task = todo.get_nowait()
        except Empty:
            return
        try:
            done.put((place, task()))
        except BaseException as error:  # noqa: BLE001 - a thread has no caller: the one that waits raises it
            done.put(error)
