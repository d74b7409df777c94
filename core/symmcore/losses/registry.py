"""The losses by name."""

from collections.abc import Callable
from dataclasses import dataclass

from symmcore.loss_catalog import CATALOG, LossInfo, LossSettings, check_settings, loss_info
from symmcore.losses.base import MetricLoss
from symmcore.losses.npair import NPairLoss
from symmcore.symm import Symm


@dataclass(frozen=True, slots=True)
class LossEntry:
    """A loss of the catalogue and how to build it.

    Attributes:
        info: Its name, title, description and settings.
        factory: Called with the settings that are given and ``symm``.
    """

    info: LossInfo
    factory: Callable[..., MetricLoss]


_FACTORIES: tuple[tuple[str, Callable[..., MetricLoss]], ...] = (("npair", NPairLoss),)

LOSSES: tuple[LossEntry, ...] = tuple(
    LossEntry(loss_info(name), factory) for name, factory in _FACTORIES
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
        TypeError: If a setting is not a number.
        ValueError: If no loss has that name, it does not take a setting, or a value is out
            of range.
    """
    info = loss_info(name)
    given = LossSettings() if settings is None else settings
    check_settings(info, given)
    entry = next(entry for entry in LOSSES if entry.info is info)
    return entry.factory(**given.given(), symm=symm)
