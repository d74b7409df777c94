"""How true, how steady and how fast the projections are, cold at each frame and going on.

Cold, each frame is projected by itself; warm, each from the coordinates of the one before, as it
is recorded. Both are done here, one after the other, in one thread, as the projection process
does them; and the bars compare the two, so that they hold on a machine of any speed. Seconds are
those of the processor: what it takes on a core that has nothing else to do.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from symmcore.errors import InputError
from symmcore.projection.base import TEST, TSNE, ProjectionJob, ProjectionSettings
from symmcore.projection.child import make_projector
from symmcore.projection.dynamic_measures import (
    Agreement,
    SpatialQuality,
    spatial_quality,
    temporal_stability,
)
from symmcore.projection.layout import turned_to
from symmcore.projection.points import Points, normalised
from symmcore.projection.quality import recall_at_1
from symmcore.records import Frame, Projection
from symmviz.benchmarks.projection_frames import generated, trained

_WARM_AT_LEAST = 0.95  # of cold's quality
_MOVES_AT_MOST = 0.5  # of cold's way
_KEEPS_AT_LEAST = 0.75  # of the space's Recall@1, on the last frame of the first dataset
_SETTLED = 0.05  # of the way that is left


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        methods: names of the projections.
        datasets: trained on, for their frames.
        steps: of each training.
        frames: of each training, at equal distances, at most: fewer are further apart.
        points: numbers of generated points.
        generated_frames: frames of those.
        live: numbers of generated points for the time that a new frame takes on the screen.
        seed: of all that is random.
    """

    methods: tuple[str, ...]
    datasets: tuple[str, ...] = ("alphabets", "digits")
    steps: int = 300
    frames: int = 25
    points: tuple[int, ...] = (10_000, 20_000)
    generated_frames: int = 3
    live: tuple[int, ...] = (4_000, 10_000)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to project some frames: all values are means over them, but where it is said.

    Attributes:
        seconds: a frame, the first of a warm chain left out.
        displacement: of a point from frame to frame, turned to fit, over the cloud's radius.
        recall_at_1: in the plane.
        last_recall_at_1: in the plane, of the last frame.
        quality: the measures of one map, of the last frame.
        stability: the measures of movement, over all frames.
    """

    seconds: float
    displacement: float
    recall_at_1: float
    last_recall_at_1: float
    quality: SpatialQuality
    stability: Agreement


@dataclass(frozen=True, slots=True)
class Row:
    """One method on some frames.

    Attributes:
        source: whose frames.
        points: in a frame, synthetic ones counted.
        method: what projected them.
        space_recall_at_1: in the space, of the last frame.
        cold: each frame by itself.
        warm: each from the one before.
        least_trustworthiness: of warm over cold, on the frame where that is least.
        least_recall: the same of Recall@1 in the plane.
    """

    source: str
    points: int
    method: str
    space_recall_at_1: float
    cold: Way
    warm: Way
    least_trustworthiness: float
    least_recall: float

    def lines(self) -> Iterator[str]:
        """The row for people."""
        for name, way in (("cold", self.cold), ("warm", self.warm)):
            quality, stability = way.quality, way.stability
            yield (
                f"{self.source:<16} {self.points:>6,} {self.method:<5} {name}  "
                f"{way.seconds:6.2f} s  trust {quality.trustworthiness:.3f}  "
                f"cont {quality.continuity:.3f}  R@1 {way.last_recall_at_1:.2f} of "
                f"{self.space_recall_at_1:.2f}  moves {way.displacement:.2f}  "
                f"NP {quality.neighborhood_preservation:.2f} NH {quality.neighborhood_hit:.2f} "
                f"S-stress {quality.shepard.normalized_stress:.2f} "
                f"S-Spearman {quality.shepard.spearman:.2f}  "
                f"T-stress {stability.normalized_stress:.2f} T-Spearman {stability.spearman:.2f}"
            )
        ratio = self.warm.displacement / self.cold.displacement if self.cold.displacement else 0.0
        yield (
            f"{'':<24} warm over cold, least: trust {self.least_trustworthiness:.3f} "
            f"R@1 {self.least_recall:.3f} (bar {_WARM_AT_LEAST}); moves {ratio:.2f} of cold "
            f"(bar {_MOVES_AT_MOST})"
        )


@dataclass(frozen=True, slots=True)
class LiveRow:
    """How soon a new frame is on the screen, from the points of the one before.

    Attributes:
        points: how many.
        method: what projects them.
        first: seconds until its first piece is drawn.
        settled: seconds until 95% of the way is behind the points.
    """

    points: int
    method: str
    first: float
    settled: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured."""

    sizes: Sizes
    rows: tuple[Row, ...]
    live: tuple[LiveRow, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        lines = [line for row in self.rows for line in row.lines()]
        lines += [
            f"live {one.points:>6,} {one.method:<5} a new frame is drawn after {one.first:.2f} "
            f"s and settled (95%) after {one.settled:.2f} s"
            for one in self.live
        ]
        for row in self.rows:
            if row.method == TSNE and row.source in self.sizes.datasets[:1]:
                kept = row.warm.last_recall_at_1 / row.space_recall_at_1
                lines.append(
                    f"t-SNE keeps {kept:.2f} of the Recall@1 of {row.source}'s last frame "
                    f"(bar {_KEEPS_AT_LEAST})"
                )
        return lines

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(sizes: Sizes) -> Report:
    """Measure on one core.

    Raises:
        InputError: if there are too few frames to compare.
    """
    if min(sizes.frames, sizes.generated_frames) < 2:
        raise InputError("There must be at least 2 frames: one is compared with the one before.")
    rows, live = [], []
    with threadpool_limits(1):
        for name, frames in _sources(sizes):
            rows += [_row(name, frames, method, sizes.seed) for method in sizes.methods]
        for count in sizes.live:
            frames = generated(count, 2, sizes.seed)
            live += [_live_row(frames, method, sizes.seed) for method in sizes.methods]
    return Report(sizes, tuple(rows), tuple(live))


def _sources(sizes: Sizes) -> Iterator[tuple[str, tuple[Frame, ...]]]:
    for dataset in sizes.datasets:
        yield dataset, trained(dataset, sizes.steps, sizes.frames, sizes.seed)
    for count in sizes.points:
        yield "generated", generated(count, sizes.generated_frames, sizes.seed)


def _row(source: str, frames: tuple[Frame, ...], method: str, seed: int) -> Row:
    make_projector(method)
    _project(method, generated(200, 1, seed)[0], None, seed)  # compiles, once a process
    spaces = tuple(_space(frame) for frame in frames)
    labels = frames[0].test.points.labels
    chains = []
    for is_warm in (False, True):
        last: Projection | None = None
        planes, took = [], []
        for frame in frames:
            began = time.process_time()
            last = _project(method, frame, last if is_warm else None, seed)
            took.append(time.process_time() - began)
            planes.append(last.test.original.astype(np.float64))
        chains.append((tuple(planes), took[1:] if is_warm else took))
    (cold, _), (warm, _) = chains
    qualities = [
        [spatial_quality(*one, labels) for one in zip(spaces, planes, strict=True)]
        for planes in (cold, warm)
    ]
    recalls = [[recall_at_1(plane, labels) for plane in planes] for planes in (cold, warm)]
    ways = [
        _way(spaces, planes, took, recall, quality)
        for (planes, took), recall, quality in zip(chains, recalls, qualities, strict=True)
    ]
    watched = frames[0].test
    return Row(
        source=source,
        points=len(labels) + int((watched.partner >= 0).sum()),
        method=method,
        space_recall_at_1=recall_at_1(spaces[-1], labels),
        cold=ways[0],
        warm=ways[1],
        least_trustworthiness=min(
            after.trustworthiness / before.trustworthiness
            for before, after in zip(*qualities, strict=True)
        ),
        least_recall=min(after / before for before, after in zip(*recalls, strict=True) if before),
    )


def _way(
    spaces: tuple[Points, ...],
    planes: tuple[Points, ...],
    took: list[float],
    recalls: list[float],
    qualities: list[SpatialQuality],
) -> Way:
    fitted = [planes[0]]
    for plane in planes[1:]:
        fitted.append(turned_to(plane, fitted[-1], len(plane)))
    moves = [
        float(np.linalg.norm(after - before, axis=1).mean()) / _radius(before)
        for before, after in pairwise(fitted)
    ]
    return Way(
        seconds=statistics.mean(took),
        displacement=statistics.mean(moves),
        recall_at_1=statistics.mean(recalls),
        last_recall_at_1=recalls[-1],
        quality=qualities[-1],
        stability=temporal_stability(spaces, tuple(fitted)),
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
        if float(np.linalg.norm(plane - end, axis=1).mean()) <= _SETTLED * way
    )
    first = next(seconds for seconds, _, done in drawn if done > 0.0)
    return LiveRow(len(end), method, first, settled)


def _project(method: str, frame: Frame, start: Projection | None, seed: int) -> Projection:
    settings = ProjectionSettings(seed=seed, splits=(TEST,))
    updates = make_projector(method).run(ProjectionJob(method, (frame,), (start,), settings))
    *_, last = updates
    return last.projections[0]


def _space(frame: Frame) -> Points:
    return normalised([frame.test.points.embeddings])


def _radius(plane: Points) -> float:
    return float(np.linalg.norm(plane - plane.mean(axis=0), axis=1).mean()) or 1.0
