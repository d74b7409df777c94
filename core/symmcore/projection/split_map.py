"""One split of one run while its points are laid out."""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from symmcore.projection.base import ProjectionSettings
from symmcore.projection.layout import (
    FEWEST_POINTS,
    Beginning,
    Layout,
    LayoutMethod,
    principal_plane,
    turned_to,
)
from symmcore.projection.motion import embedding_share
from symmcore.projection.neighbours import changed_share
from symmcore.projection.points import (
    SMALLEST_VARIANCE,
    Points,
    centred,
    frozen,
    is_picture,
    normalised,
)
from symmcore.projection.quality import map_quality
from symmcore.records import IndexArray, MapQuality, PlanePoints, WatchedSet


@dataclass(slots=True, eq=False)
class SplitMap:
    """The points of one split of one run, and where they are.

    Attributes:
        partnered: (N,) bool, which images have a synthetic point of their own.
        labels: (N,) int64.
        points: (N + S, D) float64, the images and then those synthetic points.
        start: where they were drawn last; None where they were not.
        matured: how far the layout is that they were drawn by, in [0, 1].
        is_spread: whether they are not all in one place.
        coordinates: (N + S, 2) where they are now, turned to fit.
        quality: as measured last.
        reference: the map of the first run that this one is turned to fit; None for itself.
        again: the frame that the start shows, laid out once more.
        changed: share of the images' neighbours that were none in that frame.
    """

    partnered: npt.NDArray[np.bool_]
    labels: IndexArray
    points: Points
    start: Points | None
    matured: float
    is_spread: bool
    coordinates: Points
    quality: MapQuality | None
    reference: "SplitMap | None" = None
    again: "SplitMap | None" = None
    changed: float = 0.0
    _begins_at: Points | None = None
    _layout: Layout | None = None
    _rests: bool = False

    @classmethod
    def of(cls, watched: WatchedSet, start: PlanePoints | None, matured: float) -> Self:
        """Make the map of a split's images and of the synthetic points that are their own."""
        partnered = watched.partner >= 0
        count = len(partnered)
        points = normalised([watched.points.embeddings, watched.synthetic[partnered]])
        away = centred(points)
        drawn = None
        if start is not None and is_picture(start.original, count):
            drawn = np.concatenate([start.original, start.synthetic[partnered]]).astype(np.float64)
            drawn = drawn if np.isfinite(drawn).all() else None
        return cls(
            partnered=partnered,
            labels=watched.points.labels,
            points=points,
            start=drawn,
            matured=matured,
            is_spread=count > 0 and float(np.square(away).sum()) / count > SMALLEST_VARIANCE,
            coordinates=np.zeros((len(points), 2)),
            quality=None if start is None or drawn is None else _carried(start.quality, matured),
        )

    @property
    def count(self) -> int:
        """How many images there are."""
        return len(self.partnered)

    @property
    def needs_layout(self) -> bool:
        """Whether there is a graph to lay out."""
        return self.is_spread and len(self.points) >= FEWEST_POINTS

    @property
    def done(self) -> float:
        """Share of the layout that is done, in [0, 1]."""
        return 0.0 if self._layout is None else self._layout.done

    @property
    def reached(self) -> float:
        """How far the layout is by now that the points are drawn by, in [0, 1]."""
        if self.is_waiting:
            return self.matured
        return self.matured + (1.0 - self.matured) * self.done

    @property
    def begins_at(self) -> Points:
        """Where the layout begins, (N + S, 2)."""
        return self.coordinates if self._begins_at is None else self._begins_at

    @property
    def is_waiting(self) -> bool:
        """Whether the points stay where they were, as those of their layout have not parted yet.

        A first layout that a new frame may cut short does not wait: it would never be shown.
        """
        layout = self._layout
        return layout is not None and layout.is_between and (self.matured >= 1.0 or self._rests)

    @property
    def is_parting(self) -> bool:
        """Whether the points of a first layout are not where it is a picture of them yet."""
        return self.matured < 1.0 and (self._layout is None or self._layout.is_between)

    def place(self, method: LayoutMethod) -> None:
        """Choose where the points are at first; points in one place stay there.

        A first layout is begun where that of the first run is, and shown as what is known of its
        own points until then: their PCA.
        """
        if not self.is_spread:
            return
        if self.start is not None and self.needs_layout:
            self.coordinates = self.start
            return
        self.matured = 0.0
        self.coordinates = principal_plane(self.points)
        if not self.needs_layout:
            return
        farthest = float(np.linalg.norm(self.coordinates, axis=1).max())
        self.coordinates *= method.reach(len(self.points)) / farthest
        shared = self.reference
        if shared is not None and len(shared.points) == len(self.points) and shared.needs_layout:
            self.coordinates = turned_to(self.coordinates, shared.coordinates, self.count)
            self._begins_at = shared.begins_at

    def begin(self, method: LayoutMethod, settings: ProjectionSettings) -> None:
        """Make the graph; before that of the frame that is laid out once more, in the same way."""
        if self.again is not None and self.again.count == self.count:
            before = self.again.points[: self.count]
            self.changed = changed_share(before, self.points[: self.count])
            self.again.changed = self.changed
        if not settings.measures_motion:
            self.again = None
        self._rests = settings.rests
        self._layout = method.begin(
            self.points,
            Beginning(self.begins_at, self.matured, settings.seed, settings.is_live, self.changed),
        )

    def advance(self) -> None:
        """Have the layout move its points on; they are shown there by :meth:`follow`."""
        assert self._layout is not None, "begun before"
        self._layout.advance()

    def follow(self) -> None:
        """Show the points where their layout has them by now, turned to fit, unless they wait."""
        assert self._layout is not None, "begun before"
        if self.is_waiting:
            return
        coordinates = self._as_wide(np.asarray(self._layout.coordinates, dtype=np.float64))
        target = self.start if self.reference is None else self.reference.coordinates
        if target is None:
            self.coordinates = coordinates - coordinates[: self.count].mean(axis=0)
        else:
            self.coordinates = turned_to(coordinates, target, self.count)

    def _as_wide(self, coordinates: Points) -> Points:
        """Enlarge a first layout, until it is done, where it is narrower than what was shown."""
        if self.matured >= 1.0 or self.done >= 1.0:
            return coordinates
        narrow, wide = (_spread(points[: self.count]) for points in (coordinates, self.coordinates))
        return coordinates * (wide / narrow) if 0.0 < narrow < wide else coordinates

    def measure(self) -> None:
        """Measure how far the map can be trusted where the points are now."""
        self.quality = map_quality(
            self.points[: self.count], self.coordinates[: self.count], self.labels
        )
        motion = math.nan
        if self.again is not None and self.start is not None:
            motion = embedding_share(
                self.start[: self.count],
                self.again.coordinates[: self.count],
                self.coordinates[: self.count],
            )
        self.quality = replace(self.quality, embedding_motion=motion)

    def plane(self) -> PlanePoints:
        """Freeze where the points are; an image without a partner has its own place twice."""
        original = frozen(self.coordinates[: self.count])
        synthetic = np.array(original)
        synthetic[self.partnered] = self.coordinates[self.count :]
        return PlanePoints(original, frozen(synthetic), self.quality)


def _carried(quality: MapQuality | None, matured: float) -> MapQuality | None:
    """What is known of a map until it is measured, by what was measured of its start.

    The start of a first layout tells nothing of it; how much has moved is of the start's own step.
    """
    if quality is None or matured <= 0.0:
        return None
    return replace(quality, embedding_motion=math.nan)


def _spread(points: Points) -> float:
    """Root mean square distance of points (N, 2) from their mean."""
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean()))
