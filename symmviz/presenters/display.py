"""What presenters tell views to show: frozen, and free of Qt."""

from dataclasses import dataclass
from enum import Enum

from symmcore.records import FloatArray, IndexArray
from symmviz.presenters.series import Values


class ColourBy(Enum):
    """What the colour of a point means."""

    KIND = "kind"
    CLASS = "class"


class Panel(Enum):
    """The shared plots under the scatters, in the order they stand in."""

    RECALL = "Recall@1, original points"
    SYNTHETIC_RECALL = "Recall@1, synthetic points"
    RATIO = "Share of points picked in mining"
    LOSS = "Loss"


class Variant(Enum):
    """Which of a run's lines in a panel: told apart by the stroke, runs by colour."""

    SOLID = "solid"
    DASHED = "dashed"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a panel.

    Attributes:
        panel: where it stands.
        run: whose it is.
        variant: its stroke.
        steps: (N,) float64.
        values: (N,) float64; NaN leaves a gap.
    """

    panel: Panel
    run: int
    variant: Variant
    steps: Values
    values: Values


@dataclass(frozen=True, slots=True)
class RunTitle:
    """How a run is called above its scatter and beside its neighbours."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, eq=False)
class PointCloud:
    """Which points a scatter shows: what stays the same while they move.

    Attributes:
        labels: (N,) int64 class of each point.
        samples: (N,) int64 position of each point's image in the dataset.
        class_names: of the dataset; their number decides the colours.
    """

    labels: IndexArray
    samples: IndexArray
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PointPositions:
    """Where the points of a cloud are now: original and synthetic, (N, 2) float32 each."""

    original: FloatArray
    synthetic: FloatArray
