"""What ``bench projection`` measures, and how its report reads."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from symmcore.projection.base import TSNE
from symmcore.projection.dynamic_measures import MOST_SAMPLED, Agreement, SpatialQuality
from symmcore.projection.quality import MOST_ROWS

_WARM_AT_LEAST = 0.95  # of cold's quality
_MOVES_AT_MOST = 0.5  # of cold's way
_KEEPS_AT_LEAST = 0.75  # of the space's Recall@1, on the last frame of the first dataset
LIVE_WITHIN = {4_000: (1.0, 3.0), 10_000: (3.0, 10.0)}
"""Seconds within which a new frame of so many points is drawn, and has settled."""
SETTLED = 0.05
"""Share of the way that is left to points that count as settled."""


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
    generated_frames: int = 2
    live: tuple[int, ...] = (4_000, 10_000)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to project some frames: all values are means over them, but where it is said.

    Attributes:
        seconds: of CPU time a frame, the first of a warm chain left out.
        displacement: of a point from frame to frame, turned to fit, over the cloud's radius.
        drawn_displacement: the same as it is drawn, not turned: what is seen.
        recall_at_1: in the plane.
        last_recall_at_1: in the plane, of the last frame.
        quality: the measures of one map, of the last frame.
        stability: the measures of movement, over all frames.
    """

    seconds: float
    displacement: float
    drawn_displacement: float
    recall_at_1: float
    last_recall_at_1: float
    quality: SpatialQuality
    stability: Agreement


@dataclass(frozen=True, slots=True)
class KeptPlane:
    """Each frame in the plane that is PCA's of the frame before, turned to fit.

    Attributes:
        displacement: as of a :class:`Way`: what of PCA's movement the embedding makes alone.
        least_trustworthiness: over PCA's, on the frame where that is least.
        least_recall: the same of Recall@1 in the plane.
    """

    displacement: float
    least_trustworthiness: float
    least_recall: float


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
        again_recall: the same of a second cold map, of another seed, over the first: how far
            chance alone goes on so few points; None where it was not made.
        kept: of PCA alone, what a plane that does not move shows.
    """

    source: str
    points: int
    method: str
    space_recall_at_1: float
    cold: Way
    warm: Way
    least_trustworthiness: float
    least_recall: float
    again_recall: float | None
    kept: KeptPlane | None

    def lines(self) -> Iterator[str]:
        """The row for people."""
        for name, way in (("cold", self.cold), ("warm", self.warm)):
            yield (
                f"{self.source:<16} {self.points:>6,} {self.method:<5} {name}  "
                f"{way.seconds:6.2f} CPU s  R@1 {way.last_recall_at_1:.2f} of "
                f"{self.space_recall_at_1:.2f}  moves {way.displacement:.2f} "
                f"(as drawn {way.drawn_displacement:.2f})"
            )
            yield f"{'':<24} {_measures(way)}"
        ratio, seen = (
            one / other if other else 0.0
            for one, other in (
                (self.warm.displacement, self.cold.displacement),
                (self.warm.drawn_displacement, self.cold.drawn_displacement),
            )
        )
        yield (
            f"{'':<24} warm over cold, least: trust {self.least_trustworthiness:.3f} "
            f"R@1 {self.least_recall:.3f} (bar {_WARM_AT_LEAST}); moves {ratio:.2f} of cold "
            f"(bar {_MOVES_AT_MOST}; as drawn {seen:.2f}): {self._verdict(ratio)}"
        )
        if self.again_recall is not None:
            yield f"{'':<24} a second cold map over the first, least: R@1 {self.again_recall:.3f}"
        if self.kept is not None:
            share = self.kept.displacement / self.cold.displacement
            yield (
                f"{'':<24} the plane of the frame before: moves {share:.2f} of cold, least: trust "
                f"{self.kept.least_trustworthiness:.3f} R@1 {self.kept.least_recall:.3f}"
            )

    def _verdict(self, moves: float) -> str:
        least = min(self.least_trustworthiness, self.least_recall)
        return _verdict(least >= _WARM_AT_LEAST and moves <= _MOVES_AT_MOST)


@dataclass(frozen=True, slots=True)
class LiveRow:
    """How soon a new frame is on the screen, from the points of the one before.

    Attributes:
        points: how many.
        method: what projects them.
        first: CPU seconds until its first piece is drawn.
        settled: CPU seconds until 95% of the way is behind the points.
    """

    points: int
    method: str
    first: float
    settled: float

    def line(self) -> str:
        """The row for people."""
        text = (
            f"live {self.points:>6,} {self.method:<5} a new frame is drawn after {self.first:.2f} "
            f"CPU s and settled (95%) after {self.settled:.2f}"
        )
        if self.points not in LIVE_WITHIN:
            return text
        first, settled = LIVE_WITHIN[self.points]
        is_met = self.first <= first and self.settled <= settled
        return f"{text} (bars {first:.0f} and {settled:.0f} s): {_verdict(is_met)}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured."""

    sizes: Sizes
    rows: tuple[Row, ...]
    live: tuple[LiveRow, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        lines = [line for row in self.rows for line in row.lines()]
        lines += [one.line() for one in self.live]
        lines.append(
            f"S_Trust and S_Cont look at {MOST_ROWS:,} points at most, each among all; S_Stress to "
            f"S_Kendall at the distances between {MOST_SAMPLED}; all others at every point."
        )
        for row in self.rows:
            if row.method == TSNE and row.source in self.sizes.datasets[:1]:
                kept = row.warm.last_recall_at_1 / row.space_recall_at_1
                lines.append(
                    f"t-SNE keeps {kept:.2f} of the Recall@1 of {row.source}'s last frame "
                    f"(bar {_KEEPS_AT_LEAST}): {_verdict(kept >= _KEEPS_AT_LEAST)}"
                )
        return lines

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def _measures(way: Way) -> str:
    """The measures of Vernier et al. (2020), by their names there: spatial, then temporal."""
    one, moved = way.quality, way.stability
    named = {
        "S_NP": one.neighborhood_preservation,
        "S_NH": one.neighborhood_hit,
        "S_Trust": one.trustworthiness,
        "S_Cont": one.continuity,
        "S_Stress": one.shepard.normalized_stress,
        "S_Pearson": one.shepard.pearson,
        "S_Spearman": one.shepard.spearman,
        "S_Kendall": one.shepard.kendall,
        "T_Stress": moved.normalized_stress,
        "T_Pearson": moved.pearson,
        "T_Spearman": moved.spearman,
        "T_Kendall": moved.kendall,
    }
    return "  ".join(f"{name} {value:.2f}" for name, value in named.items())


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"
