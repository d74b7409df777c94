"""Reads files that may come from anywhere: nothing outside of the run, nothing of any size."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import safetensors
import safetensors.numpy

from symmcore.errors import RunError, one_line
from symmcore.runs.formats.files import reason

Arrays = dict[str, npt.NDArray[Any]]
ExpectedArrays = Mapping[str, tuple[str, tuple[str | int, ...]]]
"""Arrays by name: type as safetensors writes it, and shape. Equal letters are equal numbers."""

_NO_ARRAYS: ExpectedArrays = {}
MOST_JSON_BYTES = 4 * 2**20
"""Most bytes of a JSON file of a run: more could take gigabytes in memory."""
_DIGITS_OF_FLOAT64 = 308
_MOST_HEADER_BYTES = 2 * 2**20
_MOST_ARRAY_BYTES = 4 * 2**30
_LENGTH_BYTES = 8
# what the library makes of bytes that are no arrays, or of a type that NumPy does not have
_DAMAGED = (
    safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError, OverflowError,
)  # fmt: skip


def open_file(folder: Path, path: Path) -> int:
    """A descriptor of a regular file inside of ``folder``, for reading.

    Raises:
        RunError: if it is no such file: a link that leads out, a pipe, a folder.
        FileNotFoundError: if there is none.
        OSError: if it cannot be opened.
    """
    check_inside(folder, path)
    # a pipe would be waited for
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError as error:
        if path.is_symlink():
            raise RunError(f"{path} is a link that leads nowhere.") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RunError(f"{path} is not a file: it is not part of this run.")
    return descriptor


def check_inside(folder: Path, path: Path) -> None:
    """Check that a path stays in the run directory, links followed.

    Raises:
        RunError: if it leads out.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:  # links that lead to each other
        raise RunError(f"{path} cannot be followed ({error}): it is not read.") from error
    if not inside:
        raise RunError(f"{path} is a link out of the run's folder: it is not followed.")


def read_bytes(folder: Path, path: Path, most: int) -> bytes:
    """The content of a file of a run.

    Raises:
        RunError: if it cannot be read or is larger than ``most`` bytes.
        FileNotFoundError: if there is none.
    """
    try:
        descriptor = open_file(folder, path)
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            if size > most:
                raise RunError(f"{path} has {size:,} bytes: at most {most:,} can be right.")
            return stream.read(size)  # memory for as much is taken at once
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"{path} cannot be read ({reason(error)}).") from error


def read_json(folder: Path, path: Path, most: int = MOST_JSON_BYTES) -> dict[str, Any]:
    """The JSON object in a file of a run.

    Raises:
        RunError: if it cannot be read or is none.
        FileNotFoundError: if there is no such file.
    """
    return json_object(path, read_bytes(folder, path, most))


def json_object(path: Path, content: bytes) -> dict[str, Any]:
    """The JSON object in the content of a file of a run.

    Raises:
        RunError: if it is none.
    """
    try:
        value = json.loads(content, parse_int=_whole_number)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is damaged: it is no JSON ({one_line(error)}).") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} is damaged: it holds no JSON object.")
    return value


def _whole_number(text: str) -> int | float:
    """A whole number of JSON; infinite where it is beyond float64.

    Python's own have no end, and fail only where they meet a float.
    """
    return int(text) if len(text) < _DIGITS_OF_FLOAT64 else float(text)


def read_arrays(
    folder: Path, path: Path, expected: ExpectedArrays, optional: ExpectedArrays = _NO_ARRAYS
) -> Arrays:
    """The arrays in a safetensors file of a run, read-only.

    Args:
        folder: the run directory.
        path: of the file.
        expected: the arrays that must be there; with others nothing is read.
        optional: arrays that may be there as well.

    Raises:
        RunError: if it cannot be read or is damaged.
    """
    try:
        _check_header(path, check_whole(folder, path), expected, optional)
        content = read_bytes(folder, path, _MOST_ARRAY_BYTES)
    except FileNotFoundError as error:
        raise RunError(f"{path} is not there (any more).") from error
    return arrays_in(path, content)


def _check_header(
    path: Path, header: Mapping[str, Any], expected: ExpectedArrays, optional: ExpectedArrays
) -> None:
    """Check names, types and shapes of the arrays that a header announces."""
    there = header.keys() - {"__metadata__"}
    expected = {**expected, **{name: optional[name] for name in optional if name in there}}
    if there != set(expected):
        what = next(iter(sorted(set(expected) - there)), None)
        problem = f"{what} is not in it" if what else "it holds other arrays too"
        raise RunError(f"{path} is damaged: {problem}.")
    sizes: dict[str | int, object] = {}
    for name, (dtype, dimensions) in expected.items():
        entry = header[name]
        shape = entry.get("shape")
        fits = (
            entry.get("dtype") == dtype
            and isinstance(shape, list)
            and len(shape) == len(dimensions)
            and all(
                sizes.setdefault(symbol, symbol if isinstance(symbol, int) else size) == size
                for symbol, size in zip(dimensions, shape, strict=True)
            )
        )
        if not fits:
            found = one_line(f"{entry.get('dtype')} {shape}")
            needed = ", ".join(f"{sizes.get(symbol, symbol)}" for symbol in dimensions)
            raise RunError(f"{path} is damaged: {name} is {found}, not {dtype} [{needed}].")


def arrays_in(path: Path, content: bytes) -> Arrays:
    """The arrays in the content of a safetensors file, read-only.

    Raises:
        RunError: if it is damaged.
    """
    try:
        arrays: Arrays = safetensors.numpy.load(content)
    except _DAMAGED as error:
        raise RunError(f"{path} is damaged: {one_line(error)}.") from error
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def read_range(
    folder: Path, path: Path, name: str, first: int, last: int, most: int = MOST_JSON_BYTES
) -> bytes:
    """Some bytes of one array in a safetensors file, without reading the rest.

    Args:
        folder: the run directory.
        path: of the file.
        name: of the array.
        first: where in the array's bytes to begin.
        last: where to end; -1 for the end of the array.
        most: bytes that can be right.

    Raises:
        RunError: if the file is damaged, or has no such bytes.
        FileNotFoundError: if there is none.
    """
    header = check_whole(folder, path)
    try:
        begin, end = (int(offset) for offset in header[name]["data_offsets"])
        base = path.stat().st_size - _end_of_data(header)
        last = end - begin if last < 0 else last
        fits = begin >= 0 and 0 <= first <= last <= end - begin
        if not fits or last - first > most:
            raise RunError(f"{path} is damaged: {name} has not the bytes that it should have.")
        with os.fdopen(open_file(folder, path), "rb") as stream:
            stream.seek(base + begin + first)
            return stream.read(last - first)
    except (LookupError, TypeError, ValueError, OSError, OverflowError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path} is damaged or cannot be read: {one_line(error)}.") from error


def is_whole(folder: Path, path: Path) -> bool:
    """Whether a safetensors file is all there; one that is being copied is not.

    Raises:
        RunError: if it is no file of this run.
    """
    try:
        check_whole(folder, path)
    except FileNotFoundError:
        return False
    except _NotWholeError:
        return False
    return True


class _NotWholeError(RunError):
    """A file whose header and size do not go together."""


def check_whole(folder: Path, path: Path) -> Mapping[str, Any]:
    """The header of a safetensors file, once its size fits: nothing large is read before.

    Raises:
        RunError: if it cannot be read, or its size and header differ.
        FileNotFoundError: if there is none.
    """
    try:
        descriptor = open_file(folder, path)
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            if size < _LENGTH_BYTES or not 2 <= length <= min(_MOST_HEADER_BYTES, size):
                raise _NotWholeError(f"{path} is cut short or damaged: it has no header.")
            header = json.loads(stream.read(length))
        end = _end_of_data(header)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"{path} cannot be read ({reason(error)}).") from error
    except RunError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _NotWholeError(f"{path} is cut short or damaged: {one_line(error)}.") from error
    if size != _LENGTH_BYTES + length + end:
        raise _NotWholeError(
            f"{path} is cut short or damaged: it has {size:,} bytes, and "
            f"{_LENGTH_BYTES + length + end:,} by its header."
        )
    found: Mapping[str, Any] = header
    return found


def _end_of_data(header: Mapping[str, Any]) -> int:
    ends = [
        int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__"
    ]
    return max(ends, default=0)
