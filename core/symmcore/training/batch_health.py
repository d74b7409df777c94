"""What one step records for the collapse doctor."""

from collections.abc import Iterable

import torch
from torch import Tensor

from symmcore.evaluation.diagnosis import batch_statistics
from symmcore.losses.base import LossResult, MetricLoss
from symmcore.records import BatchHealth

STEPS_BETWEEN_NORMS = 5
"""Every so many steps the gradient's norm is recorded, for which a GPU is waited for once more."""


def batch_health(
    loss: MetricLoss, result: LossResult, embeddings: Tensor, labels: Tensor, learning_rate: float
) -> BatchHealth:
    """What a batch tells of a collapse, without the norm of a gradient that is still to come.

    Args:
        loss: of which ``result`` is.
        result: the loss of the batch.
        embeddings: (B, D), on any device; a GPU is waited for.
        labels: (B,) int64.
        learning_rate: of this step.
    """
    norm, within, between = batch_statistics(
        embeddings.detach().cpu().numpy(), labels.cpu().numpy()
    )
    return BatchHealth(
        trivial_loss=loss.trivial_loss(labels),
        mean_norm=norm,
        within_cosine=within,
        between_cosine=between,
        gradient_norm=None,
        zero_terms=None if result.hinges is None else result.hinges.zero_share,
        learning_rate=learning_rate,
    )


def gradient_norm(weights: Iterable[Tensor]) -> Tensor:
    """The L2 norm of the gradient of these weights together, a scalar on their device."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    return torch.nn.utils.get_total_norm(gradients)
