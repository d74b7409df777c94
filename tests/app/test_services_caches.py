import threading
from unittest.mock import MagicMock

import pytest

from symmviz.services import follower
from symmviz.services.request_thread import RequestThread

PATIENCE = 20.0


class Progress:
    """Items that end when the test says so."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, item: int) -> None:
        self.begun.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        self.done.append(item)


def finish(thread: RequestThread[int], doing: Progress, count: int) -> list[int]:
    for _ in range(count):
        doing.go_on.release()
    for _ in range(count):
        assert doing.begun.acquire(timeout=PATIENCE)
    while thread.busy:
        pass
    assert thread.close(PATIENCE)
    return doing.done


def test_what_is_no_longer_wanted_is_dropped_but_for_what_was_begun() -> None:
    doing = Progress()
    thread: RequestThread[int] = RequestThread("test", doing)
    thread.request((1, 2, 3))
    assert doing.begun.acquire(timeout=PATIENCE)
    thread.request((4, 5))
    doing.begun.release()
    assert finish(thread, doing, 3) == [1, 4, 5]


def test_the_newest_wish_comes_first_and_the_oldest_are_forgotten() -> None:
    doing = Progress()
    thread: RequestThread[int] = RequestThread("test", doing)
    thread.request_first(0, 3)
    assert doing.begun.acquire(timeout=PATIENCE)
    for item in (1, 2, 3, 4):
        thread.request_first(item, 3)
    doing.begun.release()
    assert finish(thread, doing, 4) == [0, 4, 3, 2]


def test_closing_ends_it_and_nothing_comes_after() -> None:
    thread: RequestThread[int] = RequestThread("test", lambda item: pytest.fail(f"did {item}"))
    assert thread.close(PATIENCE)
    thread.request((1,))
    assert not thread.busy
    doing = Progress()
    thread = RequestThread("test", doing)
    thread.request((1, 2))
    assert doing.begun.acquire(timeout=PATIENCE)
    assert not thread.close(0.0)
    doing.go_on.release()
    assert thread.close(PATIENCE)
    assert doing.done == [1]


def test_an_item_that_fails_is_reported_and_the_next_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: reported.append(given.exc_value))
    fault, done = ArithmeticError("odd"), threading.Event()
    told: list[tuple[int, Exception]] = []

    def do(item: int) -> None:
        if item == 1:
            raise fault
        done.set()

    thread: RequestThread[int] = RequestThread(
        "test", do, lambda item, error: told.append((item, error))
    )
    thread.request((1, 2))
    assert done.wait(PATIENCE)
    assert thread.close(PATIENCE)
    assert reported == [fault]
    assert told == [(1, fault)]


def test_a_run_that_cannot_be_followed_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reported: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: reported.append(given.exc_value))
    monkeypatch.setattr(follower, "_SECONDS", 0.001)
    fault, polled = ArithmeticError("odd"), threading.Semaphore(0)
    said: list[str] = []
    broken, whole = MagicMock(live=False, folder="/runs/a"), MagicMock(live=False)
    broken.poll.side_effect = fault
    whole.poll.side_effect = polled.release
    following = follower.Follower(said.append)
    following.follow((broken, whole))
    assert all(polled.acquire(timeout=PATIENCE) for _ in range(3))
    assert following.close(PATIENCE)
    assert reported == [fault]
    assert said == ["/runs/a cannot be followed (ArithmeticError: odd)."]
