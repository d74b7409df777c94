"""The losses by name."""

from collections.abc import Callable
from functools import partial

from symmcore.losses.angular import AngularLoss
from symmcore.losses.base import MetricLoss
from symmcore.losses.lifted import LiftedStructureLoss
from symmcore.losses.npair import NPairLoss
from symmcore.losses.triplet import TripletLoss
from symmcore.settings.losses import LossSettings, check_settings, loss_info
from symmcore.settings.symm import Symm

LOSSES: dict[str, Callable[..., MetricLoss]] = {
    "npair": NPairLoss,
    "angular": AngularLoss,
    "triplet": TripletLoss,
    "triplet-semihard": partial(TripletLoss, semihard=True),
    "lifted": LiftedStructureLoss,
}
"""What builds each loss of the catalogue: called with the settings that are given and ``symm``."""


def build_loss(
    name: str, symm: Symm | None = None, settings: LossSettings | None = None
) -> MetricLoss:
    """Build a loss by its name in the catalogue.

    Args:
        name: npair, angular, triplet, triplet-semihard or lifted.
        symm: Settings of the synthesis; None for the baseline.
        settings: Other settings; what is None keeps the loss's default.

    Raises:
        TypeError: If settings are no ``LossSettings``, or one of them is not a number.
        ValueError: If no loss has that name, it does not take a setting, or a value is out
            of range.
    """
    info = loss_info(name)
    given = LossSettings() if settings is None else settings
    if not isinstance(given, LossSettings):
        raise TypeError(f"settings must be LossSettings, not {type(given).__name__}")
    check_settings(info, given)
    return LOSSES[name](**given.given(), symm=symm)
