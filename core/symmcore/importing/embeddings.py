"""Reads embeddings from whatever file or folder they are in."""

import dataclasses
from pathlib import Path

from symmcore.errors import InputError, one_line
from symmcore.export.tables import file_ending
from symmcore.importing.arrays import load_array, read_npy, read_npz
from symmcore.importing.imported import Imported, ImportOptions, check_file
from symmcore.importing.parquet import read_parquet
from symmcore.importing.projector import is_projector, read_projector
from symmcore.runs.formats.files import reason

__all__ = ["ImportOptions", "read_embeddings"]

_READERS = {".npy": read_npy, ".npz": read_npz, ".parquet": read_parquet}


def read_embeddings(path: Path, options: ImportOptions) -> Imported:
    """Read embeddings with labels and images, as far as there are any.

    Args:
        path: a .npy, .npz or .parquet file, or a folder of TensorBoard's projector.
        options: what of it is what.

    Raises:
        InputError: saying what is wrong with a file.
    """
    try:
        return _read(path, options)
    except OSError as error:  # no permission, or a name that is too long
        raise InputError(f"{error.filename or path} cannot be read ({reason(error)}).") from error


def _read(path: Path, options: ImportOptions) -> Imported:
    if path.is_dir():
        if not is_projector(path):
            raise InputError(f"{path} is no projector folder: there is no tensors.tsv in it.")
        found = read_projector(path, options)
    else:
        reader = _READERS.get(file_ending(path))
        if reader is None:
            raise InputError(
                f"{path} is none of .npy, .npz, .parquet and a folder of TensorBoard's projector."
            )
        found = reader(path, options)
    if options.labels is not None:
        found = dataclasses.replace(found, labels=_labels(options.labels))
    count = len(found.embeddings)
    for what, given in (("labels", found.labels), ("files", found.files)):
        if given is not None and len(given) != count:
            raise InputError(f"{path}: there are {len(given):,} {what} and {count:,} embeddings.")
    return found


def _labels(path: Path) -> list[str]:
    """A label for each row: the lines of a text file, or an array."""
    if file_ending(path) == ".npy":
        array = load_array(path)
        if array.ndim != 1:
            raise InputError(f"{path} holds an array {array.shape}: labels are (N,).")
        return [str(label) for label in array.tolist()]
    check_file(path)
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text ({one_line(error)}).") from error
