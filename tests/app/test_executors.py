"""Closing waits for no thread for longer than it says."""

import threading
from concurrent.futures import ThreadPoolExecutor

from symmviz.services.executors import shut_down


def test_a_pool_is_left_that_does_not_end_in_time() -> None:
    going_on = threading.Event()
    pools = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    under_way, waiting = (pools[0].submit(going_on.wait, 20.0) for _ in range(2))
    assert not shut_down(pools, 0.05)
    assert waiting.cancelled()
    going_on.set()
    assert under_way.result(20.0)
    assert shut_down(pools, 20.0)
