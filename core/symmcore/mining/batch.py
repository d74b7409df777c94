"""What a batch of embeddings and labels must be, and the pair groups in it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass(frozen=True, slots=True)
class Groups:
    """The pair groups of a batch, ordered by the position of their first image.

    Attributes:
        labels: The groups' labels, of shape (G,).
        pairs: Positions in the batch of the groups' images i and j, int64 of shape (2, G); None
            where the batch is i and j of the first group, then of the second, and so on, as
            samplers like to make batches.
    """

    labels: Tensor
    pairs: Tensor | None

    def __len__(self) -> int:
        return self.labels.shape[0]

    @property
    def members(self) -> Tensor:
        """Positions in the batch of the groups' images i and j, int64 of shape (2, G)."""
        if self.pairs is not None:
            return self.pairs
        positions = torch.arange(2 * len(self), device=self.labels.device)
        return positions.view(-1, 2).T.contiguous()

    def gather(self, embeddings: Tensor) -> Tensor:
        """i and j of each group in turn, contiguous (2 G, D), from embeddings of shape (B, D)."""
        if self.pairs is None:
            return embeddings.contiguous()
        return embeddings.index_select(0, self.pairs.T.flatten())

    def scatter(self, originals: Tensor, images: int) -> Tensor:
        """Undo ``gather`` for a batch of so many images: zeros (B, D) for those left over."""
        if self.pairs is None:
            return originals
        result = originals.new_zeros(images, originals.shape[1])
        return result.index_copy_(0, self.pairs.T.flatten(), originals)

    def same_class(self) -> Tensor:
        """Which groups are of one class, so no negatives of each other: bool, (G, G)."""
        return self.labels[:, None] == self.labels


class ClassOrder(NamedTuple):
    """The images of a batch, class by class.

    Attributes:
        order: positions of the images, those of one class together and in batch order, (B,).
        bounds: where each class begins in that, and at last B, of shape (C + 1,).
        sizes: how many images each has, (C,).
    """

    order: NDArray[np.int64]
    bounds: NDArray[np.int64]
    sizes: NDArray[np.int64]


def class_order(labels: NDArray[np.integer]) -> ClassOrder:
    """The classes of labels (B,), the smallest label first; found once for the same batch."""
    return _class_order(labels.tobytes(), labels.dtype.str)


@lru_cache(maxsize=4)  # as compared runs get the same batch one after another
def _class_order(content: bytes, dtype: str) -> ClassOrder:
    labels = np.frombuffer(content, dtype)
    order = labels.argsort(kind="stable")
    ordered = labels[order]
    inner = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    bounds = np.concatenate(([0], inner, [len(labels)])) if len(labels) else np.zeros(1, np.int64)
    result = ClassOrder(order, bounds, np.diff(bounds))
    for array in result:
        array.flags.writeable = False
    return result


def pair_groups(labels: Tensor, device: torch.device) -> Groups:
    """Pair the images of each class: in batch order the 1st with the 2nd, the 3rd with the 4th.

    An odd image left over takes no part. How many groups there are decides the shape of all
    that follows, so labels on an accelerator are copied to the CPU, which waits for the
    device; labels on the CPU cost no waiting.

    Args:
        labels: Integer labels of shape (B,), on any device.
        device: Where the groups are needed.

    Returns:
        The groups, on ``device``.

    Raises:
        ValueError: If there is no group, or no two groups of different labels.
    """
    values = labels.cpu().numpy()
    first, second = values[::2], values[1::2]
    if first.tobytes() == second.tobytes():
        group_labels, members = first.copy(), None
    else:
        members = _pairs_of_classes(values)
        group_labels = values[members[0]]
    _check_groups(group_labels, values)
    return Groups(_on(device, group_labels), None if members is None else _on(device, members))


def _on(device: torch.device, values: NDArray[np.integer]) -> Tensor:
    tensor = torch.from_numpy(values)
    return tensor if device.type == "cpu" else tensor.to(device, non_blocking=True)


def _pairs_of_classes(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Positions of the images of each pair, (2, G), by the position of the first."""
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    is_start = np.ones(len(labels), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_start[1:])
    position = np.arange(len(labels))
    rank = position - np.maximum.accumulate(np.where(is_start, position, 0))
    # The second image of a group has an odd rank in its class.
    seconds = np.flatnonzero(rank % 2 == 1)
    first, second = order[seconds - 1], order[seconds]
    in_batch_order = np.argsort(first)
    return np.stack((first[in_batch_order], second[in_batch_order]))


def check_embeddings(embeddings: Tensor, name: str = "embeddings") -> None:
    """Check that embeddings are a floating-point tensor of shape (N, D), N and D at least 1.

    Raises:
        TypeError: If they are not a floating-point tensor.
        ValueError: If they have another shape.
    """
    if not isinstance(embeddings, Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(embeddings).__name__}")
    if embeddings.dtype not in _FLOATING:
        kind = "have at least 16 bits" if embeddings.is_floating_point() else "be floating point"
        raise TypeError(f"{name} must {kind}, not {embeddings.dtype}")
    if embeddings.layout is not torch.strided:
        raise TypeError(f"{name} must be a dense tensor, not one of layout {embeddings.layout}")
    if embeddings.dim() != 2 or embeddings.numel() == 0:
        shape = tuple(embeddings.shape)
        raise ValueError(f"{name} must have shape (N, D) with N and D at least 1, not {shape}")


def check_labels(labels: Tensor, count: int) -> None:
    """Check that labels are an integer tensor of shape (count,).

    Raises:
        TypeError: If they are not an integer tensor.
        ValueError: If they have another shape.
    """
    if not isinstance(labels, Tensor):
        raise TypeError(f"labels must be a tensor, not {type(labels).__name__}")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, not {labels.dtype}")
    if labels.shape != (count,):
        raise ValueError(
            f"labels must have shape ({count},), one for each embedding, not {tuple(labels.shape)}"
        )


def _check_groups(group_labels: NDArray[np.integer], labels: NDArray[np.integer]) -> None:
    if len(group_labels) > 0:
        first = group_labels[0]
        if group_labels[-1] != first or (group_labels != first).any():
            return
    held = f"the batch held {len(labels)} images of {len(np.unique(labels))} classes"
    if len(group_labels) == 0:
        raise ValueError(
            f"{held} and no two of one class; at least two classes with two images each are needed"
        )
    raise ValueError(
        f"{held}, of which only class {group_labels[0]} has two images; at least two classes "
        "with two images each are needed"
    )
