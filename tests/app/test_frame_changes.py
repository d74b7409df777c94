"""What happened between two frames, against loops that follow the definitions."""

import itertools

import numpy as np
import pytest

from symmcore.records import EmbeddedSet, FloatArray, IndexArray
from symmviz.model.map.events import Event, EventKind, event_sentence
from symmviz.model.map.frame_changes import (
    LEAST_CLASS,
    LEAST_LEFT,
    LEAST_LOST,
    LEAST_MIXED,
    LEAST_WRONG,
    MIX_RISE,
    MOST_EVENTS,
    NEIGHBOURS,
    SPLIT_FALL,
    WRONG_SHARE,
    find_events,
    neighbourhood,
)

NAMES = ("cat", "dog", "fox")
Lists = list[list[int]]


def near_rows(points: FloatArray, labels: IndexArray) -> Lists:
    """Of each image the rows of its nearest, by a loop in float64."""
    units = points.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    found = []
    for row in range(len(units)):
        cosines = [float(units[row] @ other) for other in units]
        others = sorted((at for at in range(len(units)) if at != row), key=lambda at: -cosines[at])
        found.append(others[: min(NEIGHBOURS, int((labels == labels[row]).sum()) - 1)])
    return found


def mixed(near: Lists, labels: list[int], first: int, second: int) -> tuple[int, int]:
    """Neighbours of two classes' images that are of the other, of how many."""
    count = total = 0
    for row, others in enumerate(near):
        if labels[row] in (first, second):
            wanted = second if labels[row] == first else first
            total += len(others)
            count += sum(labels[at] == wanted for at in others)
    return count, total


def largest_part(near: Lists, labels: list[int], label: int) -> set[int]:
    """The largest connected part of a class, by a search from each image."""
    best: set[int] = set()
    for start in (row for row, one in enumerate(labels) if one == label):
        part, waiting = {start}, [start]
        while waiting:
            row = waiting.pop()
            for at in near[row]:
                if labels[at] == label and row in near[at] and at not in part:
                    part.add(at)
                    waiting.append(at)
        best = part if len(part) > len(best) else best
    return best


def expected(then: Lists, now: Lists, labels: list[int]) -> dict[tuple[object, ...], set[int]]:
    """The events by kind and classes, with their images; before any is left out."""
    found: dict[tuple[object, ...], set[int]] = {}
    for pair in itertools.combinations(sorted(set(labels)), 2):
        found |= expected_mix(then, now, labels, pair)
    for label in sorted(set(labels)):
        size = labels.count(label)
        was, there = largest_part(then, labels, label), largest_part(now, labels, label)
        fall = len(was) - len(there)
        if size >= LEAST_CLASS and fall >= LEAST_LOST and fall >= SPLIT_FALL * size:
            found[EventKind.SPLIT, (label,)] = was - there
    for own, other in itertools.permutations(sorted(set(labels)), 2):
        rows = {
            row
            for row, label in enumerate(labels)
            if label == own
            and 2 * sum(labels[at] == own for at in then[row]) > len(then[row])
            and 2 * sum(labels[at] == other for at in now[row]) > len(now[row])
        }
        if len(rows) >= LEAST_LEFT:
            found[EventKind.LEFT, (own, other)] = rows
    right = [row for row in range(len(labels)) if then[row] and labels[then[row][0]] == labels[row]]
    rows = {row for row in right if labels[now[row][0]] != labels[row]}
    if len(rows) >= LEAST_WRONG and len(rows) >= WRONG_SHARE * len(right):
        wrong = [labels[row] for row in rows]
        found[EventKind.WRONG, (max(sorted(set(wrong)), key=wrong.count),)] = rows
    return found


def expected_mix(
    then: Lists, now: Lists, labels: list[int], pair: tuple[int, int]
) -> dict[tuple[object, ...], set[int]]:
    (count, total), (before, _) = (mixed(near, labels, *pair) for near in (now, then))
    if count - before < LEAST_MIXED or count - before < MIX_RISE * total:
        return {}
    rows = set()
    for row, label in enumerate(labels):
        if label in pair:
            other = pair[1 - pair.index(label)]
            more = sum(labels[at] == other for at in now[row])
            if more > sum(labels[at] == other for at in then[row]):
                rows.add(row)
    return {(EventKind.MIX, pair): rows}


def told(
    found: dict[tuple[object, ...], set[int]],
) -> dict[tuple[object, ...], set[int]]:
    """Those that are left once a mix has said what it says."""
    pairs = {classes for kind, classes in found if kind is EventKind.MIX}
    mixing = {label for pair in pairs for label in pair}  # type: ignore[attr-defined]  # tuples
    return {
        (kind, classes): rows
        for (kind, classes), rows in found.items()
        if not (kind is EventKind.SPLIT and classes[0] in mixing)  # type: ignore[index]  # a tuple
        and not (kind is EventKind.LEFT and tuple(sorted(classes)) in pairs)  # type: ignore[call-overload]  # a tuple
    }


def events(before: FloatArray, now: FloatArray, labels: IndexArray) -> tuple[Event, ...]:
    samples = 100 + np.arange(len(labels))
    return find_events(
        neighbourhood(EmbeddedSet(samples, labels, before)),
        neighbourhood(EmbeddedSet(samples, labels, now)),
        3,
        7,
    )


def clusters(labels: IndexArray, seed: int, spread: float = 0.1) -> FloatArray:
    """Points about one axis a class."""
    random = np.random.default_rng(seed)
    points = np.eye(8)[labels] + spread * random.standard_normal((len(labels), 8))
    return points.astype(np.float32)


LABELS = np.repeat(np.arange(3), 14)


@pytest.mark.parametrize("seed", range(8))
def test_events_are_those_of_the_definitions(seed: int) -> None:
    random = np.random.default_rng([5, seed])
    labels = random.integers(0, 4, 60)
    before = clusters(labels, seed, 0.25)
    now = (before + random.choice([0.1, 0.3, 0.6]) * random.standard_normal(before.shape)).astype(
        np.float32
    )
    rows = labels.tolist()
    wanted = told(expected(near_rows(before, labels), near_rows(now, labels), rows))
    found = events(before, now, labels)
    assert all((one.step, one.since) == (7, 3) for one in found)
    for one in found:
        assert {sample - 100 for sample in one.samples} == wanted[one.kind, one.labels]
    others = [one for one in wanted if one[0] is not EventKind.WRONG]
    assert len(found) == min(len(others), MOST_EVENTS) + len(wanted) - len(others)
    sizes = [len(one.samples) for one in found if one.kind is not EventKind.WRONG]
    assert sizes == sorted(sizes, reverse=True)
    left_out = [len(wanted[one]) for one in others]
    assert sorted(left_out, reverse=True)[:MOST_EVENTS] == sizes


def test_the_events_of_all_kinds_occur_above() -> None:
    kinds = set()
    for seed in range(8):
        random = np.random.default_rng([5, seed])
        labels = random.integers(0, 4, 60)
        before = clusters(labels, seed, 0.25)
        size = random.choice([0.1, 0.3, 0.6])
        now = (before + size * random.standard_normal(before.shape)).astype(np.float32)
        kinds |= {one.kind for one in events(before, now, labels)}
    assert {EventKind.MIX, EventKind.WRONG} <= kinds


def test_a_class_in_two_parts_has_split() -> None:
    labels = np.repeat(np.arange(3), 24)  # more than twice the neighbours of each image
    before = clusters(labels, 0)
    now = before.copy()
    now[:9] += 4 * np.eye(8, dtype=np.float32)[6]
    found = events(before, now, labels)
    split = next(one for one in found if one.kind is EventKind.SPLIT)
    assert (split.labels, set(split.samples)) == ((0,), set(range(100, 109)))
    assert (split.count, split.total, split.before) == (15, 24, 24)
    assert event_sentence(split, NAMES) == (
        "Class cat splits: its largest part holds 15 of 24 images, 24 before."
    )


def test_two_classes_in_one_place_mix_and_that_is_said_once() -> None:
    before = clusters(LABELS, 0)
    now = before.copy()
    now[LABELS == 1] = clusters(np.zeros(14, np.int64), 1)
    (mix, wrong) = events(before, now, LABELS)
    near = near_rows(now, LABELS)
    count, total = mixed(near, LABELS.tolist(), 0, 1)
    assert (mix.kind, mix.labels, mix.count, mix.total, mix.before) == (
        EventKind.MIX, (0, 1), count, total, 0
    )  # fmt: skip
    assert event_sentence(mix, NAMES) == (
        f"Class cat and class dog mix: {count} of {total} nearest neighbours are of the other, "
        "0 before."
    )
    assert wrong.kind is EventKind.WRONG
    assert event_sentence(wrong, ()).startswith(f"{len(wrong.samples)} of 42 queries turned wrong")


def test_images_that_join_another_class_have_left_theirs() -> None:
    before = clusters(LABELS, 0)
    now = before.copy()
    now[[2, 5]] = (np.eye(8)[2] + 0.5 * np.eye(8)[[5, 6]]).astype(np.float32)  # at its edge
    (left,) = events(before, now, LABELS)
    assert (left.kind, left.labels, sorted(left.samples)) == (EventKind.LEFT, (0, 2), [102, 105])
    assert event_sentence(left, NAMES) == (
        "2 images left class cat: most neighbours are now of class fox."
    )


def test_a_turned_or_equal_embedding_is_no_event() -> None:
    before = clusters(LABELS, 0)
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))
    assert events(before, before, LABELS) == ()
    assert events(before, (3 * before @ turn).astype(np.float32), LABELS) == ()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images_and_others_are_no_trouble(count: int) -> None:
    points = np.ones((count, 3), np.float32)
    assert events(points, points, np.zeros(count, np.int64)) == ()
    one = neighbourhood(EmbeddedSet(np.arange(count), np.zeros(count, np.int64), points))
    other = neighbourhood(EmbeddedSet(1 + np.arange(count), np.zeros(count, np.int64), points))
    assert find_events(one, other, 0, 1) == ()


def test_embeddings_that_are_no_numbers_have_no_neighbours() -> None:
    points = clusters(LABELS, 0)
    points[3] = np.nan
    near = neighbourhood(EmbeddedSet(np.arange(42), LABELS, points))
    assert (near.nearest[3] == -1).all()
    assert not (near.nearest == 3).any()
    assert events(points, np.full_like(points, np.nan), LABELS) == ()


def test_close_to_a_collapse_neighbours_are_those_of_float64() -> None:
    random, labels = np.random.default_rng(0), np.repeat(np.arange(6), 8)
    samples = np.arange(len(labels))
    classes = random.normal(size=(6, 16))
    spread = classes[labels] + 0.3 * random.normal(size=(len(labels), 16))
    before = neighbourhood(EmbeddedSet(samples, labels, spread.astype(np.float32)))
    for size in (1e-3, 1e-5):
        close = (random.normal(size=16) + size * spread).astype(np.float32)
        now = neighbourhood(EmbeddedSet(samples, labels, close))
        assert now.nearest[:, :7].tolist() == near_rows(close, labels)
        assert find_events(before, now, 0, 1) == ()
    same = np.ones_like(close)
    now = neighbourhood(EmbeddedSet(samples, labels, same))
    assert (now.nearest == -1).all(), "in one place nothing is known to be nearest"
    assert find_events(before, now, 0, 1) == find_events(now, before, 0, 1) == ()
