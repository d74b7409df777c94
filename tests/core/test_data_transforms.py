"""Crops, flips and scaling against NumPy, image by image."""

from typing import Any

import numpy as np
import pytest
import torch

from symmcore.data.feed.transforms import (
    Augmentation,
    Transform,
    gathered_windows,
    stacked_windows,
)
from symmcore.errors import InputError
from symmcore.settings.transforms import (
    DRAWINGS,
    PHOTOGRAPHS,
    SMALL_PHOTOGRAPHS,
    TransformSettings,
    default_transform,
)

CPU = torch.device("cpu")
IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 9, 11, 3), dtype=np.uint8))


def transform(
    settings: TransformSettings, images: torch.Tensor = IMAGES, device: torch.device = CPU
) -> Transform:
    count, height, width, channels = images.shape
    return Transform(settings, (count, height, width, channels), device)


def drawn(
    settings: TransformSettings, seed: int = 0, images: torch.Tensor = IMAGES
) -> Augmentation:
    return transform(settings, images).draw(len(images), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("crop", [None, 1, 6, 9])
def test_every_image_has_a_window_and_a_side_of_its_own(
    flip: bool, shift: int, crop: int | None
) -> None:
    settings = TransformSettings(None, crop, flip, shift)
    what = drawn(settings)
    result = transform(settings).augmented(IMAGES, what).numpy()
    height, width = (9, 11) if crop is None else (crop, crop)
    assert result.shape == (40, 3, height, width)
    assert result.dtype == np.float32
    for i, image in enumerate(IMAGES.numpy()):
        padded = np.pad(image, ((shift, shift), (shift, shift), (0, 0)))
        window = padded[what.top[i] : what.top[i] + height, what.left[i] : what.left[i] + width]
        assert window.shape == (height, width, 3)
        if what.mirrored[i]:
            window = window[:, ::-1]
        expected = window / 127.5 - 1
        np.testing.assert_allclose(result[i].transpose(1, 2, 0), expected, atol=3e-6)


def test_every_offset_and_both_sides_are_drawn_equally_often() -> None:
    settings = TransformSettings(crop=7, flip=True)
    images = torch.zeros((6000, 9, 11, 3), dtype=torch.uint8)
    what = drawn(settings, images=images)
    for offsets, count in ((what.top, 3), (what.left, 5), (what.mirrored, 2)):
        counts = np.bincount(np.array(offsets, dtype=int), minlength=count)
        assert len(counts) == count
        assert np.abs(counts - 6000 / count).max() < 5 * (6000 / count) ** 0.5
    # and independently of each other
    assert abs(np.corrcoef(what.top, what.left)[0, 1]) < 0.07
    assert abs(np.corrcoef(what.left, what.mirrored)[0, 1]) < 0.07


def test_the_seed_decides() -> None:
    assert drawn(PHOTOGRAPHS_SMALL, 1) == drawn(PHOTOGRAPHS_SMALL, 1)
    assert drawn(PHOTOGRAPHS_SMALL, 1) != drawn(PHOTOGRAPHS_SMALL, 2)


PHOTOGRAPHS_SMALL = TransformSettings(crop=7, flip=True)


@pytest.mark.parametrize(("crop", "rows", "columns"), [(7, (1, 8), (2, 9)), (8, (0, 8), (1, 9))])
def test_evaluation_takes_the_centre(
    crop: int, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    result = transform(TransformSettings(crop=crop, flip=True)).centred(IMAGES).numpy()
    expected = IMAGES.numpy()[:, slice(*rows), slice(*columns)] / 127.5 - 1
    np.testing.assert_allclose(result.transpose(0, 2, 3, 1), expected, atol=1e-6)


def test_both_ways_to_cut_windows_agree() -> None:
    what = drawn(PHOTOGRAPHS_SMALL)
    assert torch.equal(gathered_windows(IMAGES, what, 7, 7), stacked_windows(IMAGES, what, 7, 7))


def test_images_are_channels_last_in_memory() -> None:
    result = transform(PHOTOGRAPHS_SMALL).augmented(IMAGES, drawn(PHOTOGRAPHS_SMALL))
    assert result.is_contiguous(memory_format=torch.channels_last)


def test_images_are_not_changed() -> None:
    before = IMAGES.clone()
    for settings in (TransformSettings(), DRAWINGS, PHOTOGRAPHS_SMALL):
        transform(settings).augmented(IMAGES, drawn(settings)).fill_(0)
        transform(settings).centred(IMAGES).fill_(0)
    assert torch.equal(IMAGES, before)


def test_augmentation_is_plain_numbers() -> None:
    what = drawn(PHOTOGRAPHS_SMALL)
    assert isinstance(what, Augmentation)
    assert {type(v) for v in (*what.top, *what.left)} == {int}
    assert {type(v) for v in what.mirrored} == {bool}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resize": 0}, "size in pixels is 0: it must be at least 1"),
        ({"crop": 0}, "crop in pixels is 0: it must be at least 1"),
        ({"shift": -1}, "shift in pixels is -1: it must be at least 0"),
        ({"resize": 100, "crop": 101}, "crop of 101 pixels cannot be cut from 100"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TransformSettings(**settings)


def test_images_that_do_not_suit() -> None:
    with pytest.raises(InputError, match="crop of 10 pixels cannot be cut from images of 11 x 9"):
        transform(TransformSettings(crop=10))


def test_what_a_shift_adds_is_nothing_to_cut_from() -> None:
    # evaluation does not shift: its centre would begin above the image
    with pytest.raises(InputError, match=r"crop of 10 pixels .* of 11 x 9: make it at most 9\.$"):
        transform(TransformSettings(crop=10, shift=4))


@pytest.mark.parametrize("shift", [10, 2**63])
def test_a_shift_is_at_most_the_images_side(shift: int) -> None:
    with pytest.raises(InputError, match=rf"shift of {shift} pixels .* make it at most 9\.$"):
        transform(TransformSettings(shift=shift))
    transform(TransformSettings(shift=9))


def test_what_suits_by_default() -> None:
    assert default_transform((10, 64, 64, 3)) == SMALL_PHOTOGRAPHS
    assert (PHOTOGRAPHS.resize, PHOTOGRAPHS.crop, PHOTOGRAPHS.flip) == (256, 227, True)
    assert default_transform((10, 8, 8, 1)) == default_transform((9, 32, 32, 3)) == DRAWINGS
    assert default_transform((10, 256, 256, 1)) == DRAWINGS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares a GPU with the CPU")
def test_the_gpu_gives_what_the_cpu_gives() -> None:
    device = torch.device("cuda")
    for settings in (DRAWINGS, PHOTOGRAPHS_SMALL):
        what = drawn(settings)
        there = transform(settings, IMAGES, device)
        for here, result in (
            (transform(settings).augmented(IMAGES, what), there.augmented(IMAGES.cuda(), what)),
            (transform(settings).centred(IMAGES), there.centred(IMAGES.cuda())),
        ):
            torch.testing.assert_close(result.cpu(), here)
