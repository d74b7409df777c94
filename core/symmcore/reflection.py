"""Reflection in NumPy, for the synthetic points of recorded embeddings (Eq. 1-2).

``symmcore.synthesis.reflect`` is the same for tensors, with gradients.
"""

import numpy as np

from symmcore.records import FloatArray, IndexArray
from symmcore.settings.symm import check_reflection


def reflect_points(
    points: FloatArray, axes: FloatArray, alpha: float = 2.0, beta: float = 1.0
) -> FloatArray:
    """Reflect each point about the line through the origin and its axis (Eq. 1-2).

    With u the unit vector of the axis and r = (x . u) u, a synthetic point is
    beta [alpha (r - x) + x], where the bracket is rescaled to the norm of x if alpha is not 2. An
    axis without a direction gives beta x.

    Args:
        points: (N, D) float32.
        axes: (N, D) float32.
        alpha: how far the synthetic point lies from the original.
        beta: factor on its norm.

    Returns:
        (N, D) float32, read-only.

    Raises:
        TypeError, ValueError: if alpha or beta is not a positive number.
    """
    check_reflection(alpha, beta)
    with np.errstate(all="ignore"):  # what diverged reflects to NaN, as it does in training
        axis_square = np.einsum("nd,nd->n", axes, axes)
        no_axis = axis_square < np.finfo(np.float32).tiny
        dot = np.einsum("nd,nd->n", points, axes)
        coefficient = np.where(no_axis, np.float32(0), dot / axis_square)
        if alpha == 2.0:  # keeps the norm of itself
            scale = np.full_like(dot, beta)
        else:
            square = np.einsum("nd,nd->n", points, points)
            scale = np.float32(beta) * _norm_ratio(square, dot * coefficient, alpha)
        on_points = np.where(no_axis, np.float32(beta), scale * np.float32(1.0 - alpha))
        on_axes = scale * np.float32(alpha) * coefficient
        result: FloatArray = on_points[:, None] * points
        result += on_axes[:, None] * axes
    result.flags.writeable = False
    return result


def reflect_partners(
    points: FloatArray, partner: IndexArray, alpha: float = 2.0, beta: float = 1.0
) -> FloatArray:
    """Reflect each point about its partner (Eq. 1-2); one that has none stays as it is.

    Args:
        points: (N, D) float32.
        partner: positions of the partners, (N,) int64; -1 where there is none.
        alpha: how far the synthetic point lies from the original.
        beta: factor on its norm.

    Returns:
        (N, D) float32, read-only.

    Raises:
        TypeError, ValueError: if alpha or beta is not a positive number.
    """
    alone = partner < 0
    axes = points[np.where(alone, np.arange(len(partner)), partner)]
    synthetic = reflect_points(points, axes, alpha, beta)
    if not alone.any():
        return synthetic
    result: FloatArray = np.where(alone[:, None], points, synthetic)
    result.flags.writeable = False
    return result


def partner_cycle(labels: IndexArray, seed: int) -> IndexArray:
    """The partner of each image: the images of a class, in random order, form a cycle.

    So each image with another of its class is the partner of one of them, and every order of a
    class is equally likely.

    Args:
        labels: integers of shape (N,).
        seed: the same seed gives the same partners.

    Returns:
        positions of the partners, int64 of shape (N,); -1 where the class has only one image.
    """
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(inverse[shuffled], kind="stable")]
    starts = np.cumsum(counts) - counts
    size, start = counts[inverse[order]], starts[inverse[order]]
    following = start + (np.arange(len(order)) - start + 1) % size
    partners = np.empty(len(order), dtype=np.int64)
    partners[order] = np.where(size > 1, order[following], -1)
    return partners


def _norm_ratio(square: FloatArray, projected: FloatArray, alpha: float) -> FloatArray:
    """||x|| / ||alpha (r - x) + x||, from ||x||^2 and ||r||^2; 0 where the bracket is zero."""
    bracket = (1.0 - alpha) ** 2 * square + alpha * (2.0 - alpha) * projected
    empty = (bracket <= 0) | (square <= 0)
    ratio = np.sqrt(np.where(empty, 1, square) / np.where(empty, 1, bracket))
    result: FloatArray = np.where(empty, 0, ratio).astype(np.float32)
    return result
