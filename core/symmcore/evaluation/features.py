"""What retrieval and clustering look at: normalised embeddings."""

import numpy as np
import torch
from torch import Tensor

from symmcore.mining.geometry import normalise
from symmcore.synthesis import computing_dtype

_LARGE = 1e15


def features_of(embeddings: Tensor) -> Tensor:
    """L2-normalised embeddings, at least float32, without gradients."""
    points = embeddings.detach().to(computing_dtype(embeddings.dtype))
    # The square of so large or small a number could leave the range of float32.
    largest = points.abs().amax(1, keepdim=True)
    extreme = (largest > _LARGE) | ((largest < 1.0 / _LARGE) & (largest > 0.0))
    if extreme.any():
        points = points / largest.masked_fill(~extreme, 1.0)
    return normalise(points)


def without_copies(points: Tensor) -> tuple[Tensor, Tensor | None]:
    """The distinct points, and which of them each point is (None if all are distinct).

    Copies of a point must tie exactly, but a matrix product may round the same sum differently in
    two columns. Points are told apart by a hash of their bits.
    """
    generator = torch.Generator().manual_seed(0)
    # Adding zero turns -0.0 into 0.0. Words of 32 bits: of a round float64 all of the low ones are
    # zero, and a product with the whole of it would keep little of a factor.
    words = (points + 0.0).view(torch.int32).long()
    factors = torch.randint(-(2**62), 2**62, (words.shape[1],), generator=generator)
    hashes = words @ factors.to(points.device)
    values, copies = np.unique(hashes.cpu().numpy(), return_inverse=True)
    if len(values) == len(points):
        return points, None
    first = np.empty(len(values), dtype=np.int64)
    first[copies[::-1]] = np.arange(len(points))[::-1]
    to = points.device
    return points[torch.from_numpy(first).to(to)], torch.from_numpy(copies).to(to)
