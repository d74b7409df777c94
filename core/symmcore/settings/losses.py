"""Names, titles and descriptions of the losses, without torch.

The window and the command line offer the losses from here; ``symmcore.losses.registry``
builds them.
"""

from dataclasses import dataclass, fields

from symmcore.settings.setting import Place, setting
from symmcore.settings.symm import PairSet, check_finite, check_not_negative


@dataclass(frozen=True, slots=True)
class LossSettings:
    """Settings a loss may take; ``None`` leaves the loss's own default.

    Attributes:
        margin: Margin of the triplet and lifted structure losses.
        angle_deg: Angle bound of the angular loss, in degrees.
        l2_reg: Weight of the squared-norm penalty of the N-pair and angular losses.
    """

    margin: float | None = setting(
        None,
        label="Margin",
        help="how much farther a negative has to be than the positive (triplet, lifted)",
        form_range=(0.0, 1000.0),
        step=0.1,
        place=Place.ADVANCED,
    )
    angle_deg: float | None = setting(
        None,
        label="Angle",
        help="upper bound of the angle at the negative point, in degrees (angular)",
        flag="--angle",
        form_range=(0.1, 89.9),
        step=1.0,
        place=Place.ADVANCED,
    )
    l2_reg: float | None = setting(
        None,
        label="Norm penalty",
        help="weight of the embeddings' squared norms in the loss (N-pair, angular)",
        form_range=(0.0, 1000.0),
        step=0.001,
        decimals=6,
        place=Place.ADVANCED,
    )

    def given(self) -> dict[str, float]:
        """The settings that are not left at their default, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class LossInfo:
    """One loss as a user meets it.

    Attributes:
        name: Identifier on the command line and in files.
        title: Name shown to people.
        description: One sentence saying what the loss does.
        defaults: The settings it takes, with their defaults.
        paper_candidates: Number of candidates a pair of groups has with ``pairs="paper"``.
        official_candidates: The same with ``pairs="official"``.
    """

    name: str
    title: str
    description: str
    defaults: LossSettings
    paper_candidates: int = 16
    official_candidates: int = 6

    def max_rank(self, pairs: PairSet) -> int:
        """The largest ``Symm.rank`` the loss can take."""
        return self.paper_candidates if pairs == "paper" else self.official_candidates


CATALOG: tuple[LossInfo, ...] = (
    LossInfo(
        "npair",
        "N-pair",
        "Makes each pair of images of one class more similar than every pair across classes, "
        "weighing all the other classes of the batch at once.",
        LossSettings(l2_reg=0.002),
    ),
    LossInfo(
        "angular",
        "Angular",
        "Bounds the angle at the negative point of each triangle of two images of one class and "
        "one of another.",
        LossSettings(angle_deg=45.0, l2_reg=0.002),
        paper_candidates=24,
        official_candidates=12,
    ),
    LossInfo(
        "triplet",
        "Triplet",
        "Keeps every image of another class farther away than the image of the same class, by a "
        "margin.",
        LossSettings(margin=0.2),
    ),
    LossInfo(
        "triplet-semihard",
        "Triplet (semi-hard)",
        "Like the triplet loss, but looks only at the nearest negative that is farther away than "
        "the positive.",
        LossSettings(margin=0.2),
    ),
    LossInfo(
        "lifted",
        "Lifted structure",
        "Pulls each pair of one class together while pushing all images of other classes out of "
        "a margin, the nearest the most.",
        LossSettings(margin=1.0),
    ),
)


def loss_info(name: str) -> LossInfo:
    """The catalogue's entry of that name.

    Raises:
        ValueError: If there is none.
    """
    for info in CATALOG:
        if info.name == name:
            return info
    known = ", ".join(info.name for info in CATALOG)
    raise ValueError(f"no loss is called {name!r}; the losses are {known}")


def check_angle(name: str, value: float) -> float:
    """Return ``value`` if it is an angle between 0 and 90 degrees, neither included.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is out of range.
    """
    if not 0.0 < check_finite(name, value) < 90.0:
        raise ValueError(f"{name} must be between 0 and 90 degrees, not {value}")
    return value


_CHECKS = {"margin": check_not_negative, "angle_deg": check_angle, "l2_reg": check_not_negative}


def check_settings(info: LossInfo, settings: LossSettings) -> None:
    """Check that a loss takes the settings that are given.

    Raises:
        TypeError: If a setting is not a number.
        ValueError: If it is out of range or not finite, or the loss does not take it.
    """
    for name, value in settings.given().items():
        _CHECKS[name](name, value)
        if name not in info.defaults.given():
            taken = ", ".join(info.defaults.given())
            raise ValueError(f"the {info.title} loss has no setting {name}; it takes {taken}")
