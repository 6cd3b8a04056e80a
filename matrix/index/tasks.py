"""
Tasks by key that threads start early; the caller waits for a running one and runs a waiting one.

The error of a task that no caller waits for is dropped. The threads are daemons: an interrupt does
not wait for a slow server.
"""

import contextlib
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

# On Windows a wait without an end cannot be interrupted.
_WAIT: Final = 1.0
_LINGER: Final = 1.0


class _Task:
    """One result: the thread that claims it computes it."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute = compute
        self._claim = threading.Lock()
        self._result: Future[Any] = Future()

    def run(self) -> None:
        """Compute the result, unless another thread does or did."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._result.set_result(self._compute())
        except BaseException as error:  # noqa: BLE001 - raised by ``result``
            self._result.set_exception(error)

    def result(self) -> Any:  # noqa: ANN401 - what ``compute`` returns
        self.run()
        while True:
            try:
                return self._result.result(_WAIT)
            except TimeoutError:
                if self._result.done():
                    raise


class TaskPool:
    """
    Results by key, each computed once.

    Threads share queues, which need no lock of Python's: its holder would keep all others waiting
    while it waits for the interpreter's own.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._running = 0
        self._counting = threading.Lock()
        self._is_closed = False
        self._tasks: dict[Hashable, _Task] = {}
        self._waiting: SimpleQueue[_Task] = SimpleQueue()
        self._idle: SimpleQueue[None] = SimpleQueue()
        """One entry for each thread that waits for a task."""

    def run(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The result, or what computing it raised."""
        result: T = self._tasks.setdefault(key, _Task(compute)).result()
        return result

    def start(self, key: Hashable, compute: Callable[[], object]) -> None:
        """Have the result computed by a thread, without waiting."""
        task = _Task(compute)
        if self._tasks.setdefault(key, task) is not task:
            return
        self._waiting.put(task)
        if _take(self._idle):
            return
        with self._counting:
            if self._running == self._most:
                return
            self._running += 1
        threading.Thread(target=self._work, name="index", daemon=True).start()

    def close(self) -> None:
        """Start no more tasks; ``run`` still works."""
        self._is_closed = True

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task.run()

    def _next(self) -> _Task | None:
        """A task, or None when none came for a while: then the thread ends."""
        while not self._is_closed:
            with contextlib.suppress(Empty):
                return self._waiting.get_nowait()
            self._idle.put(None)
            with contextlib.suppress(Empty):
                # Starting a thread takes longer than most tasks.
                return self._waiting.get(timeout=_LINGER)
            with self._counting:
                # A task that came meanwhile is ours if all other threads are busy.
                if _take(self._idle) and self._waiting.empty():
                    self._running -= 1
                    return None
        return None


def _take(queue: SimpleQueue[None]) -> bool:
    """Take something out of ``queue``, if there is anything."""
    try:
        queue.get_nowait()
    except Empty:
        return False
    return True
