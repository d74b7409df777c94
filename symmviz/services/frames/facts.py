"""What is computed of recorded frames beside where their points lie, as far as it is wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

import numpy as np

from symmcore.blas_threads import limited_blas_threads
from symmcore.byte_cache import ByteCache
from symmcore.records import PickedPairs
from symmcore.runs import Recording
from symmviz.model.loaded import Shares, ShareTarget, Verdicts
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.retrieval.query import Split
from symmviz.services.frames.pair_cosines import pair_cosines
from symmviz.services.frames.point_shares import frame_shares
from symmviz.services.frames.verdicts import frame_verdicts

_ENTRIES = 96
_VERDICT_BYTES = 16 * 2**20
_PICKED_BYTES = 32 * 2**20
_COSINE_BYTES, _COSINE_ENTRIES = 2**20, 512


class FramePart(Enum):
    """What of a frame is to be in memory."""

    POINTS = auto()
    VERDICTS = auto()
    """Which images are right at rank 1."""
    PICKED = auto()
    """The pairs picked in the newest batch."""
    SHARES = auto()
    """What colours that are a scale say."""
    COSINES = auto()
    """How the cosines of pairs of a split's images are distributed."""


@dataclass(frozen=True, slots=True)
class FrameWanted:
    """A frame of a run that is to be in memory; without a step, its gallery's images."""

    recording: Recording
    method: str
    step: int | None
    part: FramePart = FramePart.POINTS
    shares: ShareTarget | None = None
    split: Split = Split.TEST


class FrameFacts:
    """Keeps what was computed, each kind bounded in bytes and entries; thread-safe."""

    def __init__(self) -> None:
        self._verdicts: ByteCache[_Frame, Verdicts] = ByteCache(_VERDICT_BYTES, _ENTRIES)
        self._picked: ByteCache[_Frame, PickedPairs] = ByteCache(_PICKED_BYTES, _ENTRIES)
        self._shares: ByteCache[ShareTarget, Shares] = ByteCache(_VERDICT_BYTES, _ENTRIES)
        self._cosines: ByteCache[tuple[_Frame, Split], PairCosines] = ByteCache(
            _COSINE_BYTES, _COSINE_ENTRIES
        )

    def verdicts(self, key: str, step: int) -> Verdicts | None:
        """Which images of a run were right at rank 1 after a step, where that was wanted."""
        return self._verdicts.get((key, step))

    def picked(self, key: str, step: int) -> PickedPairs | None:
        """The pairs picked in the newest batch before a step, where they were wanted."""
        return self._picked.get((key, step))

    def shares(self, target: ShareTarget) -> Shares | None:
        """What colours that are a scale say, where that was wanted."""
        return self._shares.get(target)

    def cosines(self, key: str, step: int, split: Split) -> PairCosines | None:
        """The cosines of pairs of a split's images after a step, where they were wanted."""
        return self._cosines.get(((key, step), split))

    def has(self, wanted: FrameWanted, step: int) -> bool:
        """Whether a part of a frame, other than its points, is kept."""
        key = wanted.recording.key
        if wanted.shares is not None:
            return self.shares(wanted.shares) is not None
        if wanted.part is FramePart.VERDICTS:
            return self.verdicts(key, step) is not None
        if wanted.part is FramePart.COSINES:
            return self.cosines(key, step, wanted.split) is not None
        return self.picked(key, step) is not None

    def find(self, wanted: FrameWanted, step: int) -> Callable[[], None] | None:
        """Compute such a part; what is returned keeps it. None where it is not there yet.

        Raises:
            InputError, LookupError, OSError: if the frame cannot be read.
        """
        recording = wanted.recording
        frame = recording.key, step
        if wanted.shares is not None:
            return self._find_shares(recording, wanted.shares)
        if wanted.part is FramePart.VERDICTS:
            verdicts = frame_verdicts(recording.frame(step), step)
            size = verdicts.train.nbytes + verdicts.test.nbytes
            return partial(self._verdicts.put, frame, verdicts, size)
        if wanted.part is FramePart.COSINES:
            read = recording.frame(step)
            watched = read.train if wanted.split is Split.TRAIN else read.test
            with limited_blas_threads(1):  # a training has need of the cores, too
                cosines = pair_cosines(watched.points)
            size = cosines.same.counts.nbytes + cosines.other.counts.nbytes
            return partial(self._cosines.put, (frame, wanted.split), cosines, size)
        picked = recording.frame(step).picked or _NOTHING_PICKED
        size = picked.points.nbytes
        size += 0 if picked.groups is None else picked.groups.embeddings.nbytes
        return partial(self._picked.put, frame, picked, size)

    def clear(self) -> None:
        """Forget everything."""
        for cache in (self._verdicts, self._picked, self._shares, self._cosines):
            cache.clear()

    def _find_shares(self, recording: Recording, target: ShareTarget) -> Callable[[], None] | None:
        shares = frame_shares(recording, target)
        if shares is None:
            return None  # the map is not recorded yet: it is wanted again
        return partial(self._shares.put, target, shares, shares.train.nbytes + shares.test.nbytes)


_Frame = tuple[str, int]
"""Key of a run, and a step."""
_NOTHING_PICKED = PickedPairs(np.zeros((0, 2, 2), np.int64))
