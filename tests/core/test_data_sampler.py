from collections import Counter

import numpy as np
import pytest

from symmcore.data.feed.sampler import PairSampler
from symmcore.errors import InputError


def labels_of(sizes: list[int]) -> np.ndarray:
    """Labels of classes of these sizes, mixed up."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(7).permutation(labels)


def sampler(labels: np.ndarray, pairs: int, seed: int = 0) -> PairSampler:
    return PairSampler(labels, np.arange(len(labels)), pairs, seed)


def pairs_of(batch: np.ndarray) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in batch.reshape(-1, 2)]


@pytest.mark.parametrize("sizes", [[2, 2], [2, 3], [3, 3, 3], [2, 3, 4, 5, 7], [10, 11, 2, 9]])
@pytest.mark.parametrize("pairs", [2, 3, 5, 8])
def test_every_pair_is_two_images_of_one_class(sizes: list[int], pairs: int) -> None:
    # Hundreds of batches of small classes: each deck ends many times, also between the two
    # images of a pair.
    labels = labels_of(sizes)
    draw = sampler(labels, pairs)
    for _ in range(300):
        batch = draw.next_batch()
        assert batch.shape == (2 * pairs,)
        assert batch.dtype == np.int64
        for first, second in pairs_of(batch):
            assert first != second
            assert labels[first] == labels[second]


@pytest.mark.parametrize("sizes", [[6] * 10, [3] * 10, [2, 9, 4, 5]])
@pytest.mark.parametrize("pairs", [10, 13, 64])
def test_pairs_spread_evenly_over_the_classes_of_a_batch(sizes: list[int], pairs: int) -> None:
    labels = labels_of(sizes)
    draw = sampler(labels, pairs)
    for _ in range(50):
        counts = Counter(int(labels[first]) for first, _ in pairs_of(draw.next_batch()))
        assert set(counts) == set(range(len(sizes)))
        assert max(counts.values()) - min(counts.values()) <= 1


def test_pairs_spread_evenly_over_the_classes_in_the_long_run() -> None:
    labels = labels_of([5] * 10)
    draw = sampler(labels, 14)  # each class has one pair, four of them have two
    counts = Counter(
        int(labels[first]) for _ in range(2000) for first, _ in pairs_of(draw.next_batch())
    )
    assert len(counts) == 10
    # 2,000 draws of 4 of 10: the standard deviation of a class's count is 22
    assert all(abs(count - 2800) < 5 * 22 for count in counts.values()), counts


def test_with_enough_classes_every_pair_is_of_another_class() -> None:
    labels = labels_of([2, 3] * 10)
    draw = sampler(labels, 20)
    few = sampler(labels, 8)
    seen: Counter[int] = Counter()
    for _ in range(1000):
        assert len({int(labels[first]) for first, _ in pairs_of(draw.next_batch())}) == 20
        classes = {int(labels[first]) for first, _ in pairs_of(few.next_batch())}
        assert len(classes) == 8
        seen.update(classes)
    # 8 of 20 classes, 1,000 times: 400 each, standard deviation 15.5
    assert all(abs(count - 400) < 5 * 15.5 for count in seen.values()), seen


@pytest.mark.parametrize("sizes", [[2, 3, 5], [7, 4, 9, 2], [6, 6]])
def test_every_image_of_a_class_is_seen_equally_often(sizes: list[int]) -> None:
    labels = labels_of(sizes)
    draw = sampler(labels, 5)
    seen = np.zeros(len(labels), dtype=int)
    for _ in range(200):
        np.add.at(seen, draw.next_batch(), 1)
        for label in range(len(sizes)):
            of_class = seen[labels == label]
            # never two cards ahead: one, where a shuffle had to swap to keep a pair apart
            assert of_class.max() - of_class.min() <= 1


def test_images_are_paired_in_every_way() -> None:
    labels = labels_of([5, 5])
    draw = sampler(labels, 4)
    partners: dict[int, set[int]] = {image: set() for image in range(10)}
    for _ in range(300):
        for first, second in pairs_of(draw.next_batch()):
            partners[first].add(second)
            partners[second].add(first)
    assert all(len(of) == 4 for of in partners.values())


def test_the_order_of_classes_in_a_batch_is_random() -> None:
    labels = labels_of([4] * 5)
    draw = sampler(labels, 5)
    orders = {tuple(int(labels[a]) for a, _ in pairs_of(draw.next_batch())) for _ in range(50)}
    assert len(orders) > 25


def test_the_seed_decides_every_batch() -> None:
    labels = labels_of([4, 5, 6])
    one, same, other = sampler(labels, 4, 3), sampler(labels, 4, 3), sampler(labels, 4, 4)
    ones = [one.next_batch() for _ in range(20)]
    np.testing.assert_array_equal(ones, [same.next_batch() for _ in range(20)])
    assert not np.array_equal(ones, [other.next_batch() for _ in range(20)])


def test_only_the_given_positions_are_drawn() -> None:
    labels = labels_of([9, 9, 9])
    positions = np.flatnonzero(np.arange(27) % 2)
    draw = PairSampler(labels, positions, 6, 0)
    drawn = np.concatenate([draw.next_batch() for _ in range(20)])
    assert set(drawn) == set(positions)


def test_a_class_of_one_image_is_left_out() -> None:
    labels = labels_of([1, 4, 4])
    draw = sampler(labels, 4)
    drawn = np.concatenate([draw.next_batch() for _ in range(20)])
    assert 0 not in labels[drawn]


@pytest.mark.parametrize(("sizes", "usable"), [([9], 1), ([1, 9], 1), ([1, 1, 1], 0)])
def test_fewer_than_two_usable_classes_are_refused(sizes: list[int], usable: int) -> None:
    with pytest.raises(InputError, match=rf"at least two classes .* has {usable}\.$"):
        sampler(labels_of(sizes), 4)
