"""The losses by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from symmcore.losses.angular import AngularLoss
from symmcore.losses.base import MetricLoss
from symmcore.losses.lifted import LiftedStructureLoss
from symmcore.losses.npair import NPairLoss
from symmcore.losses.triplet import TripletLoss
from symmcore.settings.losses import LossInfo, LossSettings, check_settings, loss_info
from symmcore.settings.symm import Symm


@dataclass(frozen=True, slots=True)
class LossEntry:
    """A loss of the catalogue and how to build it.

    Attributes:
        info: Its name, title, description and settings.
        factory: Called with the settings that are given and ``symm``.
    """

    info: LossInfo
    factory: Callable[..., MetricLoss]


LOSSES: tuple[LossEntry, ...] = (
    LossEntry(loss_info("npair"), NPairLoss),
    LossEntry(loss_info("angular"), AngularLoss),
    LossEntry(loss_info("triplet"), TripletLoss),
    LossEntry(loss_info("triplet-semihard"), partial(TripletLoss, semihard=True)),
    LossEntry(loss_info("lifted"), LiftedStructureLoss),
)


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
    entry = next(entry for entry in LOSSES if entry.info is info)
    return entry.factory(**given.given(), symm=symm)
