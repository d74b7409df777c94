"""Draws runs by a layout of each point's neighbours: UMAP or t-SNE, piece by piece.

Each split of each run is a layout of its own, of the images and their synthetic points
together. It goes on from where the points were drawn last, so that a new frame changes the
graph and not the picture. Compared runs share one map: a run without a layout of its own
begins where the first run's points are, and all are turned to fit the first.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from symmcore.projection.base import SPLITS, ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.layout import (
    FEWEST_POINTS,
    Beginning,
    Layout,
    LayoutMethod,
    principal_plane,
    turned_to,
)
from symmcore.projection.methods import why_not
from symmcore.projection.points import (
    SMALLEST_VARIANCE,
    Points,
    frozen,
    is_picture,
    normalised,
)
from symmcore.records import Frame, PlanePoints, Projection, WatchedSet

_SECONDS_BETWEEN_LOOKS = 0.1


class NeighbourProjector:
    """Projects by a :class:`LayoutMethod`; see :class:`symmcore.projection.base.Projector`.

    A row that is zero or not finite counts as the zero vector. Where all points lie in one
    place, the frame has zeros for coordinates; fewer than :data:`FEWEST_POINTS` are drawn by
    PCA.
    """

    def __init__(self, method: LayoutMethod) -> None:
        self._method = method
        self._preparation = _Preparation(method)

    @property
    def name(self) -> str:
        """The method's name."""
        return self._method.name

    def run(self, job: ProjectionJob) -> Iterator[ProjectionUpdate]:
        """Project; see :meth:`symmcore.projection.base.Projector.run`.

        Raises:
            ValueError: if the runs hold different numbers of images.
            ImportError: if the method's library is missing or broken.
        """
        columns = _columns(job)
        maps = [one for column in columns for one in column if one.needs_layout]

        def update(done: float, note: str = "", *, is_final: bool = False) -> ProjectionUpdate:
            matured = job.settings.matured
            return ProjectionUpdate(
                _projections(job, columns),
                done,
                is_final,
                note,
                matured if matured >= 1.0 else matured + (1.0 - matured) * done,
            )

        while maps and not self._preparation.wait(_SECONDS_BETWEEN_LOOKS):
            yield update(0.0, "loading, PCA meanwhile")
        for one in maps:
            yield update(0.0)
            one.begin(self._method, job.settings)
        while any(one.done < 1.0 for one in maps):
            for one in maps:
                one.advance()
            yield update(min(one.done for one in maps))
        yield update(1.0, is_final=True)


class _Preparation:
    """What takes many seconds the first time, on a thread so that jobs can be cancelled."""

    def __init__(self, method: LayoutMethod) -> None:
        self._method = method
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def wait(self, timeout: float) -> bool:
        """Wait for at most ``timeout`` seconds; whether all is ready.

        Raises:
            ImportError: if the library is missing or broken.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._prepare, daemon=True)
            self._thread.start()
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        if self._error is not None:
            self._thread = None  # it may be installed by the next time
            raise self._error
        return True

    def _prepare(self) -> None:
        self._error = None
        try:
            self._method.prepare()
        except Exception as error:  # noqa: BLE001 - a broken library raises anything
            self._error = ImportError(why_not(self._method.name, error))
            self._error.__cause__ = error


@dataclass(slots=True, eq=False)
class _SplitMap:
    """The points of one split of one run, and where they are.

    Attributes:
        partnered: (N,) bool, which images have a synthetic point of their own.
        points: (N + S, D) float64, the images and then those synthetic points.
        start: where they were drawn last; None where they were not.
        matured: how far the layout is that they were drawn by, in [0, 1].
        coordinates: (N + S, 2) where they are now, turned to fit.
        needs_layout: whether there are enough points, and not all in one place.
    """

    partnered: np.ndarray[tuple[int], np.dtype[np.bool_]]
    points: Points
    start: Points | None
    matured: float
    needs_layout: bool
    coordinates: Points = field(init=False)
    reference: "_SplitMap | None" = None
    _layout: Layout | None = None

    @property
    def count(self) -> int:
        return len(self.partnered)

    @property
    def done(self) -> float:
        return 0.0 if self._layout is None else self._layout.done

    def place(self) -> None:
        """Choose where the points are at first."""
        if not len(self.points):
            self.coordinates = np.zeros((0, 2))
        elif self.start is not None:
            self.coordinates = self.start
        elif not self.needs_layout and len(self.points) >= FEWEST_POINTS:
            self.coordinates = np.zeros((len(self.points), 2))
        else:
            self.matured = 0.0
            shared = self.reference
            fits = shared is not None and len(shared.points) == len(self.points)
            if shared is not None and fits and shared.needs_layout:
                self.coordinates = shared.coordinates
            else:
                self.coordinates = principal_plane(self.points)

    def begin(self, method: LayoutMethod, settings: ProjectionSettings) -> None:
        self._layout = method.begin(
            self.points, Beginning(self.coordinates, self.matured, settings.seed, settings.is_live)
        )

    def advance(self) -> None:
        assert self._layout is not None, "begun before"
        self._layout.advance()
        coordinates = np.asarray(self._layout.coordinates, dtype=np.float64)
        target = self.start if self.reference is None else self.reference.coordinates
        if target is None:
            self.coordinates = coordinates - coordinates[: self.count].mean(axis=0)
        else:
            self.coordinates = turned_to(coordinates, target, self.count)

    def plane(self) -> PlanePoints:
        original = frozen(self.coordinates[: self.count])
        synthetic = np.array(original)
        synthetic[self.partnered] = self.coordinates[self.count :]
        return PlanePoints(original, frozen(synthetic))


def _columns(job: ProjectionJob) -> list[list[_SplitMap]]:
    """Make the maps of each run, one for each split that is to be projected."""
    columns: list[list[_SplitMap]] = []
    for frame, start in zip(job.frames, job.starts, strict=True):
        column = [
            _split_map(_watched(frame, split), _plane(start, split), job.settings.matured)
            for split in job.settings.splits
        ]
        for at, one in enumerate(column):
            if columns:
                one.reference = columns[0][at]
                if one.count != one.reference.count:
                    raise ValueError("runs that are drawn together must watch the same images")
            one.place()
        columns.append(column)
    return columns


def _split_map(watched: WatchedSet, start: PlanePoints | None, matured: float) -> _SplitMap:
    partnered = watched.partner >= 0
    points = normalised([watched.points.embeddings, watched.synthetic[partnered]])
    spread = float(np.square(points - points.mean(axis=0)).sum(axis=1).mean()) if len(points) else 0
    drawn = None
    count = len(partnered)
    if start is not None and is_picture(start.original, count):
        drawn = np.concatenate([start.original, start.synthetic[partnered]]).astype(np.float64)
    return _SplitMap(
        partnered=partnered,
        points=points,
        start=drawn if drawn is not None and np.isfinite(drawn).all() else None,
        matured=matured,
        needs_layout=len(points) >= FEWEST_POINTS and spread > SMALLEST_VARIANCE,
    )


def _watched(frame: Frame, split: str) -> WatchedSet:
    return frame.train if split == SPLITS[0] else frame.test


def _plane(projection: Projection | None, split: str) -> PlanePoints | None:
    if projection is None:
        return None
    return projection.train if split == SPLITS[0] else projection.test


def _projections(job: ProjectionJob, columns: list[list[_SplitMap]]) -> tuple[Projection, ...]:
    projections = []
    for frame, start, column in zip(job.frames, job.starts, columns, strict=True):
        drawn = {split: one.plane() for split, one in zip(job.settings.splits, column, strict=True)}
        train, test = (
            drawn.get(split) or _kept(_plane(start, split), len(_watched(frame, split).partner))
            for split in SPLITS
        )
        projections.append(Projection(frame.step, job.method, train, test, None))
    return tuple(projections)


def _kept(plane: PlanePoints | None, count: int) -> PlanePoints:
    if plane is not None and len(plane.original) == count:
        return plane
    nothing = frozen(np.zeros((count, 2)))
    return PlanePoints(nothing, nothing)
