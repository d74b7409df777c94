"""What to synthesise and mine: the settings of Symmetrical Synthesis, without torch."""

import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from symmcore.settings.setting import Choice, Place, setting

PairSet = Literal["paper", "official"]
PAIR_SETS: tuple[PairSet, ...] = get_args(PairSet)

# Far beyond what trains, yet powers of them neither overflow nor vanish in 32 bits.
LEAST_FACTOR, LARGEST_FACTOR = 1e-6, 1e6

MAX_RANK = 24  # the angular loss has the most candidates a pair of groups


class PointType(IntEnum):
    """The four points of a pair group, in the order that breaks ties."""

    I = 0  # noqa: E741 - the paper's name
    J = 1
    I_SYNTHETIC = 2
    J_SYNTHETIC = 3

    @property
    def is_synthetic(self) -> bool:
        """Whether the point is a reflection rather than an embedding of the batch."""
        return self >= PointType.I_SYNTHETIC


@dataclass(frozen=True, slots=True)
class Symm:
    """Settings of Symmetrical Synthesis; a loss built without them is its baseline.

    Attributes:
        alpha: How far a synthetic point lies from its original (Eq. 2); 2 is the mirror image.
        beta: Norm of a synthetic point as a multiple of the original's (Eq. 2).
        rank: Take the rank-th hardest candidate of each pair of groups (Fig. 5); 1 is the
            hardest. The loss checks it against its number of candidates.
        pairs: ``"paper"`` for all combinations of the points of two groups, ``"official"`` for
            those of the authors' code; the N-pair and angular losses are then theirs throughout:
            the positive too is the hardest combination, of the points of one group, and
            groups of one class share the target of a softmax over all groups.

    Raises:
        TypeError: If alpha or beta is not a number, or rank is not an integer.
        ValueError: If alpha or beta is outside 1e-6 to 1e6, rank is outside 1 to 24, or
            pairs has another value.
    """

    alpha: float = setting(
        2.0,
        label="Symm: alpha",
        help="how far a synthetic point lies from its original; 2 is the mirror image",
        form_range=(0.01, 100.0),
        step=0.1,
        place=Place.ADVANCED,
    )
    beta: float = setting(
        1.0,
        label="Symm: beta",
        help="norm of a synthetic point, as a multiple of its original's",
        form_range=(0.01, 100.0),
        step=0.1,
        place=Place.ADVANCED,
    )
    rank: int = setting(
        1,
        label="Symm: rank",
        help="take the N-th hardest of the combinations of points of two groups",
        form_range=(1, MAX_RANK),
        place=Place.ADVANCED,
    )
    pairs: PairSet = setting(
        "paper",
        label="Symm: pairs",
        help="which points of two groups are combined",
        choices=(
            Choice(
                "paper",
                "All, as in the paper",
                "Every point of a group with every point of the other.",
            ),
            Choice(
                "official",
                "As in the authors' code",
                "The combinations of the authors' code; N-pair and angular loss as there.",
            ),
        ),
        closed=True,
        place=Place.ADVANCED,
    )

    def __post_init__(self) -> None:
        check_reflection(self.alpha, self.beta)
        if isinstance(self.rank, bool) or not isinstance(self.rank, int):
            raise TypeError(f"rank must be an integer, not {type(self.rank).__name__}")
        if not 1 <= self.rank <= MAX_RANK:
            raise ValueError(f"rank must be between 1 and {MAX_RANK}, not {self.rank}")
        if self.pairs not in PAIR_SETS:
            raise ValueError(f"pairs must be 'paper' or 'official', not {self.pairs!r}")


def check_reflection(alpha: float, beta: float) -> None:
    """Check the parameters of a reflection (Eq. 2).

    Raises:
        TypeError: If one of them is not a number.
        ValueError: If one of them is outside 1e-6 to 1e6.
    """
    for name, value in (("alpha", alpha), ("beta", beta)):
        if check_finite(name, value) <= 0:
            raise ValueError(f"{name} must be positive, not {value}")
        if not LEAST_FACTOR <= value <= LARGEST_FACTOR:
            raise ValueError(
                f"{name} must be between {LEAST_FACTOR:g} and {LARGEST_FACTOR:g}, not {value}"
            )


def check_finite(name: str, value: float) -> float:
    """Return ``value`` if it is a finite number.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is infinite or not a number in the arithmetic sense.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise ValueError(f"{name} must be finite, not {value}")
    return value


def check_not_negative(name: str, value: float) -> float:
    """Return ``value`` if it is a finite number of at least 0.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is negative or not finite.
    """
    if check_finite(name, value) < 0:
        raise ValueError(f"{name} must not be negative, not {value}")
    return value
