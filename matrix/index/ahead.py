"""
Answers that are made before they are asked for, on threads of their own.

Whoever asks for an answer that is being made waits for it; one that nobody has begun is made by the
asker at once, whatever else is waiting. What was begun ahead and is never asked for can fail
without anybody noticing. The threads are daemons: an interrupt does not wait for a slow server.
"""

import collections
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
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
    """Answers by key, each made once."""

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._running = 0
        self._busy = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self._tasks: dict[Hashable, _Task] = {}
        self._waiting: collections.deque[_Task] = collections.deque()

    def ask(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer, or what making it raised."""
        with self._changed:
            task = self._tasks.setdefault(key, _Task(make))
        answer: T = task.answer()
        return answer

    def start(self, key: Hashable, make: Callable[[], object]) -> None:
        """Have the answer made some time, without waiting."""
        with self._changed:
            if key in self._tasks:
                return
            self._tasks[key] = task = _Task(make)
            self._waiting.append(task)
            if len(self._waiting) <= self._running - self._busy:
                self._changed.notify()
                return
            if self._running == self._most:
                return
            self._running += 1
        threading.Thread(target=self._work, name="index", daemon=True).start()

    def close(self) -> None:
        """Begin nothing more; what is asked for is still answered."""
        with self._changed:
            self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task.run()
            with self._changed:
                self._busy -= 1

    def _next(self) -> _Task | None:
        """A task, or None when there was none for a while: then the thread ends."""
        with self._changed:
            # Beginning a thread takes longer than what most of them do.
            self._changed.wait_for(lambda: self._waiting or self._is_closed, _LINGER)
            if not self._waiting:
                self._running -= 1
                return None
            self._busy += 1
            return self._waiting.popleft()
