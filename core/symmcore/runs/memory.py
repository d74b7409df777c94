"""Arrays of a run that are in memory: a bounded cache, and the tail of a live run."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from symmcore.records import EmbeddedSet, Frame, Projection, WatchedSet

_Value = TypeVar("_Value")

_MOST_BYTES = 192 * 2**20


class ArrayCache:
    """The values that were used last, as many as fit; thread-safe."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, key: Hashable, make: Callable[[], _Value], size: Callable[[_Value], int]
    ) -> _Value:
        """The value of a key, made if it is not there; two threads may both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                found: _Value = self._values[key][0]
                return found
        value = make()
        self.put(key, value, size(value))
        return value

    def put(self, key: Hashable, value: object, size: int) -> None:
        """Keep a value; others go where there is no room. The newest always stays."""
        with self._lock:
            _, before = self._values.pop(key, (None, 0))
            self._values[key] = (value, size)
            self._bytes += size - before
            while self._bytes > self._most and len(self._values) > 1:
                _, (_, gone) = self._values.popitem(last=False)
                self._bytes -= gone

    def forget(self, key: Hashable) -> None:
        """Drop a value, if it is there."""
        with self._lock:
            _, gone = self._values.pop(key, (None, 0))
            self._bytes -= gone


def frame_size(frame: Frame) -> int:
    """Bytes of a frame's arrays."""
    return _watched_size(frame.train) + _watched_size(frame.test)


def set_size(images: EmbeddedSet) -> int:
    """Bytes of the arrays of some embedded images."""
    return images.samples.nbytes + images.labels.nbytes + images.embeddings.nbytes


def projection_size(projection: Projection | None) -> int:
    """Bytes of a projection's arrays."""
    if projection is None:
        return 0
    parts = (projection.train, projection.test)
    return sum(part.original.nbytes + part.synthetic.nbytes for part in parts)


def _watched_size(watched: WatchedSet) -> int:
    return set_size(watched.points) + watched.partner.nbytes + watched.synthetic.nbytes


class LiveTail:
    """What a live run holds in memory: the newest, and what is not on the disk; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: dict[int, Frame] = {}
        self._galleries: dict[int, EmbeddedSet] = {}
        self._unsaved: set[int] = set()
        self._newest = -1

    def add(self, frame: Frame, gallery: EmbeddedSet | None) -> None:
        """Keep a frame until there is a newer one and it has been saved."""
        with self._lock:
            self._newest = frame.step
            self._frames[frame.step] = frame
            self._unsaved.add(frame.step)
            if gallery is not None:
                self._galleries[frame.step] = gallery
            self._tidy()

    def saved(self, step: int) -> None:
        """A frame and its gallery are on the disk."""
        with self._lock:
            self._unsaved.discard(step)
            self._tidy()

    def drop_gallery(self, step: int) -> None:
        """Forget a gallery that is not to be kept."""
        with self._lock:
            self._galleries.pop(step, None)

    def frame(self, step: int) -> Frame | None:
        """The frame of this step, if it is here."""
        with self._lock:
            return self._frames.get(step)

    def gallery(self, step: int) -> EmbeddedSet | None:
        """The gallery of this step, if it is here."""
        with self._lock:
            return self._galleries.get(step)

    def _tidy(self) -> None:
        for step in [step for step in self._frames if not self._stays(step)]:
            del self._frames[step]
        newest = max(self._galleries, default=-1)
        for step in [step for step in self._galleries if not self._stays(step) and step != newest]:
            del self._galleries[step]

    def _stays(self, step: int) -> bool:
        return step == self._newest or step in self._unsaved
