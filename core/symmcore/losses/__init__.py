"""The losses of the paper, each alone or with Symmetrical Synthesis.

Example:
    >>> loss = NPairLoss(symm=Symm())
    >>> loss(embeddings, labels).backward()
"""

from symmcore.losses.angular import AngularLoss
from symmcore.losses.base import Hinges, LossResult, MetricLoss, Selection
from symmcore.losses.lifted import LiftedStructureLoss
from symmcore.losses.npair import NPairLoss
from symmcore.losses.registry import LOSSES, build_loss
from symmcore.losses.triplet import TripletLoss
from symmcore.settings.symm import PointType, Symm

__all__ = [
    "LOSSES",
    "AngularLoss",
    "Hinges",
    "LiftedStructureLoss",
    "LossResult",
    "MetricLoss",
    "NPairLoss",
    "PointType",
    "Selection",
    "Symm",
    "TripletLoss",
    "build_loss",
]
