"""Euclidean distances that stay right when points nearly coincide.

Squared distances from a Gram matrix lose all digits once they are as small as the rounding of
the products. So the Euclidean losses compute in float64, and the few pairs that are still too
close for it are computed again from differences.
"""

import torch
from torch import Tensor

# Elements of the differences held at a time.
_CPU_CHUNK = 2**22
_DEVICE_CHUNK = 2**26


def widest(points: Tensor) -> Tensor:
    """The points in float64, or as they are where the device has no float64."""
    return points if points.device.type == "mps" else points.double()


def rounding(points: Tensor) -> float:
    """What rounding may add to a squared distance of unit vectors, generously."""
    return 32.0 * torch.finfo(points.dtype).eps


def square_root(squares: Tensor) -> Tensor:
    """Square root with zero gradient at zero, where the true one is infinite."""
    empty = squares <= 0.0
    return squares.masked_fill(empty, 1.0).sqrt().masked_fill(empty, 0.0)


def squared_distances(points: Tensor, wanted: Tensor, accuracy: float) -> Tensor:
    """Squared distances of all points from each other.

    Args:
        points: Shape (N, D).
        wanted: Which distances matter, bool of shape (N, N); the others may be inaccurate.
        accuracy: Relative error allowed.

    Returns:
        Shape (N, N), differentiable.
    """
    squares = (points * points).sum(-1)
    sums = squares[:, None] + squares
    result = sums - 2.0 * torch.mm(points, points.T)
    close = wanted & is_close(result, sums, accuracy)
    index = torch.arange(len(points), device=points.device)
    shape = close.shape
    return result + correction(
        result, close, points, index[:, None].expand(shape), index.expand(shape)
    )


@torch.no_grad()
def correction(
    squares: Tensor, close: Tensor, points: Tensor, left: Tensor, right: Tensor
) -> Tensor:
    """What to add to squared distances from a Gram matrix to have those from differences.

    Args:
        squares: Squared distances from a Gram matrix, of shape (G, H).
        close: Which of them to correct, bool of shape (G, H).
        points: The points, of shape (N, D).
        left: Row of ``points`` of the one end of each distance, int64 of shape (G, H).
        right: The same for the other end.

    Returns:
        Shape (G, H), zero where not close.
    """
    result = torch.zeros_like(squares)
    if squares.device.type == "cpu":
        where, elements = close.flatten().nonzero()[:, 0], _CPU_CHUNK
    else:
        # To ask a device which pairs are close is to wait for it: correct all of them.
        where, elements = torch.arange(close.numel(), device=close.device), _DEVICE_CHUNK
    left, right = left.flatten(), right.flatten()
    size = max(1, elements // points.shape[1])
    for start in range(0, len(where), size):
        chunk = where[start : start + size]
        difference = points[left[chunk]] - points[right[chunk]]
        exact = (difference * difference).sum(-1)
        # Points that differ by rounding alone coincide.
        largest = 4.0 * torch.finfo(points.dtype).eps * points[left[chunk]].norm(dim=-1)
        exact = exact.masked_fill(exact <= largest * largest, 0.0)
        result.view(-1)[chunk] = exact - squares.flatten()[chunk]
    return result.masked_fill(~close, 0.0)


def is_close(squares: Tensor, sums: Tensor, accuracy: float) -> Tensor:
    """Which squared distances a Gram matrix gives with a larger relative error.

    Args:
        squares: Squared distances from a Gram matrix.
        sums: Sums of the squared norms of the two points of each.
        accuracy: Relative error allowed.
    """
    smallest = 10.0 * torch.finfo(squares.dtype).eps / accuracy
    return squares.detach() < smallest * sums.detach()
