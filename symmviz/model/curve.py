"""The lines of the shared plots, and how they are drawn: frozen, and free of Qt."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


class Panel(Enum):
    """The shared plots under the scatters, in the order they stand in."""

    RECALL = "Recall@1, original points"
    SYNTHETIC_RECALL = "Recall@1, synthetic points"
    RATIO = "Share of points picked in mining"
    LOSS = "Loss"


class Diagnostic(Enum):
    """Plots that are shown on request: what tells of a collapse."""

    TRIVIAL = "Loss and its trivial value"
    NORM = "Mean norm"
    COSINES = "Mean cosine"
    RANK = "Effective rank"
    GRADIENT = "Gradient norm"
    ZERO_TERMS = "Share of zero terms"


PanelKey = Panel | Diagnostic | str
"""One of the shared plots, or the name of a scalar that a user's own loop records."""


class Variant(Enum):
    """Which of a run's lines in a panel: told apart by the stroke, runs by colour."""

    SOLID = "solid"
    DASHED = "dashed"


class Abscissa(Enum):
    """What a plot's horizontal axis counts."""

    STEP = "step"
    TIME = "seconds of training"
    EPOCH = "epoch"


SMOOTHING = (0.0, 0.6, 0.9, 0.97, 0.99)
"""The weights of the past that one can choose from; 0 smoothes nothing."""


@dataclass(frozen=True, slots=True)
class CurveLook:
    """How the lines of all plots are drawn.

    Attributes:
        abscissa: what the horizontal axes count.
        smoothing: weight of the past in the moving average that is drawn over each line.
        log: the plots whose vertical axis is logarithmic.
        hidden: keys of the runs whose lines are not drawn.
        bands: whether runs that differ in nothing but the seed are one line, their mean, in a
            band of one standard deviation.
        diagnostics: whether the plots of what tells of a collapse are shown.
    """

    abscissa: Abscissa = Abscissa.STEP
    smoothing: float = 0.0
    log: frozenset[PanelKey] = frozenset()
    hidden: frozenset[str] = frozenset()
    bands: bool = False
    diagnostics: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of a panel.

    Attributes:
        panel: where it stands.
        run: whose it is, or the first of those that it is the mean of.
        variant: its stroke.
        places: (N,) float64, ascending: where on the horizontal axis.
        values: (N,) float64; NaN leaves a gap.
        smoothed: (N,) float64, drawn over the values; None where nothing is smoothed.
        spread: (N,) float64, standard deviation of the runs that ``values`` is the mean of.
    """

    panel: PanelKey
    run: int
    variant: Variant
    places: Values
    values: Values
    smoothed: Values | None = None
    spread: Values | None = None


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """What a colour of the plots means.

    Attributes:
        run: whose colour it is, or the first of those that it is of.
        keys: of the recordings; of several where their mean is drawn.
        title: what they are called.
        hidden: whether their lines are not drawn.
        place: of the colour, see :func:`symmcore.palette.run_places`.
    """

    run: int
    keys: tuple[str, ...]
    title: str
    hidden: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A score that the paper gives for the dataset and loss of a run."""

    run: int
    value: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of one line at the step that is shown."""

    run: int
    variant: Variant
    value: float
