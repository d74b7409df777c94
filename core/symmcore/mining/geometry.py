"""Inner products of each pair group's originals, and its synthetic points as weights on them."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symmcore.mining.autograd import once_differentiable
from symmcore.settings.symm import Symm
from symmcore.synthesis import reflection_weights


@dataclass(frozen=True, slots=True)
class Geometry:
    """Pair groups in the embedding space; every field carries gradients to the embeddings.

    Attributes:
        points: The originals x_i and x_j, of shape (2, G, D).
        dot: x_i . x_j, of shape (G,).
        squares: ||x_i||^2 and ||x_j||^2, of shape (2, G).
    """

    points: Tensor
    dot: Tensor
    squares: Tensor

    def reflections(self, symm: Symm) -> tuple[Tensor, Tensor]:
        """Weights (own, other), each (2, G): x_i' = own[0] x_i + other[0] x_j, and so for j."""
        return reflection_weights(
            self.dot.expand(2, -1), self.squares, self.squares.flip(0), symm.alpha, symm.beta
        )

    def point_squares(self, own: Tensor, other: Tensor) -> Tensor:
        """Squared norms of the four points, of shape (4, G), given the reflections' weights."""
        synthetic = (
            own * own * self.squares
            + 2.0 * own * other * self.dot
            + other * other * self.squares.flip(0)
        )
        return torch.cat((self.squares, synthetic))

    @torch.no_grad()
    def all_points(self, own: Tensor, other: Tensor) -> Tensor:
        """The four points of each group without gradients, by type, of shape (4 G, D)."""
        synthetic = own[..., None] * self.points + other[..., None] * self.points.flip(0)
        return torch.cat((self.points, synthetic)).flatten(0, 1)


def measure(points: Tensor) -> Geometry:
    """The geometry of groups with originals ``points`` of shape (2, G, D)."""
    dot, squares = _Products.apply(points)
    return Geometry(points=points, dot=dot, squares=squares)


class _Products(torch.autograd.Function):
    """x_i . x_j, ||x_i||^2 and ||x_j||^2, with one pass over the points in either direction."""

    @staticmethod
    def forward(ctx: Any, points: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(points)
        return (points[0] * points[1]).sum(-1), (points * points).sum(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, on_dot: Tensor, on_squares: Tensor) -> tuple[Tensor]:
        (points,) = ctx.saved_tensors
        result = points * (2.0 * on_squares)[..., None]
        result[0].addcmul_(points[1], on_dot[:, None])
        result[1].addcmul_(points[0], on_dot[:, None])
        return (result,)


def type_weights(own: Tensor, other: Tensor) -> Tensor:
    """The four points of each group as weights on (x_i, x_j), of shape (2, 4, G).

    Args:
        own: Weights of the reflections on the reflected point, of shape (2, G).
        other: Weights on the axis, of shape (2, G).
    """
    none, one = torch.zeros_like(own[0]), torch.ones_like(own[0])
    on_first = (one, none, own[0], other[1])
    on_second = (none, one, other[0], own[1])
    return torch.stack((*on_first, *on_second)).view(2, 4, -1)


def normalise(points: Tensor) -> Tensor:
    """Scale vectors to norm 1 along the last dimension.

    A zero vector, or one whose squared norm underflows, gives zero with zero gradient.
    """
    squares = (points * points).sum(-1, keepdim=True)
    empty = squares < torch.finfo(squares.dtype).tiny
    return points * squares.masked_fill(empty, 1.0).rsqrt().masked_fill(empty, 0.0)
