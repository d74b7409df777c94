"""What is read of embeddings that were made elsewhere, and what is too much."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.errors import InputError
from symmcore.records import FloatArray
from symmcore.runs.formats.files import reason

MOST_BYTES = 8 * 2**30
"""Most bytes that a file may take, and what is read of it in memory."""
MOST_ROWS = 5_000_000

EMBEDDING_NAMES = ("embedding", "embeddings", "vector", "vectors", "features")
LABEL_NAMES = ("class", "label", "labels", "class_name", "target", "y")
FILE_NAMES = ("file", "files", "path", "file_name", "filename", "image_path")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What of a file is what, where that does not show.

    Attributes:
        embedding: name of the column or array of embeddings; empty to find it.
        label: the same of labels.
        file: the same of the images' files.
        labels: a file with a label for each row; None where the embeddings' file has them.
        images: the folder that the images' files lie in; None to show no images.
    """

    embedding: str = ""
    label: str = ""
    file: str = ""
    labels: Path | None = None
    images: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """Embeddings with what is known of their images.

    Attributes:
        embeddings: (N, D) float32.
        labels: N numbers or strings; None where there are none.
        files: path of each image below one folder; None where there are none.
        pictures: N images, (H, W, 3) uint8 each; None where there are none.
    """

    embeddings: FloatArray
    labels: npt.NDArray[Any] | Sequence[str] | None = None
    files: Sequence[str] | None = None
    pictures: Sequence[npt.NDArray[np.uint8]] | None = None


def checked_embeddings(path: Path, found: Any) -> FloatArray:
    """Embeddings as (N, D) float32.

    Raises:
        InputError: if the array is something else, or too large.
    """
    array = np.asanyarray(found)
    if array.ndim != 2 or not array.size:
        raise InputError(f"{path} holds an array {array.shape}: embeddings are (N, D).")
    if array.dtype.kind not in "fiu":
        raise InputError(f"{path} holds an array of {array.dtype}: embeddings are numbers.")
    check_size(path, 4 * array.size, len(array))
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float32, order="C")


def check_size(path: Path, size: int, rows: int = 0) -> None:
    """Check that something is not too large to be read.

    Raises:
        InputError: if it is.
    """
    if size > MOST_BYTES or rows > MOST_ROWS:
        raise InputError(
            f"{path} is too large: at most {MOST_ROWS:,} embeddings and {MOST_BYTES // 2**30} GiB "
            "are read."
        )


def check_file(path: Path) -> None:
    """Check that a file is there, regular and not too large.

    Raises:
        InputError: if it is not.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path} is no file.")
        check_size(path, path.stat().st_size)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({reason(error)}).") from error


def found_name(path: Path, wanted: str, usual: Sequence[str], names: Sequence[str]) -> str | None:
    """The name that was asked for, or the first usual one that there is; None for none.

    Raises:
        InputError: if what was asked for is not there.
    """
    if wanted:
        if wanted not in names:
            raise InputError(f"{path} holds no {wanted!r:.60}: it holds {', '.join(names)[:200]}.")
        return wanted
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in usual if name in by_lower), None)
