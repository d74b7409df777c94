"""Draws runs by a layout of each point's neighbours: UMAP or t-SNE, piece by piece.

Each split of each run is a layout of its own, of the images and their synthetic points
together. It goes on from where the points were drawn last, so that a new frame changes the
graph and not the picture. Compared runs share one map: a run without a layout of its own
begins where the first run's points are, and all are turned to fit the first.
"""

import threading
import time
from collections.abc import Iterator

import numpy as np

from symmcore.projection.base import SPLITS, ProjectionJob, ProjectionUpdate
from symmcore.projection.layout import LayoutMethod
from symmcore.projection.methods import UnusableMethodError
from symmcore.projection.points import frozen
from symmcore.projection.split_map import SplitMap
from symmcore.records import Frame, PlanePoints, Projection, WatchedSet

_SECONDS_BETWEEN_LOOKS = 0.1
# While the points move, measuring takes about a tenth of the time: the picture does not wait
# for it. Of 4,000 points it takes a second, of 10,000 four.
_SECONDS_BETWEEN_MEASUREMENTS = 1.0
_POINTS_MEASURED_A_SECOND = 400
_MOVING = "laying out"


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

    def load(self) -> None:
        """Begin to load the method's library, so that the first job need not wait for it."""
        self._preparation.begin()

    def run(self, job: ProjectionJob) -> Iterator[ProjectionUpdate]:
        """Project; see :meth:`symmcore.projection.base.Projector.run`.

        Raises:
            ValueError: if the runs hold different numbers of images.
            UnusableMethodError: if the method's library is missing or broken.
        """
        columns = _columns(job, self._method)
        maps = [one for column in columns for one in column]
        again = [one.again for one in maps if one.again is not None]
        if not job.settings.measures_motion:
            again = []
        laid = [one for one in (*maps, *again) if one.needs_layout]

        def update(done: float, note: str = "", *, is_final: bool = False) -> ProjectionUpdate:
            return ProjectionUpdate(
                _projections(job, columns),
                done,
                is_final,
                note,
                min((one.reached for one in laid), default=1.0),
            )

        while laid and not self._preparation.wait(_SECONDS_BETWEEN_LOOKS):
            # not measured yet: what is known is of the frame that they were drawn of
            for one in maps:
                one.quality = None
            begun = any(one.start is not None for one in laid)
            yield update(0.0, "loading" if begun else "loading, PCA meanwhile")
        for one in laid:
            yield update(0.0, _note(job, laid))
            one.begin(self._method, job.settings)
        measured, pause = time.monotonic(), _pause(maps)
        while any(one.done < 1.0 for one in laid):
            for one in laid:  # a piece of one map is what a cancelled job is waited for
                one.advance()
                if one is laid[-1]:  # all at the same piece: runs are compared meanwhile, too
                    _follow(laid)
                yield update(min(each.done for each in laid), _note(job, laid))
            if job.settings.is_live and time.monotonic() - measured > pause:
                _measure(maps)
                measured = time.monotonic()
        _measure(maps)
        yield update(1.0, is_final=True)


def _pause(maps: list[SplitMap]) -> float:
    """Return the seconds from one measurement of maps to the next."""
    count = sum(one.count for one in maps)
    return max(_SECONDS_BETWEEN_MEASUREMENTS, count / _POINTS_MEASURED_A_SECOND)


def _note(job: ProjectionJob, laid: list[SplitMap]) -> str:
    waits = job.settings.rests and any(one.is_waiting for one in laid)
    return _MOVING if waits or any(one.is_parting for one in laid) else ""


def _follow(laid: list[SplitMap]) -> None:
    for one in laid:
        one.follow()


def _measure(maps: list[SplitMap]) -> None:
    for one in maps:
        one.measure()


class _Preparation:
    """What takes many seconds the first time, on a thread so that jobs can be cancelled."""

    def __init__(self, method: LayoutMethod) -> None:
        self._method = method
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Start, unless that was done."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._prepare, daemon=True)
            self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait for at most ``timeout`` seconds; whether all is ready.

        Raises:
            UnusableMethodError: if the library is missing or broken.
        """
        self.begin()
        assert self._thread is not None, "it was begun"
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
            self._error = UnusableMethodError(self._method.name, error)
            self._error.__cause__ = error


def _columns(job: ProjectionJob, method: LayoutMethod) -> list[list[SplitMap]]:
    """Make the maps of each run, one for each split that is to be projected."""
    columns: list[list[SplitMap]] = []
    for frame, start, before in zip(job.frames, job.starts, job.before, strict=True):
        column = [
            SplitMap.of(_watched(frame, split), _plane(start, split), job.settings.matured)
            for split in job.settings.splits
        ]
        for at, one in enumerate(column):
            if columns:
                one.reference = columns[0][at]
                if one.count != one.reference.count:
                    raise ValueError("runs that are drawn together must watch the same images")
            one.place(method)
            if before is not None and one.start is not None and one.matured >= 1.0:
                one.again = SplitMap.of(
                    _watched(before, job.settings.splits[at]),
                    _plane(start, job.settings.splits[at]),
                    job.settings.matured,
                )
                one.again.place(method)
        columns.append(column)
    return columns


def _watched(frame: Frame, split: str) -> WatchedSet:
    return frame.train if split == SPLITS[0] else frame.test


def _plane(projection: Projection | None, split: str) -> PlanePoints | None:
    if projection is None:
        return None
    return projection.train if split == SPLITS[0] else projection.test


def _projections(job: ProjectionJob, columns: list[list[SplitMap]]) -> tuple[Projection, ...]:
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
