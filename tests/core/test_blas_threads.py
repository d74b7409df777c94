"""How many threads BLAS computes with, whoever asks for fewer."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from symmcore.blas_threads import limited_blas_threads


def blas_threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    np.ones((2, 2)) @ np.ones((2, 2))  # BLAS is loaded
    with threadpool_limits(3, user_api="blas"):
        if blas_threads() != {3}:
            pytest.skip("this BLAS cannot be told how many threads to take")
        yield


def test_a_limit_holds_for_its_block_alone() -> None:
    with limited_blas_threads(2):
        assert blas_threads() == {2}
    assert blas_threads() == {3}


def test_blocks_that_overlap_leave_what_was_before_the_first() -> None:
    first, second = limited_blas_threads(1), limited_blas_threads(2)
    first.__enter__()
    second.__enter__()
    assert blas_threads() == {1}
    first.__exit__(None, None, None)
    assert blas_threads() == {2}
    second.__exit__(None, None, None)
    assert blas_threads() == {3}


def test_a_block_that_fails_gives_its_limit_back() -> None:
    with pytest.raises(ValueError, match="broken"), limited_blas_threads(1):
        raise ValueError("broken")
    assert blas_threads() == {3}


def test_blocks_of_many_threads_at_once() -> None:
    start = threading.Barrier(8)

    def hold(most: int) -> None:
        start.wait()
        for _ in range(10):
            with limited_blas_threads(most):
                assert max(blas_threads()) <= most

    threads = [threading.Thread(target=hold, args=(1 + at % 3,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blas_threads() == {3}
