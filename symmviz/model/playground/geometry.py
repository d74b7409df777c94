"""Reflection and normalisation of points, and how a gradient goes back through them."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points or gradients, float64 of shape (..., D)."""

_TINY = np.finfo(np.float64).tiny


def reflect(x: Points, axis: Points, alpha: float, beta: float) -> Points:
    """Reflect a point about the line through the origin and ``axis`` (Eq. 1-2).

    Args:
        x: Shape (D,).
        axis: Shape (D,); without a direction it gives beta x.
        alpha: How far the synthetic point lies from the original; 2 is the mirror image.
        beta: Factor on its norm.

    Returns:
        Shape (D,).
    """
    if not has_direction(axis):
        return beta * x
    foot = (x @ axis) / (axis @ axis) * axis
    if alpha == 2.0:  # keeps the norm of itself
        return beta * (2.0 * foot - x)
    bracket = alpha * foot + (1.0 - alpha) * x
    norm = _bracket_norm(x, axis, alpha)
    return np.zeros_like(x) if norm == 0.0 else beta * np.sqrt(x @ x) / norm * bracket


def reflect_gradient(
    gradient: Points, x: Points, axis: Points, alpha: float, beta: float
) -> tuple[Points, Points]:
    """The gradients on ``x`` and on ``axis`` of what has a gradient on ``reflect(x, axis)``.

    Args:
        gradient: Shape (D,).
        x: As in :func:`reflect`, as are the others.
        axis: Shape (D,).
        alpha: How far the synthetic point lies from the original.
        beta: Factor on its norm.

    Returns:
        Two gradients of shape (D,).
    """
    if not has_direction(axis):
        return beta * gradient, np.zeros_like(axis)
    if alpha == 2.0:
        return _bracket_gradient(beta * gradient, x, axis, alpha)
    norm = _bracket_norm(x, axis, alpha)
    if norm == 0.0:
        return np.zeros_like(x), np.zeros_like(axis)
    length = np.sqrt(x @ x)
    unit = (alpha * (x @ axis) / (axis @ axis) * axis + (1.0 - alpha) * x) / norm
    along = unit @ gradient
    on_bracket = beta * length / norm * (gradient - along * unit)
    on_x, on_axis = _bracket_gradient(on_bracket, x, axis, alpha)
    return on_x + beta * along / length * x, on_axis


def normalise(points: Points) -> Points:
    """Scale vectors to norm 1 along the last dimension; a zero vector stays zero."""
    return points * _inverse_norms(points)


def normalise_gradient(gradient: Points, points: Points) -> Points:
    """The gradient on ``points`` of what has a gradient on ``normalise(points)``."""
    inverse = _inverse_norms(points)
    unit = points * inverse
    along = (gradient * unit).sum(-1, keepdims=True)
    result: Points = inverse * (gradient - along * unit)
    return result


def has_direction(axis: Points) -> bool:
    """Whether a vector of shape (D,) is long enough to have a direction."""
    return bool(axis @ axis >= _TINY)


def _inverse_norms(points: Points) -> Points:
    squares = (points * points).sum(-1, keepdims=True)
    empty = squares < _TINY
    result: Points = np.where(empty, 0.0, 1.0 / np.sqrt(np.where(empty, 1.0, squares)))
    return result


def _bracket_norm(x: Points, axis: Points, alpha: float) -> float:
    """||alpha (r - x) + x||, from ||x||^2 and ||r||^2; 0 where x or the bracket is zero."""
    square, dot = float(x @ x), float(x @ axis)
    projected = dot * (dot / float(axis @ axis))
    bracket = (1.0 - alpha) ** 2 * square + alpha * (2.0 - alpha) * projected
    return 0.0 if bracket <= 0.0 or square <= 0.0 else float(np.sqrt(bracket))


def _bracket_gradient(
    gradient: Points, x: Points, axis: Points, alpha: float
) -> tuple[Points, Points]:
    """The gradients on x and axis of what has a gradient on alpha (r - x) + x."""
    square = axis @ axis
    coefficient, along = (x @ axis) / square, gradient @ axis
    on_x = (1.0 - alpha) * gradient + alpha * along / square * axis
    on_axis = alpha * (
        coefficient * gradient + along / square * x - 2.0 * coefficient * along / square * axis
    )
    return on_x, on_axis
