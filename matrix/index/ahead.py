"""
Answers that are made before they are asked for, on threads of their own.

Whoever asks for an answer that is being made waits for it; one that nobody has begun is made by the
asker at once, whatever else is waiting. What was begun ahead and is never asked for can fail
without anybody noticing. The threads are daemons: an interrupt does not wait for a slow server.
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
    """One answer: who claims it makes it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._claim = threading.Lock()
        self._answer: Future[Any] = Future()

    def run(self) -> None:
        """Make the answer, unless somebody else does or did."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._answer.set_result(self._make())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks
            self._answer.set_exception(error)

    def answer(self) -> Any:  # noqa: ANN401 - what ``make`` returns
        self.run()
        while True:
            try:
                return self._answer.result(_WAIT)
            except TimeoutError:
                if self._answer.done():
                    raise


class Ahead:
    """
    Answers by key, each made once.

    What threads have in common are queues, which nobody locks in Python: whoever held such a lock
    would keep all others waiting while it waits for the interpreter's own.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._running = 0
        self._counting = threading.Lock()
        self._is_closed = False
        self._tasks: dict[Hashable, _Task] = {}
        self._waiting: SimpleQueue[_Task] = SimpleQueue()
        self._idle: SimpleQueue[None] = SimpleQueue()
        """As many as there are threads that wait for a task which nobody has promised them."""

    def ask(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer, or what making it raised."""
        answer: T = self._tasks.setdefault(key, _Task(make)).answer()
        return answer

    def start(self, key: Hashable, make: Callable[[], object]) -> None:
        """Have the answer made some time, without waiting."""
        task = _Task(make)
        if self._tasks.setdefault(key, task) is not task:
            return
        self._waiting.put(task)
        if _taken(self._idle):
            return
        with self._counting:
            if self._running == self._most:
                return
            self._running += 1
        threading.Thread(target=self._work, name="index", daemon=True).start()

    def close(self) -> None:
        """Begin nothing more; what is asked for is still answered."""
        self._is_closed = True

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task.run()

    def _next(self) -> _Task | None:
        """A task, or None when there was none for a while: then the thread ends."""
        while not self._is_closed:
            with contextlib.suppress(Empty):
                return self._waiting.get_nowait()
            self._idle.put(None)
            with contextlib.suppress(Empty):
                # Beginning a thread takes longer than what most of them do.
                return self._waiting.get(timeout=_LINGER)
            with self._counting:
                # What was put meanwhile is for us, if all others work.
                if _taken(self._idle) and self._waiting.empty():
                    self._running -= 1
                    return None
        return None


def _taken(queue: SimpleQueue[None]) -> bool:
    """Take something out of ``queue``, if there is anything."""
    try:
        queue.get_nowait()
    except Empty:
        return False
    return True
