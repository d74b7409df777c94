"""The losses of the paper, each alone or with Symmetrical Synthesis.

loss = NPairLoss(symm=Symm())
loss(embeddings, labels).backward()
"""

from symmcore.losses.base import LossResult, MetricLoss, Selection
from symmcore.losses.npair import NPairLoss
from symmcore.losses.registry import LOSSES, LossEntry, build_loss
from symmcore.symm import PointType, Symm

__all__ = [
    "LOSSES",
    "LossEntry",
    "LossResult",
    "MetricLoss",
    "NPairLoss",
    "PointType",
    "Selection",
    "Symm",
    "build_loss",
]
