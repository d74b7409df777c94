"""Reads files of weights: as tensors only, so that nothing in them can run code."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from symmcore.errors import InputError, type_and_line
from symmcore.networks.state_dicts import TensorsUnderKey, is_plain, tensors_in

# Of others, such as floats of 4 or 8 bits, torch can compute little and copy not all.
_DTYPES = frozenset({
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
    torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64,
})  # fmt: skip
_SAFETENSORS_HEADER_AT = 8
_MOST_HEADER_BYTES = 2 * 2**20


def read_tensors(path: Path) -> list[TensorsUnderKey]:
    """The tensors in a file, at least one; nothing else in it is read.

    Args:
        path: a safetensors file, or what ``torch.save`` wrote: a state dict, or a checkpoint
            with one in it.

    Raises:
        InputError: if it cannot be read or holds none.
    """
    try:
        state = _tensors_in(path)
    except pickle.UnpicklingError as error:  # torch's own word on it advises to run the code
        raise InputError(
            f"{path} is damaged, or holds more than tensors, which is not read since it may run "
            "code: a safetensors file is needed, or what torch.save writes of a state dict alone."
        ) from error
    # torch has as many errors for a damaged or foreign file as there are ways to damage one
    except Exception as error:
        raise InputError(
            f"{path} cannot be read as weights ({type_and_line(error)}): a safetensors file or a "
            "state dict saved by torch is needed."
        ) from error
    if not isinstance(state, Mapping) or not state:
        raise InputError(f"{path} holds no weights: a state dict, names to tensors, is needed.")
    found = tensors_in(state)
    if not found:
        for key, value in state.items():
            check_tensor(path, key, value)
    return found


def check_tensor(path: Path, key: object, value: object) -> None:
    """Make sure that a tensor can be a network's.

    Raises:
        InputError: if it is none, of numbers that cannot be used, or not finite.
    """
    shown = repr(str(key)[:80])
    if not (isinstance(key, str) and isinstance(value, Tensor) and is_plain(value)):
        raise InputError(
            f"{path} holds {shown}, which is no plain tensor: a state dict, names to tensors, is "
            "needed."
        )
    if value.dtype not in _DTYPES:
        raise InputError(
            f"{path} holds {shown} as {value.dtype}: floats of 16 to 64 bits or whole numbers are "
            "needed."
        )
    if not value.isfinite().all():
        raise InputError(
            f"{path} holds {shown} with numbers that are not finite: take another state of that "
            "training."
        )


def check_safetensors(path: Path) -> None:
    """Make sure that a file begins as safetensors files of networks do; no other is read.

    Raises:
        InputError: if it does not, or cannot be read.
    """
    try:
        length = _header_bytes(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if length is None or length > _MOST_HEADER_BYTES:
        raise InputError(f"{path} is damaged: it is no safetensors file of a network.")


def _header_bytes(path: Path) -> int | None:
    """How long the header of a safetensors file is; None of any other file."""
    with path.open("rb") as stream:
        start = stream.read(_SAFETENSORS_HEADER_AT + 1)
    if start[_SAFETENSORS_HEADER_AT:] != b"{":
        return None
    return int.from_bytes(start[:_SAFETENSORS_HEADER_AT], "little")


def _tensors_in(path: Path) -> object:
    if _header_bytes(path) is not None:
        return safetensors.torch.load_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old formats; what cannot be read is told below
        return torch.load(path, map_location="cpu", weights_only=True)
