"""Numbers and arrays of a user's own loop, from torch or not; imports no torch."""

import math
from collections.abc import Iterable
from typing import Any, SupportsFloat

import numpy as np

from symmcore.errors import InputError


def as_array(values: Any) -> Any:
    """A list, an array, a tensor on any device, or a list of these, as an array.

    Raises:
        InputError: if no array can be made of it.
    """
    try:
        values = without_torch(values)
        if isinstance(values, Iterable) and not isinstance(values, np.ndarray | str):
            values = [without_torch(value) for value in values]
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:  # the last: torch, of many
        why = str(error).rstrip(".")
        raise InputError(f"No array can be made of {type(values).__name__}: {why}.") from error


def number(name: str, value: SupportsFloat) -> float:
    """One number, also from an array or tensor that holds one; NaN for what is not finite.

    Raises:
        InputError: naming it, if it is none.
    """
    try:
        # of an array or tensor, which float() takes with warnings or not at all
        found = float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last: torch, of many
        raise InputError(f"{name} is {value!r:.60}: it must be one number.") from None
    return found if math.isfinite(found) else math.nan


def without_torch(values: Any) -> Any:
    """A tensor on any device as an array, without torch imported; all else as it is.

    Raises:
        TypeError, RuntimeError: if the tensor has no such form, as a sparse one.
    """
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    if str(tensor.dtype) == "torch.bfloat16":  # which NumPy does not have
        tensor = tensor.float()
    return tensor.numpy()
