"""Which images train and which test, and what keeps a class out of training."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from symmcore.errors import InputError
from symmcore.records import IndexArray

_TRAIN_SHARE = 2 / 3
_MOST_NAMED = 5
# Two to train on, and two to test on.
_FEWEST_CLASSES = 4
# Each use of the run's seed draws from a stream of its own, so that one more draw in one
# place changes nothing elsewhere.
_SPLIT_STREAM = 1


class SplitRule(StrEnum):
    """How a dataset without a split of its own is split."""

    AUTO = "auto"
    """By the folders of a split if such are there; else by class if there are enough."""
    CLASS = "class"
    """The first half of the classes trains, the other half, never seen, tests."""
    IMAGE = "image"
    """Two thirds of each class train, drawn by the seed, and one third tests."""
    FOLDERS = "folders"
    """The folder called train trains, the one called test, or else validation, tests."""


def split_listed(
    labels: IndexArray, classes: int, rule: SplitRule, seed: int
) -> tuple[IndexArray, IndexArray, str]:
    """Split images by class or within classes.

    Args:
        labels: (N,) int64 in [0, classes).
        classes: how many there are; the order of the labels is the order of the classes.
        rule: AUTO splits by class from four classes on.
        seed: decides a split by image.

    Returns:
        Positions of the training and of the test images, ascending, and a sentence's end
        that says how they were split.
    """
    by_class = rule is SplitRule.CLASS or (rule is SplitRule.AUTO and classes >= _FEWEST_CLASSES)
    if not by_class:
        train, test = split_within_classes(labels, _TRAIN_SHARE, seed)
        return train, test, "by image, 2 to 1 within each class"
    first = (classes + 1) // 2  # the larger half of an odd number
    train, test = split_by_class(labels < first)
    return train, test, f"by class, the first {first} train and the other {classes - first} test"


def split_within_classes(
    labels: IndexArray, train_share: float, seed: int
) -> tuple[IndexArray, IndexArray]:
    """Split positions at random within each class.

    Args:
        labels: (N,) int64.
        train_share: share of each class that trains, in (0, 1), rounded to whole images.
        seed: decides which images.

    Returns:
        Positions of the training and of the test images, each ascending.
    """
    random = np.random.default_rng([seed, _SPLIT_STREAM])
    train = []
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        train.append(members[: round(train_share * len(members))])
    chosen = np.sort(np.concatenate(train))
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen)


def split_by_class(trains: npt.NDArray[np.bool_]) -> tuple[IndexArray, IndexArray]:
    """Positions where ``trains`` (N,) is true, and where it is not; each ascending."""
    return np.flatnonzero(trains), np.flatnonzero(~trains)


def drop_single_images(
    labels: IndexArray, train: IndexArray, test: IndexArray, class_names: Sequence[str]
) -> tuple[IndexArray, tuple[str, ...]]:
    """Leave classes of one training image out of training: a pair takes two.

    Returns:
        The training positions left, and notes: one that names the classes, and that of
        :func:`no_queries` on the test side; each if there are any.
    """
    alone = no_queries(labels, test)
    counts = np.bincount(labels[train], minlength=len(class_names))
    single = np.flatnonzero(counts == 1)
    if not len(single):
        return train, alone
    names = named([class_names[label] for label in single.tolist()])
    number = "is 1 class" if len(single) == 1 else f"are {len(single):,} classes"
    note = f"Left out of training {number} with one training image: {names}."
    return train[~np.isin(labels[train], single)], (note, *alone)


def no_queries(labels: IndexArray, test: IndexArray) -> tuple[str, ...]:
    """A note on test images that Recall@K asks nothing of: no other is of their class."""
    alone = np.count_nonzero(np.bincount(labels[test]) == 1)
    if not alone:
        return ()
    end = (
        "is alone in its class: it is no query"
        if alone == 1
        else "are alone in their class: they are no queries"
    )
    return (f"{alone:,} of {len(test):,} test images {end}.",)


def one_sided(
    sides: Sequence[str],
    labels: IndexArray,
    train: IndexArray,
    test: IndexArray,
    class_names: Sequence[str],
) -> tuple[str, ...]:
    """Notes on classes that lie on one side of a split whose sides share classes.

    Sides that share none are a zero-shot split: there is nothing to say.

    Args:
        sides: what the two sides are called, the test side by all names but the first.
        labels: (N,) int64.
        train: positions of the training images.
        test: positions of the test images.
        class_names: what each label is called.
    """
    trained, tested = np.unique(labels[train]), np.unique(labels[test])
    if not len(sides) or not len(np.intersect1d(trained, tested)):
        return ()
    test_side = " and ".join(sides[1:])
    notes = []
    for here, there, only in (
        (sides[0], test_side, np.setdiff1d(trained, tested)),
        (test_side, sides[0], np.setdiff1d(tested, trained)),
    ):
        if len(only):
            names = named([class_names[label] for label in only.tolist()])
            classes = "1 class is" if len(only) == 1 else f"{len(only):,} classes are"
            notes.append(f"{classes} in {here} and not in {there}: {names}.")
    return tuple(notes)


def check_split(source: str, labels: IndexArray, train: IndexArray, test: IndexArray) -> None:
    """Check that a dataset can be trained on and scored.

    Raises:
        InputError: if fewer than two classes have two training images, or none has two
            test images; or if no class has two images at all.
    """
    counts = np.bincount(labels)
    if np.count_nonzero(counts) < 2:
        raise InputError(
            f"{source} has images of one class only: metric learning needs at least two."
        )
    if counts.max() < 2:
        raise InputError(f"No class of {source} has two images: a pair takes two of one class.")
    for name, positions, least in (("training", train, 2), ("test", test, 1)):
        found = np.count_nonzero(np.bincount(labels[positions]) >= 2)
        if found < least:
            raise InputError(
                f"{source} has {found} {'class' if found == 1 else 'classes'} with two {name} "
                f"images, and {'two are' if least == 2 else 'one is'} needed: "
                "add images or choose another split."
            )


def named(names: Sequence[str]) -> str:
    """Names for a sentence: all, or the first few and a count."""
    if len(names) <= _MOST_NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED:,} more"
