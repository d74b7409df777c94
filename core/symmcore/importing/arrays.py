"""Reads embeddings from .npy and .npz; never a pickle."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from symmcore.errors import InputError, one_line
from symmcore.importing.imported import (
    EMBEDDING_NAMES,
    FILE_NAMES,
    LABEL_NAMES,
    Imported,
    ImportOptions,
    check_file,
    check_size,
    checked_embeddings,
    found_name,
)

# what NumPy makes of files that are none of its own
_DAMAGED = (
    ValueError, OSError, EOFError, KeyError, TypeError, SyntaxError, NotImplementedError,
    OverflowError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_npy(path: Path, options: ImportOptions) -> Imported:
    """Embeddings of a .npy file: one array (N, D).

    Raises:
        InputError: if it is none.
    """
    return Imported(checked_embeddings(path, load_array(path)))


def read_npz(path: Path, options: ImportOptions) -> Imported:
    """Embeddings of a .npz file, with labels and files where it has them.

    Raises:
        InputError: if it has no embeddings, or is damaged.
    """
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(path, sum(entry.file_size for entry in archive.infolist()))
        with np.load(path, allow_pickle=False) as arrays:
            names = list(arrays.files)
            name = found_name(path, options.embedding, EMBEDDING_NAMES, names) or _only(
                path, names, arrays
            )
            label = found_name(path, options.label, LABEL_NAMES, names)
            file = found_name(path, options.file, FILE_NAMES, names)
            files = None if file is None else _line(path, file, arrays[file]).tolist()
            return Imported(
                checked_embeddings(path, arrays[name]),
                None if label is None else _line(path, label, arrays[label]),
                None if files is None else [str(one) for one in files],
            )
    except InputError:
        raise
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def load_array(path: Path) -> Any:
    """An array of a .npy file, mapped and not read yet.

    Raises:
        InputError: if it is none, or holds Python objects.
    """
    check_file(path)
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    if isinstance(found, np.ndarray):
        return found
    found.close()
    raise InputError(f"{path} holds several arrays, as a .npz does: name a .npy of one array.")


def _line(path: Path, name: str, array: Any) -> Any:
    """An array of a value for each row.

    Raises:
        InputError: if it is of another shape.
    """
    if array.ndim != 1:
        raise InputError(f"{path}: {name!r:.60} is an array {array.shape}: it must be (N,).")
    return array


def _only(path: Path, names: list[str], arrays: Any) -> str:
    """The one array of two dimensions."""
    found = [name for name in names if arrays[name].ndim == 2]
    if len(found) != 1:
        raise InputError(
            f"{path} holds {', '.join(names)[:200] or 'nothing'}: say with --embedding which are "
            "the embeddings."
        )
    return found[0]


def _unreadable(path: Path, error: Exception) -> InputError:
    if any(word in str(error) for word in ("pickle", "Python objects")):
        return InputError(f"{path} holds Python objects, which are not read: save plain arrays.")
    return InputError(f"{path} is no file of NumPy's, or is damaged ({one_line(error)}).")
