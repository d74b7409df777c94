"""From dataset positions to the tensors a network reads."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.transforms import Augmentation, Transform
from symmcore.data.images.store import ImageStore
from symmcore.records import IndexArray
from symmcore.settings.transforms import TransformSettings

RESIDENT_BYTES = 512 * 2**20
"""Images that take no more are moved to the device once, and never waited for again."""

# Batches made while one is used: two, since one of large files may take twice as long.
_AHEAD = 2

_Result = TypeVar("_Result", Tensor, tuple[Tensor, Tensor])


@dataclass(frozen=True, slots=True, eq=False)
class BatchPlan:
    """A training batch before any pixel is read.

    Attributes:
        positions: (B,) int64, positions in the dataset.
        augmentation: what was drawn for its images.
    """

    positions: IndexArray
    augmentation: Augmentation


class BatchLoader:
    """Images and labels of a dataset on a device, augmented for training.

    Small datasets are moved to the device whole. The batches of others are read, moved and
    augmented by one thread while earlier ones are used, at most two ahead; on a CUDA device
    through pinned memory and in a stream of its own, beside the training's.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        device: torch.device,
        seed: int,
        transform: TransformSettings,
        resident_bytes: int = RESIDENT_BYTES,
    ) -> None:
        """Prepare.

        Args:
            dataset: what to load.
            device: where batches are wanted.
            seed: decides the augmentation.
            transform: what happens to images.
            resident_bytes: most bytes of images that are moved to the device whole.

        Raises:
            InputError: if the transform does not suit the images.
        """
        self._transform = Transform(transform, dataset.images.shape, device)
        # They stay on the CPU: to group them, a loss would have to wait for a GPU.
        self._labels = torch.from_numpy(dataset.labels)
        # On the CPU for every device, so that one seed means the same crops everywhere.
        self.random = torch.Generator().manual_seed(seed)
        self._pixels: _ResidentPixels | _StoredPixels
        if np.prod(dataset.images.shape, dtype=np.int64) <= resident_bytes:
            self._pixels = _ResidentPixels(dataset.images, device)
        else:
            self._pixels = _StoredPixels(dataset.images, device)

    @property
    def ahead(self) -> int:
        """How many batches should be started beyond the one that is waited for."""
        return self._pixels.ahead

    def plan(self, positions: IndexArray) -> BatchPlan:
        """Draw the augmentation of the training images at ``positions`` (B,) int64."""
        return BatchPlan(positions, self._transform.draw(len(positions), self.random))

    def start(self, plan: BatchPlan) -> Callable[[], tuple[Tensor, Tensor]]:
        """Begin to make a training batch.

        Returns:
            What waits for it and gives images (B, C, H, W) float32 and labels (B,) int64, these
            on the CPU, or raises what went wrong.
        """

        def make() -> tuple[Tensor, Tensor]:
            images = self._transform.augmented(self._pixels.at(plan.positions), plan.augmentation)
            return images, self._labels[torch.from_numpy(plan.positions)]

        return self._pixels.start(make)

    def evaluation_batches(self, positions: IndexArray, size: int) -> Iterator[Tensor]:
        """The images at ``positions``, cropped from the centre: (B, C, H, W) float32.

        In batches of ``size`` and a last, smaller one.
        """

        def make(part: IndexArray) -> Tensor:
            return self._transform.centred(self._pixels.at(part))

        started = (
            self._pixels.start(partial(make, positions[begin : begin + size]))
            for begin in range(0, len(positions), size)
        )
        return finished(started, self.ahead)

    def release(self) -> None:
        """End the thread and the dataset's processes; what is asked for next starts new ones.

        A batch that was started and not waited for is lost.
        """
        self._pixels.release()


def finished(started: Iterator[Callable[[], _Result]], ahead: int) -> Iterator[_Result]:
    """Wait for batches in order, with ``ahead`` more started than are waited for."""
    waiting = deque(itertools.islice(started, ahead))
    for one in started:
        waiting.append(one)
        yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


class _ResidentPixels:
    """A whole dataset on the device."""

    ahead = 0

    def __init__(self, images: ImageStore, device: torch.device) -> None:
        pixels = images.read(np.arange(images.shape[0]))
        images.release()
        self._pixels = torch.from_numpy(pixels).to(device)

    def at(self, positions: IndexArray) -> Tensor:
        return self._pixels[torch.from_numpy(positions).to(self._pixels.device)]

    def start(self, make: Callable[[], _Result]) -> Callable[[], _Result]:
        return make

    def release(self) -> None:
        """There is nothing to end."""


class _StoredPixels:
    """A dataset that stays where it is, read by one thread."""

    ahead = _AHEAD

    def __init__(self, images: ImageStore, device: torch.device) -> None:
        self._images = images
        self._device = device
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            # torch does not annotate it
            self._stream = torch.cuda.Stream(device)
            # for what was put on the device before
            self._stream.wait_stream(torch.cuda.current_stream(device))
        self._thread: ThreadPoolExecutor | None = None

    def at(self, positions: IndexArray) -> Tensor:
        shape = (len(positions), *self._images.shape[1:])
        pixels = torch.empty(shape, dtype=torch.uint8, pin_memory=self._stream is not None)
        self._images.read(positions, out=pixels.numpy())
        # torch keeps pinned memory from being used again before the copy is done
        return pixels.to(self._device, non_blocking=self._stream is not None)

    def start(self, make: Callable[[], _Result]) -> Callable[[], _Result]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        if self._stream is None:
            return self._thread.submit(make).result
        future = self._thread.submit(_in_stream, self._stream, make)

        def wait() -> _Result:
            result, done = future.result()
            current = torch.cuda.current_stream(self._device)
            current.wait_event(done)
            for tensor in (result,) if isinstance(result, Tensor) else result:
                # so that its memory is not given to the other stream while this one reads it
                tensor.record_stream(current)
            return result

        return wait

    def release(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(cancel_futures=True)
        self._images.release()


def _in_stream(
    stream: torch.cuda.Stream, make: Callable[[], _Result]
) -> tuple[_Result, torch.cuda.Event]:
    with torch.cuda.stream(stream):
        return make(), stream.record_event()
