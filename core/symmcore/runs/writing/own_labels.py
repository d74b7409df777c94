"""Labels of a user's own loop: numbers, or the names of classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.data.sources.natural_order import natural_key
from symmcore.errors import InputError
from symmcore.records import IndexArray
from symmcore.runs.writing.own_values import as_array


def own_labels(labels: Any, names: Sequence[str] | None) -> tuple[IndexArray, tuple[str, ...]]:
    """Labels as positions in the class names, and those.

    Args:
        labels: (N,) integers or strings; None for none.
        names: what the labels are positions in; None where they are names or numbers themselves,
            which are then put in order: numbers by value, also those in names.

    Returns:
        Positions, (N,) int64, and the names.

    Raises:
        InputError: if they are something else.
    """
    if labels is None:
        return _read_only(np.zeros(0, dtype=np.int64)), ()
    array = as_array(labels)
    if array.ndim != 1:
        raise InputError(f"The labels have the shape {array.shape}: it must be (N,).")
    if not len(array):
        raise InputError("There are no labels: give at least one, or leave them out.")
    if array.dtype.kind not in "iubUS":
        if array.dtype.kind != "O" or not all(isinstance(label, str) for label in array):
            raise InputError(f"The labels are of type {array.dtype}: give integers or strings.")
        array = array.astype(str)
    if names is None:
        return _named(array)
    if isinstance(names, str | Mapping):
        raise InputError(
            f"class_names is a {type(names).__name__}: it must be a list, in which a label's "
            "position has its name."
        )
    names = tuple(str(name) for name in names)
    if array.dtype.kind not in "iub":
        raise InputError("The labels are strings: with class_names they are positions in them.")
    if not (array.min() >= 0 and array.max() < len(names)):
        raise InputError(
            f"The labels go from {array.min()} to {array.max()}, and there are {len(names)} "
            "class_names: each label is a position in them."
        )
    return _read_only(array.astype(np.int64)), names


def _named(array: npt.NDArray[Any]) -> tuple[IndexArray, tuple[str, ...]]:
    values, positions = np.unique(array, return_inverse=True)
    names = [str(value) for value in values]
    if array.dtype.kind not in "iub":
        order = sorted(range(len(names)), key=lambda at: natural_key(names[at]))
        names = [names[at] for at in order]
        positions = np.argsort(order)[positions]
    return _read_only(positions.astype(np.int64)), tuple(names)


def _read_only(array: IndexArray) -> IndexArray:
    array.flags.writeable = False
    return array
