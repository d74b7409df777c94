"""Ends thread pools within a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor


def shut_down(pools: tuple[ThreadPoolExecutor, ...], timeout: float) -> bool:
    """End thread pools, and drop what they have not begun.

    Args:
        pools: of which nothing more is asked.
        timeout: seconds to wait at most for what they are at; nothing else waits for it then.

    Returns:
        Whether all their threads have ended.
    """
    deadline = time.monotonic() + timeout
    waiting = []
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)
        # the pool's own waiting has no end
        thread = threading.Thread(target=pool.shutdown, name="symmviz-shut-down", daemon=True)
        thread.start()
        waiting.append(thread)
    for thread in waiting:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in waiting)
