"""How well synthetic points retrieve each other (Fig. 6)."""

import numpy as np
import torch
from torch import Tensor

from symmcore.evaluation.recall import recall_at_k
from symmcore.mining import check_embeddings, check_labels
from symmcore.synthesis import reflect


def random_partners(labels: Tensor, seed: int) -> Tensor:
    """Draw for each image another of its class, all others equally likely.

    Args:
        labels: Integers of shape (N,).
        seed: The same seed gives the same partners on every device.

    Returns:
        Positions of the partners, int64 of shape (N,), on the labels' device; -1 where the
        class has only one image.

    Raises:
        TypeError: If labels are not an integer tensor.
        ValueError: If they are not one-dimensional.
    """
    check_labels(labels, labels.shape[0] if isinstance(labels, Tensor) and labels.dim() else 0)
    values = labels.cpu().numpy()
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    size, start = counts[inverse[order]], starts[inverse[order]]
    place = np.arange(len(order)) - start
    step = np.random.default_rng(seed).integers(1, np.maximum(size, 2))
    partners = np.empty(len(order), dtype=np.int64)
    partners[order] = np.where(size > 1, order[start + (place + step) % size], -1)
    return torch.from_numpy(partners).to(labels.device)


def synthetic_recall_at_1(embeddings: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Recall@1 among synthetic points (Fig. 6).

    Each image is reflected about a random other image of its class (Eq. 1-2, alpha = 2 and
    beta = 1); queries and gallery are both the synthetic points. An image alone in its class
    has no synthetic point.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        seed: Seed of the partners, see ``random_partners``.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit or no class has two images.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    partners = random_partners(labels, seed).to(embeddings.device)
    kept = partners >= 0
    if not kept.any():
        raise ValueError(f"none of the {len(labels)} images shares its class with another")
    synthetic = reflect(embeddings[kept], embeddings[partners[kept]])
    return recall_at_k(synthetic, labels.to(embeddings.device)[kept], (1,)).at[1]
