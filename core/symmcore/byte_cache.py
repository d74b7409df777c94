"""A cache that forgets what was not used for longest, and never grows beyond a budget."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ByteCache(Generic[Key, Value]):
    """Least-recently-used cache, bounded in bytes and in entries; thread-safe.

    The newest entry stays, however large it is.

    Args:
        most_bytes: budget.
        most_entries: how many at most: a cache of small things is full soon, too; None is any
            number.
    """

    def __init__(self, most_bytes: int, most_entries: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._most_entries = most_entries
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> Value | None:
        """What is kept under a key, or None."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            self._kept.move_to_end(key)
            return kept[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a value of ``size`` bytes."""
        with self._lock:
            self._drop(key)
            self._kept[key] = value, size
            self._bytes += size
            while len(self._kept) > 1 and self._is_over():
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        with self._lock:
            return self._bytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    def _is_over(self) -> bool:
        too_many = self._most_entries is not None and len(self._kept) > self._most_entries
        return too_many or self._bytes > self._most_bytes

    def _drop(self, key: Key) -> None:
        if key in self._kept:
            self._bytes -= self._kept.pop(key)[1]
