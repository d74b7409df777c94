"""What has been read of the recordings so far, for derived views to look up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray, Frame, ImageFiles, IndexArray, PickedPairs, Projection
from symmviz.model.display import ColourBy
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.map.trails import MOST_FRAMES
from symmviz.model.retrieval.query import Split


@dataclass(frozen=True, slots=True, eq=False)
class SplitImages:
    """Images of one split of a run: (N,) int64 each.

    Attributes:
        samples: positions in the dataset.
        labels: their classes.
        partnered: how many of them have a synthetic point of their own.
        partner: (N,) row of the image that each is reflected about, -1 for none; empty where
            that is not known.
        classes: their classes, ascending, each once.
    """

    samples: IndexArray
    labels: IndexArray
    partnered: int
    partner: IndexArray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RunImages:
    """Which images a run watches; the same in all of its frames."""

    train: SplitImages
    test: SplitImages

    def of(self, split: Split) -> SplitImages:
        """Those of a split."""
        return self.train if split is Split.TRAIN else self.test


@dataclass(frozen=True, slots=True, eq=False)
class LivePicture:
    """Where the points of one split are while they move.

    Attributes:
        projection: of the frame that they move towards; only that split of it counts.
        note: what is to be said of it; empty if nothing is.
        before: where they were last of each earlier frame, the oldest first.
    """

    projection: Projection
    note: str
    before: tuple[Projection, ...] = ()

    def followed_by(self, projection: Projection, note: str) -> "LivePicture":
        """Where the points are a moment later, of the same frame or another."""
        newest = self.projection
        if projection.step == newest.step:
            return LivePicture(projection, note, self.before)
        known = (*self.before, newest) if projection.step > newest.step else ()
        return LivePicture(projection, note, known[-MOST_FRAMES:])


def run_images(frame: Frame) -> RunImages:
    """The images that a frame's run watches."""
    train, test = (
        SplitImages(
            watched.points.samples,
            watched.points.labels,
            int((watched.partner >= 0).sum()),
            watched.partner,
            tuple(np.unique(watched.points.labels).tolist()),
        )
        for watched in (frame.train, frame.test)
    )
    return RunImages(train, test)


VerdictArray = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Of each watched image: 1 where the nearest is of its class, 0 where not, -1 for neither."""

    train: VerdictArray
    test: VerdictArray

    def of(self, split: Split) -> VerdictArray:
        """Those of a split."""
        return self.train if split is Split.TRAIN else self.test


@dataclass(frozen=True, slots=True)
class ShareTarget:
    """What the colours of a map are computed from, where they are a scale.

    Attributes:
        key: of the run.
        step: of the frame.
        meaning: what the colours say.
        method: of the map, where they say something of it.
        since: the step that the embedding is compared with, where it is.
    """

    key: str
    step: int
    meaning: ColourBy
    method: str = ""
    since: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Of each watched image a share in [0, 1], float32; NaN where there is none."""

    train: FloatArray
    test: FloatArray

    def of(self, split: Split) -> FloatArray:
        """Those of a split."""
        return self.train if split is Split.TRAIN else self.test


class Loaded(Protocol):
    """Looks up what is in memory; never reads and never waits."""

    def images(self, key: str) -> RunImages | None:
        """The images that a run watches, once one of its frames was read."""

    def gallery(self, key: str) -> SplitImages | None:
        """The images among which a run's test queries are searched."""

    def files(self, key: str) -> ImageFiles | None:
        """The files of a run's images, where they are known."""

    def projection(self, key: str, method: str, step: int) -> Projection | None:
        """A run's projection at a step, if it is in memory."""

    def live(self, key: str, method: str, split: Split) -> LivePicture | None:
        """Where the points of a run's split are on the screen, if they move or did."""

    def verdicts(self, key: str, step: int) -> Verdicts | None:
        """Which images of a run were right at rank 1 after a step, where that was wanted."""

    def picked(self, key: str, step: int) -> PickedPairs | None:
        """The pairs picked in the newest batch before a step, where they were wanted."""

    def shares(self, target: ShareTarget) -> Shares | None:
        """What colours that are a scale say, where that was wanted."""

    def cosines(self, key: str, step: int, split: Split) -> PairCosines | None:
        """The cosines of pairs of a split's images after a step, where they were wanted."""

    def unusable_methods(self) -> Mapping[str, str]:
        """By name, what each projection needs whose library could not be imported."""

    def failure(self, key: str, step: int) -> str:
        """Why a run's frame or projection cannot be had; empty if nothing is known of that."""
