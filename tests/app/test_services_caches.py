import threading

import pytest

from symmviz.services.byte_cache import ByteCache
from symmviz.services.wanted import WantedThread

PATIENCE = 20.0


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache: ByteCache[str, int] = ByteCache(most_bytes=30, most_entries=9)
    for at, key in enumerate("abc"):
        cache.put(key, at, 10)
    assert cache.get("a") == 0
    cache.put("d", 3, 10)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]
    assert (len(cache), cache.size) == (3, 30)


def test_the_number_of_entries_is_bounded_too() -> None:
    cache: ByteCache[int, int] = ByteCache(most_bytes=10**9, most_entries=4)
    for key in range(2_000):
        cache.put(key, key, 1)
    assert len(cache) == 4
    assert cache.get(1_999) == 1_999


def test_the_newest_stays_however_large_and_replacing_counts_once() -> None:
    cache: ByteCache[str, int] = ByteCache(most_bytes=30, most_entries=9)
    cache.put("a", 1, 5)
    cache.put("b", 2, 100)
    assert (cache.get("a"), cache.get("b"), cache.size) == (None, 2, 100)
    cache.put("b", 3, 7)
    assert (cache.get("b"), cache.size) == (3, 7)
    cache.clear()
    assert (len(cache), cache.size) == (0, 0)


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
