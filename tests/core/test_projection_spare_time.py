import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from symmcore.projection import spare_time
from symmcore.projection.spare_time import SpareTime

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such policy")


@pytest.fixture
def spare() -> Iterator[SpareTime]:
    one = SpareTime()
    yield one
    one.close()


def policies() -> Iterator[int]:
    """The policy of the thread that asks for the next one."""
    while True:
        yield os.sched_getscheduler(threading.get_native_id())


def test_items_come_in_order_and_none_after_the_last(spare: SpareTime) -> None:
    items = iter([3, 1, 2])
    assert [spare.next(items) for _ in range(4)] == [3, 1, 2, None]


def test_what_an_iterator_raises_is_raised(spare: SpareTime) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = broken()
    assert spare.next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        spare.next(items)


@linux
def test_the_thread_has_the_idle_policy_and_the_caller_keeps_its_own(spare: SpareTime) -> None:
    assert spare.next(policies()) == os.SCHED_IDLE
    assert os.sched_getscheduler(0) != os.SCHED_IDLE


@linux
@pytest.mark.parametrize("is_allowed", [True, False])
def test_where_no_core_is_idle_the_caller_computes_for_a_while(
    spare: SpareTime, monkeypatch: pytest.MonkeyPatch, is_allowed: bool
) -> None:
    lifted: list[int] = []
    set_policy = spare_time._set_policy

    def may_be_lifted(thread: int, *, is_idle: bool) -> bool:
        if is_idle:
            return set_policy(thread, is_idle=True)
        lifted.append(thread)
        return is_allowed

    def starved() -> Iterator[int]:
        while True:
            time.sleep(0.5)  # as a thread that gets no core
            yield os.sched_getscheduler(threading.get_native_id())

    monkeypatch.setattr(spare_time, "_set_policy", may_be_lifted)
    items = starved()
    assert spare.next(items) == os.SCHED_IDLE
    assert lifted, "it was noticed while that was computed"
    assert lifted[0] != threading.get_native_id()
    assert spare.next(items) != os.SCHED_IDLE
    monkeypatch.setattr(spare_time, "_SECONDS_UNTIL_TRIED_AGAIN", 0.0)
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert spare.next(items) == os.SCHED_IDLE, "it is tried again"


def test_without_the_policy_the_caller_computes(
    spare: SpareTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "_has_policy", False)
    here = threading.get_native_id()
    assert spare.next(iter(threading.get_native_id, None)) == here
