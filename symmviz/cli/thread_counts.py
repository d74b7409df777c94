"""Numbers of threads that the environment sets: libraries take badly what is no number."""

import os
from collections.abc import Callable

# Each library prints its own message of a number that is none, or does not start.
_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def remove_invalid_thread_counts(say: Callable[[str], None]) -> None:
    """Take numbers of threads out of the environment that are none, before libraries read them.

    Args:
        say: takes a sentence on each.
    """
    for name in _THREAD_COUNTS:
        value = os.environ.get(name, "")
        # OpenMP takes a list: one number for each level of threads that start threads
        counts = value.split(",") if name == "OMP_NUM_THREADS" else [value]
        if value and not all(_is_count(count) for count in counts):
            del os.environ[name]
            say(f"{name} is {value!r}: it is not used, since it must be a number from 1.")


def _is_count(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and int(text) > 0
