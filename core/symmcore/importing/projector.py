"""Reads a folder that TensorBoard's Embedding Projector opens."""

import csv
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from symmcore.data.images.decoding import MAX_PIXELS
from symmcore.errors import InputError, one_line
from symmcore.export.projector import CONFIG, METADATA, TENSORS
from symmcore.export.tables import file_ending
from symmcore.importing.imported import (
    FILE_NAMES,
    LABEL_NAMES,
    Imported,
    ImportOptions,
    check_file,
    checked_embeddings,
    found_name,
)
from symmcore.records import FloatArray

_MOST_CONFIG_BYTES = 2**20
_PATH = r'{}\s*:\s*"([^"\n]*)"'
_TILE = re.compile(r"single_image_dim\s*:\s*(\d{1,5})")
_LONGEST_CELL = 100_000


def is_projector(folder: Path) -> bool:
    """Whether a folder is one of the projector's."""
    return (folder / CONFIG).is_file() or (folder / TENSORS).is_file()


def read_projector(folder: Path, options: ImportOptions) -> Imported:
    """Embeddings of ``tensors.tsv``, classes of the metadata and images of the sprite.

    Where the configuration names several tensors, the first counts.

    Raises:
        InputError: if a file is missing, leads out of the folder, or does not fit the others.
    """
    config = _config(folder)
    tensors = _named(folder, config, "tensor_path") or folder / TENSORS
    if file_ending(tensors) == ".bytes":
        raise InputError(f"{tensors} is not text: write the tensors as .tsv.")
    embeddings = _tensors(tensors)
    metadata = _named(folder, config, "metadata_path")
    if metadata is None and (folder / METADATA).is_file():
        metadata = folder / METADATA
    labels, files = (None, None) if metadata is None else _metadata(metadata, embeddings, options)
    sprite = _named(folder, config, "image_path")
    tile = [int(found) for found in _TILE.findall(config)[:2]]
    pictures = None
    if sprite is not None and len(tile) == 2 and options.images is None:
        pictures = _tiles(sprite, len(embeddings), tile[0], tile[1])
    return Imported(embeddings, labels, files, pictures)


def _config(folder: Path) -> str:
    """The first embedding's part of the configuration; empty where there is none."""
    path = folder / CONFIG
    if not path.is_file():
        return ""
    if path.stat().st_size > _MOST_CONFIG_BYTES:
        raise InputError(f"{path} is too large for a configuration.")
    text = path.read_text(encoding="utf-8", errors="replace")
    parts = re.split(r"embeddings\s*:?\s*\{", text)
    return parts[1] if len(parts) > 1 else ""


def _named(folder: Path, config: str, key: str) -> Path | None:
    """The file that the configuration names; None where it names none."""
    found = re.search(_PATH.format(key), config)
    if found is None or not found[1]:
        return None
    path = folder / found[1]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{folder / CONFIG} names {found[1]!r:.80}, which leads out of its folder."
        )
    return path


def _tensors(path: Path) -> FloatArray:
    check_file(path)
    try:
        values = np.loadtxt(path, dtype=np.float32, delimiter="\t", ndmin=2, comments=None)
    except (ValueError, UnicodeDecodeError, OverflowError) as error:
        raise InputError(f"{path} holds no table of numbers ({one_line(error)}).") from error
    return checked_embeddings(path, values)


def _metadata(
    path: Path, embeddings: FloatArray, options: ImportOptions
) -> tuple[list[str], list[str] | None]:
    """The class of each row, and its file where there is a column of files."""
    check_file(path)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        csv.field_size_limit(_LONGEST_CELL)
        try:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        except csv.Error as error:
            raise InputError(f"{path} cannot be read ({one_line(error)}).") from error
    # A single column has no heading: so the projector has it.
    names = rows.pop(0) if rows and len(rows[0]) > 1 else [LABEL_NAMES[0]]
    if len(rows) != len(embeddings):
        raise InputError(
            f"{path} describes {len(rows):,} rows, and there are {len(embeddings):,} embeddings."
        )
    label = found_name(path, options.label, LABEL_NAMES, names) or names[0]
    kept = found_name(path, options.file, FILE_NAMES, names)
    return _column(rows, names.index(label)), (
        None if kept is None else _column(rows, names.index(kept))
    )


def _column(rows: list[list[str]], at: int) -> list[str]:
    return [row[at] if at < len(row) else "" for row in rows]


def _tiles(path: Path, count: int, width: int, height: int) -> list[npt.NDArray[np.uint8]]:
    """The images of a sprite, row by row."""
    check_file(path)
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise InputError(f"{path} has {opened.width} x {opened.height} pixels: too many.")
            sprite = np.asarray(opened.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # damaged bytes make Pillow's decoders raise anything at all
        raise InputError(f"{path} is no image ({one_line(error)}).") from error
    across = sprite.shape[1] // width if width else 0
    if not height or not across or across * (sprite.shape[0] // height) < count:
        raise InputError(f"{path} is too small for {count:,} images of {width} x {height} pixels.")
    corners = [(at // across * height, at % across * width) for at in range(count)]
    return [sprite[top : top + height, left : left + width] for top, left in corners]
