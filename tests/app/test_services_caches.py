import threading

import pytest

from symmviz.services.wanted import WantedThread

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


def finish(thread: WantedThread[int], doing: Progress, count: int) -> list[int]:
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
    thread: WantedThread[int] = WantedThread("test", doing)
    thread.want((1, 2, 3))
    assert doing.begun.acquire(timeout=PATIENCE)
    thread.want((4, 5))
    doing.begun.release()
    assert finish(thread, doing, 3) == [1, 4, 5]


def test_the_newest_wish_comes_first_and_the_oldest_are_forgotten() -> None:
    doing = Progress()
    thread: WantedThread[int] = WantedThread("test", doing)
    thread.want_first(0, 3)
    assert doing.begun.acquire(timeout=PATIENCE)
    for item in (1, 2, 3, 4):
        thread.want_first(item, 3)
    doing.begun.release()
    assert finish(thread, doing, 4) == [0, 4, 3, 2]


def test_closing_ends_it_and_nothing_comes_after() -> None:
    thread: WantedThread[int] = WantedThread("test", lambda item: pytest.fail(f"did {item}"))
    assert thread.close(PATIENCE)
    thread.want((1,))
    assert not thread.busy
    doing = Progress()
    thread = WantedThread("test", doing)
    thread.want((1, 2))
    assert doing.begun.acquire(timeout=PATIENCE)
    assert not thread.close(0.0)
    doing.go_on.release()
    assert thread.close(PATIENCE)
    assert doing.done == [1]
