"""The four points of each pair group, as weights on the two originals."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.symm import Symm
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


def measure(points: Tensor) -> Geometry:
    """The geometry of groups with originals ``points`` of shape (2, G, D)."""
    return Geometry(
        points=points,
        dot=(points[0] * points[1]).sum(-1),
        squares=(points * points).sum(-1),
    )


def type_weights(own: Tensor, other: Tensor) -> Tensor:
    """The four points of each group as weights on (x_i, x_j), of shape (2, 4, G).

    Args:
        own: Weights of the reflections on the reflected point, of shape (2, G).
        other: Weights on the axis, of shape (2, G).
    """
    weights = own.new_zeros(2, 4, own.shape[1])
    weights[0, 0] = 1.0
    weights[1, 1] = 1.0
    weights[0, 2], weights[1, 2] = own[0], other[0]
    weights[0, 3], weights[1, 3] = other[1], own[1]
    return weights


def normalise(points: Tensor) -> Tensor:
    """Scale vectors to norm 1 along the last dimension.

    A zero vector, or one whose squared norm underflows, gives zero with zero gradient.
    """
    squares = (points * points).sum(-1, keepdim=True)
    empty = squares < torch.finfo(squares.dtype).tiny
    return points * squares.masked_fill(empty, 1.0).rsqrt().masked_fill(empty, 0.0)
