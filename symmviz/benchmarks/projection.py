"""How true, how steady and how fast the projections are, cold at each frame and going on.

Cold, each frame is projected by itself; warm, each from the coordinates of the one before, as it
is recorded: on datasets with the frame before laid out once more. Both are done here, one after
the other, in one thread, as the projection process does them; and the bars compare the two, so
that they hold on a machine of any speed. Seconds are those of the processor: what it takes on a
core that has nothing else to do. What the points have in the space is found once for all methods.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from symmcore.errors import InputError
from symmcore.projection.base import PCA, TEST, ProjectionJob, ProjectionSettings
from symmcore.projection.child import make_projector
from symmcore.projection.dynamic_measures import (
    SpatialQuality,
    spatial_quality,
    temporal_stability,
)
from symmcore.projection.layout import principal_axes, turned_to
from symmcore.projection.neighbours import nearest_neighbours
from symmcore.projection.points import Points, centred, normalised
from symmcore.projection.quality import NEIGHBOURS, recall_at_1, trustworthiness
from symmcore.records import Frame, Projection
from symmviz.benchmarks.projection_frames import generated, trained
from symmviz.benchmarks.projection_report import (
    SETTLED,
    KeptPlane,
    LiveRow,
    Report,
    Row,
    Sizes,
    Way,
)

Labels = npt.NDArray[np.int64]


class _Chain(NamedTuple):
    """Some frames as they were projected one after the other.

    Attributes:
        drawn: they.
        took: CPU seconds of each.
    """

    drawn: tuple[Projection, ...]
    took: tuple[float, ...]

    @property
    def planes(self) -> tuple[Points, ...]:
        """Where the images are."""
        return tuple(one.test.original.astype(np.float64) for one in self.drawn)


class _Space(NamedTuple):
    """The images of one frame in the space.

    Attributes:
        points: (N, D), normalised.
        near: (N, NEIGHBOURS), the nearest others of each.
    """

    points: Points
    near: Labels

    @classmethod
    def of(cls, frame: Frame) -> Self:
        points = normalised([frame.test.points.embeddings])
        return cls(points, nearest_neighbours(points, NEIGHBOURS).indices)


class _Measured(NamedTuple):
    """A chain's Recall@1 in the plane, and quality, of each frame."""

    recalls: tuple[float, ...]
    qualities: tuple[SpatialQuality, ...]


def measure(sizes: Sizes) -> Report:
    """Measure on one core, saying on standard error what is being done and was found.

    Raises:
        InputError: if there are too few frames to compare.
    """
    if min(sizes.frames, sizes.generated_frames) < 2:
        raise InputError("There must be at least 2 frames: one is compared with the one before.")
    rows, live = [], []
    with threadpool_limits(1):
        for name in sizes.datasets:
            _say(f"training on {name}")
            frames = trained(name, sizes.steps, sizes.frames, sizes.seed)
            spaces = _spaces(name, frames)
            for method in sizes.methods:
                rows.append(_row(name, frames, spaces, method, sizes.seed, has_chance=True))
                _say(*rows[-1].lines())
        for count in sizes.points:
            frames = generated(count, sizes.generated_frames, sizes.seed)
            spaces = _spaces(f"{count:,} generated points", frames)
            for method in sizes.methods:
                rows.append(_row("generated", frames, spaces, method, sizes.seed, has_chance=False))
                _say(*rows[-1].lines())
        for count in sizes.live:
            frames = generated(count, 2, sizes.seed)
            for method in sizes.methods:
                _say(f"live: {count:,} points by {method}")
                live.append(_live_row(frames, method, sizes.seed))
                _say(live[-1].line())
    return Report(sizes, tuple(rows), tuple(live))


def _say(*lines: str) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def _spaces(source: str, frames: tuple[Frame, ...]) -> tuple[_Space, ...]:
    _say(f"{source}: neighbours in the space")
    return tuple(_Space.of(frame) for frame in frames)


def _row(
    source: str,
    frames: tuple[Frame, ...],
    spaces: tuple[_Space, ...],
    method: str,
    seed: int,
    *,
    has_chance: bool,
) -> Row:
    labels = frames[0].test.points.labels
    where = f"{source}: {len(frames)} frames of {len(labels):,} images by {method}"
    _say(f"{where}, cold")
    make_projector(method)
    _project(method, generated(200, 1, seed)[0], seed)  # compiles, once a process
    cold = _cold(method, frames, seed)
    _say(f"{where}, going on")
    # of so many points the frame before is not laid out once more: it doubles the time
    warm = _warm(method, frames, seed, cold, is_measured=has_chance)
    again = None
    if has_chance:
        _say(f"{where}, cold with another seed")
        again = _cold(method, frames, seed + 1)
    _say(f"{where}, measured")
    cold_found = _measured(spaces, cold.planes, labels)
    # the first frame is the same map: it is measured once
    rest = _measured(spaces[1:], warm.planes[1:], labels)
    warm_found = _Measured(
        (cold_found.recalls[0], *rest.recalls), (cold_found.qualities[0], *rest.qualities)
    )
    watched = frames[0].test
    return Row(
        source=source,
        points=len(labels) + int((watched.partner >= 0).sum()),
        method=method,
        space_recall_at_1=recall_at_1(spaces[-1].points, labels),
        cold=_way(spaces, cold, cold_found),
        warm=_way(spaces, warm._replace(took=warm.took[1:]), warm_found),
        least_trustworthiness=min(
            after.trustworthiness / before.trustworthiness
            for before, after in zip(cold_found.qualities, warm_found.qualities, strict=True)
        ),
        least_recall=_least(warm_found.recalls, cold_found.recalls),
        again_recall=None
        if again is None
        else _least(
            tuple(recall_at_1(plane, labels) for plane in again.planes), cold_found.recalls
        ),
        kept=_kept_plane(frames, spaces, cold_found) if method == PCA else None,
    )


def _cold(method: str, frames: tuple[Frame, ...], seed: int) -> _Chain:
    drawn, took = [], []
    for frame in frames:
        began = time.process_time()
        drawn.append(_project(method, frame, seed))
        took.append(time.process_time() - began)
    return _Chain(tuple(drawn), tuple(took))


def _warm(
    method: str, frames: tuple[Frame, ...], seed: int, cold: _Chain, *, is_measured: bool
) -> _Chain:
    """Project each frame from the one before; the first is the one that is cold already.

    ``is_measured`` says whether its movement is, as where it is recorded.
    """
    drawn, took = [cold.drawn[0]], [cold.took[0]]
    for before, frame in pairwise(frames):
        began = time.process_time()
        drawn.append(_project(method, frame, seed, drawn[-1], before if is_measured else None))
        took.append(time.process_time() - began)
    return _Chain(tuple(drawn), tuple(took))


def _measured(spaces: tuple[_Space, ...], planes: tuple[Points, ...], labels: Labels) -> _Measured:
    return _Measured(
        tuple(recall_at_1(plane, labels) for plane in planes),
        tuple(
            spatial_quality(space.points, plane, labels, space.near)
            for space, plane in zip(spaces, planes, strict=True)
        ),
    )


def _least(after: Sequence[float], before: Sequence[float]) -> float:
    return min(one / other for one, other in zip(after, before, strict=True) if other)


def _kept_plane(
    frames: tuple[Frame, ...], spaces: tuple[_Space, ...], cold: _Measured
) -> KeptPlane:
    """Look at each frame in the plane of the one before: no plane moves, but the embedding does."""
    labels = frames[0].test.points.labels
    moved, trusts, recalls = [], [], []
    for at, (before, after) in enumerate(pairwise(spaces)):
        sets = (frames[at].train, frames[at].test)
        axes = principal_axes(centred(normalised([one.points.embeddings for one in sets])))
        still, plane = before.points @ axes, after.points @ axes
        moved.append(_moved((still, turned_to(plane, still, len(still)))))
        trusts.append(trustworthiness(after.points, plane))
        recalls.append(recall_at_1(plane, labels))
    return KeptPlane(
        displacement=statistics.mean(moved),
        least_trustworthiness=_least(trusts, [one.trustworthiness for one in cold.qualities[1:]]),
        least_recall=_least(recalls, cold.recalls[1:]),
    )


def _way(spaces: tuple[_Space, ...], chain: _Chain, found: _Measured) -> Way:
    planes = chain.planes
    fitted = [planes[0]]
    for plane in planes[1:]:
        fitted.append(turned_to(plane, fitted[-1], len(plane)))
    return Way(
        seconds=statistics.mean(chain.took),
        displacement=_moved(fitted),
        drawn_displacement=_moved(planes),
        recall_at_1=statistics.mean(found.recalls),
        last_recall_at_1=found.recalls[-1],
        quality=found.qualities[-1],
        stability=temporal_stability(tuple(one.points for one in spaces), tuple(fitted)),
    )


def _moved(planes: Sequence[Points]) -> float:
    return statistics.mean(
        float(np.linalg.norm(after - before, axis=1).mean()) / _radius(before)
        for before, after in pairwise(planes)
    )


def _live_row(frames: tuple[Frame, ...], method: str, seed: int) -> LiveRow:
    settings = ProjectionSettings(seed=seed, splits=(TEST,), is_live=True)
    first_job = ProjectionJob(method, (frames[0],), (None,), settings)
    *_, shown = make_projector(method).run(first_job)
    (start,) = shown.projections
    job = ProjectionJob(method, (frames[1],), (start,), settings)
    began = time.process_time()
    drawn = [
        (time.process_time() - began, update.projections[0].test.original, update.done)
        for update in make_projector(method).run(job)
    ]
    end = drawn[-1][1]
    way = float(np.linalg.norm(start.test.original - end, axis=1).mean())
    settled = next(
        seconds
        for seconds, plane, _ in drawn
        if float(np.linalg.norm(plane - end, axis=1).mean()) <= SETTLED * way
    )
    first = next(seconds for seconds, _, done in drawn if done > 0.0)
    return LiveRow(len(end), method, first, settled)


def _project(
    method: str,
    frame: Frame,
    seed: int,
    start: Projection | None = None,
    before: Frame | None = None,
) -> Projection:
    settings = ProjectionSettings(seed=seed, splits=(TEST,))
    job = ProjectionJob(method, (frame,), (start,), settings, (before,))
    *_, last = make_projector(method).run(job)
    return last.projections[0]


def _radius(plane: Points) -> float:
    return float(np.linalg.norm(plane - plane.mean(axis=0), axis=1).mean()) or 1.0
