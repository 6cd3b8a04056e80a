"""Answers made ahead of being asked for."""

import threading
import time
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from matrix.errors import IndexUnavailable
from matrix.index.connections import CONNECTIONS
from matrix.index.tasks import TaskPool

from .index_clients import SIX, client, files
from .index_server import IndexServer
from .wheels import make_wheel


def test_what_was_fetched_ahead_is_not_fetched_again(index: IndexServer, tmp_path: Path) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    with client(index.url, tmp_path / "cache") as asked:
        asked.start_pages([SIX, SIX])
        asked.fetch_page(SIX)
        asked.fetch_file(files(asked)[0])
        asked.fetch_file(files(asked)[0])

    assert index.requests.count("/simple/six/") == 1
    assert index.requests.count("/files/six-1.10-py2.py3-none-any.whl") == 1


def test_a_failure_ahead_is_only_said_to_who_asks(index: IndexServer, tmp_path: Path) -> None:
    index.add(make_wheel(index.directory, "six", "1.10"))
    index.raw_pages["seven"] = b"{"
    seven = canonicalize_name("seven")
    with client(index.url, tmp_path / "cache") as asked:
        asked.start_pages([seven, SIX])

        assert len(files(asked)) == 1
        with pytest.raises(IndexUnavailable):
            asked.fetch_page(seven)


def test_who_asks_does_not_wait_for_what_others_want_ahead() -> None:
    ahead, gate = TaskPool(1), threading.Event()
    ahead.start("slow", gate.wait)
    ahead.start("wanted", lambda: "ahead")

    assert ahead.run("wanted", lambda: "now") == "ahead"
    assert ahead.run("unheard of", lambda: "now") == "now"
    gate.set()
    assert ahead.run("slow", lambda: False) is True


def test_an_answer_is_made_once_however_many_ask() -> None:
    ahead, made = TaskPool(4), []

    def make() -> int:
        time.sleep(0.02)
        made.append(1)
        return len(made)

    asking = [threading.Thread(target=ahead.run, args=("key", make), daemon=True) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()

    assert made == [1]
    assert ahead.run("key", make) == 1


def test_closing_begins_nothing_more() -> None:
    ahead, gate, begun = TaskPool(1), threading.Event(), list[int]()
    ahead.start("slow", gate.wait)
    for number in range(50):
        ahead.start(number, lambda number=number: begun.append(number))  # type: ignore[misc]

    ahead.close()
    gate.set()

    assert ahead.run("slow", lambda: False) is True
    assert begun == []


def test_threads_end_with_their_work_and_are_no_more_than_asked_for() -> None:
    ahead, gate = TaskPool(CONNECTIONS), threading.Event()
    before = set(threading.enumerate())
    for number in range(3 * CONNECTIONS):
        ahead.start(number, gate.wait)

    begun = set(threading.enumerate()) - before
    assert len(begun) == CONNECTIONS
    gate.set()
    for number in range(3 * CONNECTIONS):
        ahead.run(number, lambda: False)
    for thread in begun:
        thread.join(10)
    assert not [thread for thread in begun if thread.is_alive()]


def test_a_thread_takes_what_comes_after_its_work() -> None:
    ahead, before = TaskPool(CONNECTIONS), set(threading.enumerate())
    for number in range(20):
        done = threading.Event()
        ahead.start(number, done.set)
        assert done.wait(10)
        time.sleep(0.005)

    assert 1 <= len(set(threading.enumerate()) - before) < 5
    ahead.close()


def test_whoever_waits_is_not_kept_from_working_by_who_works() -> None:
    ahead, gate, done = TaskPool(3), threading.Event(), threading.Event()
    ahead.start("first", lambda: None)
    ahead.run("first", lambda: None)
    for number in range(2):
        ahead.start(number, gate.wait)
    ahead.start("third", done.set)

    assert done.wait(10)
    gate.set()


def test_an_interrupt_does_not_wait_for_a_slow_server(tmp_path: Path) -> None:
    listening, ended_pauses = threading.Event(), list[bool]()

    def pause(_: float) -> None:
        ended_pauses.append(listening.wait(60))

    with IndexServer.running(tmp_path / "index") as index:
        index.busy = 99
        with client(index.url, tmp_path / "cache", sleep=pause) as asked:
            asked.start_pages([SIX])
        ended_before_closing = [*ended_pauses]
        listening.set()

    assert ended_before_closing == []
