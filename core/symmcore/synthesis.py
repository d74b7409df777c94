"""Symmetrical synthesis (Eq. 1-2): reflecting an embedding about another of its class."""

import torch
from torch import Tensor

from symmcore.settings.symm import check_reflection


def reflect(x: Tensor, axis: Tensor, alpha: float = 2.0, beta: float = 1.0) -> Tensor:
    r"""Reflect ``x`` about the line through the origin and ``axis`` (Eq. 1-2).

    .. math::
        r = (x \cdot u) u, \quad u = a / \lVert a \rVert, \qquad
        x' = \beta [\alpha (r - x) + x]

    With alpha = 2 and beta = 1 the norm of ``x`` and its product with ``axis`` are kept. With
    another alpha the bracket is rescaled to the norm of ``x`` (a zero bracket stays zero). A
    zero axis, or one whose squared norm underflows, has no direction: the result is then
    ``beta * x``. Gradients flow through both arguments; they are finite unless an axis is so short
    that its own exceeds the type's range on the way (in float32 a norm under about 1e-12).

    Args:
        x: Points of shape (..., D), floating point.
        axis: Axes of shape (..., D); leading dimensions broadcast with those of ``x``.
        alpha: How far the synthetic point lies from the original.
        beta: Factor on its norm.

    Returns:
        Synthetic points, of the broadcast shape and the promoted type of the arguments.
        float16 and bfloat16 are computed in float32.

    Raises:
        TypeError: If an argument is not a floating-point tensor, or alpha or beta no number.
        ValueError: If the shapes do not fit, or alpha or beta is not positive and finite.

    Example:
        >>> reflect(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.0]))
        tensor([ 1., -2.])
    """
    check_reflection(alpha, beta)
    _check_points(x, axis)
    dtype = torch.promote_types(x.dtype, axis.dtype)
    x, axis = x.to(computing_dtype(dtype)), axis.to(computing_dtype(dtype))
    on_x, on_axis = reflection_weights(
        (x * axis).sum(-1, keepdim=True),
        (x * x).sum(-1, keepdim=True),
        (axis * axis).sum(-1, keepdim=True),
        alpha,
        beta,
    )
    return (on_x * x + on_axis * axis).to(dtype)


def reflection_weights(
    dot: Tensor, square: Tensor, axis_square: Tensor, alpha: float, beta: float
) -> tuple[Tensor, Tensor]:
    """The weights p, q that write a reflection as p x + q axis.

    A synthetic point never needs to exist for its products with others to be known. The
    coefficient is written (x . axis) / ||axis||^2, not with a normalised axis, so that it is
    exactly 1 when x and axis are the same vector and ties stay exact.

    Args:
        dot: x . axis, any shape.
        square: ||x||^2, broadcastable with ``dot``.
        axis_square: ||axis||^2, broadcastable with ``dot``.
        alpha: As in ``reflect``.
        beta: As in ``reflect``.

    Returns:
        The weights on x and on the axis.
    """
    # Written so that NaN counts as not zero and stays NaN.
    no_axis = axis_square < torch.finfo(axis_square.dtype).tiny
    # Divided by infinity, the coefficient is zero and so is its gradient.
    coefficient = dot / axis_square.masked_fill(no_axis, torch.inf)
    if alpha == 2.0:
        # The bracket has the norm of x already; rescaling would only add rounding.
        on_x = torch.full_like(axis_square, -beta, requires_grad=False)
        return on_x.masked_fill_(no_axis, beta), coefficient * (2.0 * beta)
    scale = beta * _norm_ratio(square, dot * coefficient, alpha)
    on_x = scale * (1.0 - alpha)
    return on_x.masked_fill(no_axis, beta), scale * alpha * coefficient


def computing_dtype(dtype: torch.dtype) -> torch.dtype:
    """The type computed in for embeddings of type ``dtype``: at least float32."""
    return torch.promote_types(dtype, torch.float32)


def _norm_ratio(square: Tensor, projected: Tensor, alpha: float) -> Tensor:
    """||x|| / ||alpha (r - x) + x|| from ||x||^2 and ||r||^2; 0 where the bracket is zero."""
    bracket = (1.0 - alpha) ** 2 * square + alpha * (2.0 - alpha) * projected
    empty = (bracket <= 0.0) | (square <= 0.0)
    ratio = torch.sqrt(square.masked_fill(empty, 1.0) / bracket.masked_fill(empty, 1.0))
    return ratio.masked_fill(empty, 0.0)


def _check_points(x: Tensor, axis: Tensor) -> None:
    for name, value in (("x", x), ("axis", axis)):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise TypeError(f"{name} must be a floating-point tensor, not {kind}")
        if value.dim() == 0:
            raise ValueError(f"{name} must have shape (..., D), not ()")
    shapes = f"{tuple(x.shape)} and {tuple(axis.shape)}"
    if x.shape[-1] != axis.shape[-1]:
        raise ValueError(f"x and axis must have the same last dimension, not {shapes}")
    for left, right in zip(x.shape[::-1], axis.shape[::-1], strict=False):
        if left != right and 1 not in (left, right):
            raise ValueError(f"x and axis must have shapes that broadcast, not {shapes}")
