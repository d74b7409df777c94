"""Tiles of the matrix of pairs of groups."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

_CPU_BLOCK = 192  # smaller tiles spend their time on calls, larger ones wait for memory
_DEVICE_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Blocks:
    """The groups cut into blocks, and which pairs of blocks are searched.

    Of symmetric candidates only the tiles on and above the diagonal are, and only g < h
    counts in those on the diagonal.

    Attributes:
        spans: The groups of each block.
        symmetric: Whether the candidates are symmetric.
    """

    spans: tuple[slice, ...]
    symmetric: bool

    def tiles(self) -> Iterator[tuple[int, int]]:
        """The pairs of blocks (rows, columns) that are searched, in a fixed order."""
        for row in range(len(self.spans)):
            for column in range(row if self.symmetric else 0, len(self.spans)):
                yield row, column

    def split(self, points: Tensor) -> list[Tensor]:
        """Cut (2, G, D) into a contiguous (2 b, D) for each block, i's before j's."""
        return [points[:, span].flatten(0, 1) for span in self.spans]

    def join(self, parts: list[Tensor]) -> Tensor:
        """Undo ``split``."""
        split = [part.view(2, -1, part.shape[-1]) for part in parts]
        return split[0] if len(split) == 1 else torch.cat(split, 1)


def cut(groups: int, device: torch.device, symmetric: bool) -> Blocks:
    """Cut ``groups`` groups into blocks that suit the device."""
    size = _CPU_BLOCK if device.type == "cpu" else _DEVICE_BLOCK
    spans = tuple(slice(first, min(first + size, groups)) for first in range(0, groups, size))
    return Blocks(spans, symmetric)
