"""From dataset positions to the tensors a network reads."""

import torch
from torch import Tensor
from torch.nn import functional

from symmcore.data.dataset import ImageDataset
from symmcore.runs.records import IndexArray


class BatchLoader:
    """Images and labels of a dataset on a device, augmented for training.

    Pixels become float32 in [-1, 1]. Training images are shifted by up to ``shift``
    pixels each way, every image on its own, the edge filled with its darkest value.
    """

    def __init__(self, dataset: ImageDataset, device: torch.device, seed: int, shift: int) -> None:
        self._images = torch.from_numpy(dataset.images).to(device).permute(0, 3, 1, 2)
        self._labels = torch.from_numpy(dataset.labels).to(device)
        self._shift = shift
        # On the CPU for every device, so that one seed means the same shifts everywhere.
        self._random = torch.Generator().manual_seed(seed)

    def training_batch(self, positions: IndexArray) -> tuple[Tensor, Tensor]:
        """Augmented images (B, C, H, W) float32 and labels (B,) int64 at ``positions``."""
        rows = torch.from_numpy(positions).to(self._images.device)
        return self._shifted(_scaled(self._images[rows])), self._labels[rows]

    def evaluation_batch(self, positions: IndexArray) -> Tensor:
        """The images at ``positions`` as they are: (B, C, H, W) float32."""
        rows = torch.from_numpy(positions).to(self._images.device)
        return _scaled(self._images[rows])

    def _shifted(self, images: Tensor) -> Tensor:
        if self._shift == 0:
            return images
        count, _, height, width = images.shape
        padded = functional.pad(images, [self._shift] * 4, value=-1.0)
        offsets = torch.randint(2 * self._shift + 1, (2, count, 1), generator=self._random).to(
            images.device
        )
        rows = offsets[0] + torch.arange(height, device=images.device)
        columns = offsets[1] + torch.arange(width, device=images.device)
        item = torch.arange(count, device=images.device)[:, None, None]
        return padded[item, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _scaled(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1.0
