"""Which images are watched where not all can be."""

from collections import Counter

import numpy as np
import pytest

from symmcore.training.watch_set import WatchRule, watched


def drawn(sizes: list[int], limit: int, seed: int = 0) -> tuple[np.ndarray, Counter[int]]:
    """The watched positions of a split that is every other image, and how many a class has."""
    labels = np.repeat(np.arange(len(sizes)), sizes).repeat(2)
    positions = np.arange(0, len(labels), 2)
    random = np.random.default_rng(seed)
    found = watched(positions, labels, limit, WatchRule.CLASSES, random)
    assert (np.diff(found) > 0).all()
    assert set(found) <= set(positions)
    return found, Counter(labels[found].tolist())


def test_whole_classes_are_watched_as_many_as_fit() -> None:
    found, counts = drawn([20] * 100, 288)
    assert len(found) == 288
    assert sorted(counts.values()) == [8] + [20] * 14


@pytest.mark.parametrize("classes", [3, 10, 12, 40])
def test_large_classes_give_their_share(classes: int) -> None:
    found, counts = drawn([900] * classes, 240)
    assert len(found) == 240
    assert len(counts) == min(classes, 12)
    assert max(counts.values()) - min(counts.values()) <= 0


def test_classes_of_one_image_are_all_the_same_watched() -> None:
    assert len(drawn([1] * 500, 100)[0]) == 100


def test_every_image_is_watched_where_all_fit() -> None:
    found, counts = drawn([5, 7], 12)
    assert len(found) == sum(counts.values()) == 12


def test_the_seed_decides() -> None:
    first, same, other = (drawn([20] * 50, 90, seed)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_images_of_all_classes_are_drawn_as_they_were_before() -> None:
    positions, labels = np.arange(1000), np.repeat(np.arange(100), 10)
    found = watched(positions, labels, 90, WatchRule.IMAGES, np.random.default_rng(5))
    expected = np.sort(np.random.default_rng(5).choice(positions, 90, replace=False))
    np.testing.assert_array_equal(found, expected)
