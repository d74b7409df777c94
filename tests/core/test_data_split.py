import dataclasses
from typing import Any

import numpy as np
import pytest
from helpers_training import pixels

from symmcore.data.catalogue import DATASETS, DatasetEntry
from symmcore.data.choice import dataset_entry
from symmcore.data.dataset import ImageDataset
from symmcore.data.images.store import ArrayImages
from symmcore.data.sources import digits
from symmcore.data.sources.splits import split_within_classes
from symmcore.errors import InputError
from symmcore.progress import ignore_progress


@pytest.fixture(scope="module")
def loaded() -> ImageDataset:
    return digits.load_digits(0)


@pytest.mark.parametrize("sizes", [[3, 3], [30, 60, 9], [2, 4, 5, 7, 10, 100]])
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_each_class_is_split_two_to_one(sizes: list[int], seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    train, test = split_within_classes(labels, 2 / 3, seed)
    for label, size in enumerate(sizes):
        assert np.sum(labels[train] == label) == round(2 * size / 3)
        assert np.sum(labels[test] == label) == size - round(2 * size / 3)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    assert train.dtype == test.dtype == np.int64


def test_the_seed_decides_the_split() -> None:
    labels = np.repeat(np.arange(5), 12)
    one, again, other = (split_within_classes(labels, 2 / 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[0], again[0])
    assert not np.array_equal(one[0], other[0])


def test_the_split_is_drawn_within_classes_of_any_label_values() -> None:
    labels = np.array([7, 7, 7, -2, -2, -2])
    train, test = split_within_classes(labels, 2 / 3, 0)
    assert sorted(labels[train]) == [-2, -2, 7, 7]
    assert sorted(labels[test]) == [-2, 7]


def test_digits_are_what_scikit_learn_ships(loaded: ImageDataset) -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    assert loaded.images.shape == (1797, 8, 8, 1)
    assert pixels(loaded).dtype == np.uint8
    # 16 steps of ink, over the whole range, told apart
    assert sorted(np.unique(pixels(loaded))) == sorted(
        {round(255 * step / 16) for step in range(17)}
    )
    np.testing.assert_array_equal(np.rint(pixels(loaded)[..., 0] * (16 / 255)), bunch.images)
    np.testing.assert_array_equal(loaded.labels, bunch.target)
    assert loaded.class_names == tuple("0123456789")


def test_digits_have_all_ten_classes_on_both_sides_two_to_one(loaded: ImageDataset) -> None:
    assert set(loaded.labels[loaded.train]) == set(loaded.labels[loaded.test]) == set(range(10))
    for label in range(10):
        ratio = np.sum(loaded.labels[loaded.train] == label) / np.sum(loaded.labels == label)
        assert abs(ratio - 2 / 3) < 0.005
    assert not set(loaded.train) & set(loaded.test)
    assert len(loaded.train) + len(loaded.test) == 1797


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_what_the_catalogue_says_is_what_is_loaded(entry: DatasetEntry) -> None:
    dataset = dataset_entry(entry.name).load(5, ignore_progress)
    assert dataset.name == entry.name
    assert dataset.images.shape[0] == len(dataset.labels) == entry.images
    assert len(dataset.class_names) == len(np.unique(dataset.labels)) == entry.classes
    assert dataset.labels.min() == 0
    assert dataset.labels.max() == entry.classes - 1
    assert dataset.labels.dtype == dataset.train.dtype == dataset.test.dtype == np.int64


def test_the_seed_decides_the_split_of_digits(loaded: ImageDataset) -> None:
    again, other = digits.load_digits(0), digits.load_digits(1)
    assert again.fingerprint() == loaded.fingerprint()
    assert other.fingerprint() != loaded.fingerprint()
    np.testing.assert_array_equal(pixels(other), pixels(loaded))


def test_unknown_dataset() -> None:
    with pytest.raises(
        InputError, match=r"^Unknown dataset 'digit': choose one of digits, alphabets, "
    ):
        dataset_entry("digit")


def changed(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flat[-1] += 1
    return copy


@pytest.mark.parametrize("part", ["images", "labels", "train", "test"])
def test_the_fingerprint_changes_with_any_content(loaded: ImageDataset, part: str) -> None:
    array = pixels(loaded) if part == "images" else getattr(loaded, part)
    new: Any = ArrayImages(changed(array)) if part == "images" else changed(array)
    other = dataclasses.replace(loaded, **{part: new})
    assert other.fingerprint() != loaded.fingerprint()


def test_the_fingerprint_changes_with_shape_and_border(loaded: ImageDataset) -> None:
    prints = {
        loaded.fingerprint(),
        dataclasses.replace(
            loaded, images=ArrayImages(pixels(loaded).reshape(1797, 4, 16, 1))
        ).fingerprint(),
        # the last training image becomes the first test image: the same bytes in one row
        dataclasses.replace(
            loaded, train=loaded.train[:-1], test=np.append(loaded.train[-1], loaded.test)
        ).fingerprint(),
    }
    assert len(prints) == 3


def test_the_fingerprint_is_of_content_not_of_memory_layout(loaded: ImageDataset) -> None:
    transposed = np.asfortranarray(pixels(loaded))
    assert (
        dataclasses.replace(loaded, images=ArrayImages(transposed)).fingerprint()
        == loaded.fingerprint()
    )
    assert len(loaded.fingerprint()) == 64
