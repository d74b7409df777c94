"""Arrays of a run that are in memory: what they take, and the tail of a live run."""

import threading

from symmcore.records import EmbeddedSet, Frame, Projection, WatchedSet


def frame_size(frame: Frame) -> int:
    """Bytes of a frame's arrays."""
    return _watched_size(frame.train) + _watched_size(frame.test)


def set_size(images: EmbeddedSet) -> int:
    """Bytes of the arrays of some embedded images."""
    return images.samples.nbytes + images.labels.nbytes + images.embeddings.nbytes


def projection_size(projection: Projection) -> int:
    """Bytes of a projection's arrays."""
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
