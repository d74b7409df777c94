import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from helpers_training import evaluation_batch, pixels, tiny_dataset, training_batch

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.data.images.store import ArrayImages
from symmcore.settings.transforms import TransformSettings

CPU = torch.device("cpu")
ONE = TransformSettings(shift=1)


def colourful() -> ImageDataset:
    """The tiny dataset with three channels and images that are not square."""
    dataset = tiny_dataset(0)
    images = np.random.default_rng(3).integers(0, 256, (len(dataset.labels), 5, 7, 3))
    return dataclasses.replace(dataset, images=ArrayImages(images.astype(np.uint8)))


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """An image (H, W, C) moved, the edge filled with -1, pixel by pixel; in (C, H, W)."""
    height, width, channels = image.shape
    moved = np.full((channels, height, width), -1.0, dtype=np.float32)
    for row in range(height):
        for column in range(width):
            from_row, from_column = row - down, column - right
            if 0 <= from_row < height and 0 <= from_column < width:
                for channel in range(channels):
                    value = image[from_row, from_column, channel]
                    moved[channel, row, column] = np.float32(value) / np.float32(127.5) - 1
    return moved


@pytest.mark.parametrize("shift", [1, 2])
@pytest.mark.parametrize("make", [lambda: tiny_dataset(0), colourful], ids=["grey", "colour"])
def test_every_training_image_is_shifted_on_its_own(
    make: Callable[[], ImageDataset], shift: int
) -> None:
    dataset = make()
    loader = BatchLoader(dataset, CPU, 0, TransformSettings(shift=shift))
    positions = np.arange(60)
    images, labels = training_batch(loader, positions)
    moves = [
        (down, right) for down in range(-shift, shift + 1) for right in range(-shift, shift + 1)
    ]
    seen = set()
    for image, position in zip(images.numpy(), positions, strict=True):
        fits = [
            m
            for m in moves
            if np.array_equal(image, shifted(dataset.images.read(np.array([position]))[0], *m))
        ]
        assert len(fits) == 1, "one shift, and the same for every channel"
        seen.update(fits)
    if shift == 1:
        assert seen == set(moves)
    assert (
        {down for down, _ in seen} == {right for _, right in seen} == set(range(-shift, shift + 1))
    )
    np.testing.assert_array_equal(labels.numpy(), dataset.labels[positions])


def test_shape_type_and_range() -> None:
    dataset = colourful()
    images = pixels(dataset)
    images[0] = 0
    images[1] = 255
    dataset = dataclasses.replace(dataset, images=ArrayImages(images))
    loader = BatchLoader(dataset, CPU, 0, ONE)
    for made in (training_batch(loader, np.arange(72))[0], evaluation_batch(loader, np.arange(72))):
        assert made.shape == (72, 3, 5, 7)
        assert made.dtype == torch.float32
        assert made.min() == -1
        assert made.max() == 1
    assert (
        evaluation_batch(loader, np.array([0, 1])) == torch.tensor([-1.0, 1]).view(2, 1, 1, 1)
    ).all()


def test_the_seed_decides_the_shifts() -> None:
    positions = np.arange(40)
    loaders = [BatchLoader(tiny_dataset(0), CPU, seed, ONE) for seed in (5, 5, 6)]
    batches = [[training_batch(loader, positions)[0] for _ in range(3)] for loader in loaders]
    assert all(torch.equal(a, b) for a, b in zip(batches[0], batches[1], strict=True))
    assert not torch.equal(batches[0][0], batches[2][0])
    assert not torch.equal(batches[0][0], batches[0][1]), "each batch is shifted anew"


def test_other_random_draws_change_nothing() -> None:
    one, other = (BatchLoader(tiny_dataset(0), CPU, 5, ONE) for _ in range(2))
    torch.manual_seed(1)
    first = training_batch(one, np.arange(20))[0]
    torch.rand(100)
    assert torch.equal(first, training_batch(other, np.arange(20))[0])


def test_evaluation_images_are_as_they_are() -> None:
    dataset = colourful()
    loader = BatchLoader(dataset, CPU, 0, ONE)
    positions = np.array([3, 3, 70, 0])
    images = evaluation_batch(loader, positions).numpy()
    for image, position in zip(images, positions, strict=True):
        np.testing.assert_array_equal(
            image, shifted(dataset.images.read(np.array([position]))[0], 0, 0)
        )


def test_evaluation_draws_nothing() -> None:
    one, other = (BatchLoader(tiny_dataset(0), CPU, 5, ONE) for _ in range(2))
    evaluation_batch(one, np.arange(9))
    assert torch.equal(*(training_batch(x, np.arange(20))[0] for x in (one, other)))


def test_without_shift_training_images_are_as_they_are() -> None:
    loader = BatchLoader(tiny_dataset(0), CPU, 0, TransformSettings())
    assert torch.equal(
        training_batch(loader, np.arange(9))[0], evaluation_batch(loader, np.arange(9))
    )


def test_the_dataset_is_not_changed() -> None:
    dataset = tiny_dataset(0)
    before = pixels(dataset)
    training_batch(BatchLoader(dataset, CPU, 0, ONE), np.arange(72))[0].fill_(0)
    np.testing.assert_array_equal(pixels(dataset), before)
