"""How well synthetic points retrieve each other (Fig. 6)."""

import torch
from torch import Tensor

from symmcore.evaluation.recall import recall_at_k
from symmcore.mining import check_embeddings, check_labels, widest
from symmcore.reflection import partner_cycle
from symmcore.synthesis import reflect


def cycle_partners(labels: Tensor, seed: int) -> Tensor:
    """The axis of each image: the images of a class, in random order, form a cycle.

    So each image with another of its class is the axis of one of them, and every order of a
    class is equally likely.

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
    partners = partner_cycle(labels.cpu().numpy(), seed)
    return torch.from_numpy(partners).to(labels.device)


def synthetic_recall_at_1(embeddings: Tensor, labels: Tensor, seed: int = 0) -> float:
    """Recall@1 among synthetic points (Fig. 6).

    Within each class the images, in random order, form a cycle, and each is reflected about the
    next (Eq. 1-2, alpha = 2 and beta = 1); queries and gallery are both the synthetic points. An
    image alone in its class has no synthetic point. Points reflected about one axis keep their
    angles, so no two share one: they would retrieve each other as their originals do.

    Args:
        embeddings: Shape (N, D), floating point.
        labels: Integers of shape (N,).
        seed: Seed of the partners, see ``cycle_partners``.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If the shapes do not fit or no class has two images.
    """
    check_embeddings(embeddings)
    check_labels(labels, len(embeddings))
    partners = cycle_partners(labels, seed).to(embeddings.device)
    kept = partners >= 0
    if not kept.any():
        raise ValueError(f"none of the {len(labels)} images shares its class with another")
    points = widest(embeddings)
    synthetic = reflect(points[kept], points[partners[kept]])
    return recall_at_k(synthetic, labels.to(embeddings.device)[kept], (1,)).at[1]
