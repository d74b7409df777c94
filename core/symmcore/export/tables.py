"""Tables of named columns as CSV and Parquet."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from symmcore.export.optional_modules import optional_module
from symmcore.progress import Progress, ProgressCallback

CSV, PARQUET = ".csv", ".parquet"


def file_ending(path: Path) -> str:
    """The ending of a file's name that says its format, in lower case."""
    return path.suffix.lower()


Columns = Mapping[str, Any]
"""Columns by name, of one length: arrays (N,) or (N, D), or lists of what a cell holds."""

_ROWS_BETWEEN_CALLS = 10_000


def write_table(parts: Iterable[Columns], path: Path, progress: ProgressCallback) -> None:
    """Write tables of the same columns one below the other, as the file's ending says.

    What is NaN or None is an empty cell of a CSV, and null or NaN in Parquet.

    Args:
        parts: at least one.
        path: of the file, which ends with .csv or .parquet.
        progress: told how many rows are written.

    Raises:
        InputError: if Parquet's library is not installed.
        OSError: if it cannot be written.
    """
    if file_ending(path) == PARQUET:
        _write_parquet(parts, path, progress)
    else:
        _write_csv(parts, path, progress)


def _write_csv(parts: Iterable[Columns], path: Path, progress: ProgressCallback) -> None:
    rest = iter(parts)
    first = next(rest)
    done = 0
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(first)
        for part in chain((first,), rest):
            for row in _rows(part):
                writer.writerow(row)
                done += 1
                if done % _ROWS_BETWEEN_CALLS == 0:
                    progress(Progress("Writing rows", done))


def _rows(columns: Columns) -> Iterator[list[object]]:
    for row in zip(*map(_values, columns.values()), strict=True):
        yield [_cell(value) for value in row]


def _values(column: Any) -> Sequence[object]:
    values: Sequence[object] = column.tolist() if isinstance(column, np.ndarray) else column
    return values


def _cell(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value


def _write_parquet(parts: Iterable[Columns], path: Path, progress: ProgressCallback) -> None:
    arrow: Any = optional_module("pyarrow", "Parquet")
    parquet: Any = optional_module("pyarrow.parquet", "Parquet")
    writer, done = None, 0
    try:
        for part in parts:
            arrays = {name: _arrow_array(arrow, column) for name, column in part.items()}
            table = arrow.table(arrays)
            if writer is None:
                writer = parquet.ParquetWriter(str(path), table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
            done += table.num_rows
            progress(Progress("Writing rows", done))
    finally:
        if writer is not None:
            writer.close()


def _arrow_array(arrow: Any, column: Any) -> Any:
    if not isinstance(column, np.ndarray):
        return arrow.array([_encodable(value) for value in column], _list_type(arrow, column))
    if column.ndim == 1:
        return arrow.array(column)
    flat = arrow.array(np.ascontiguousarray(column).reshape(-1))
    return arrow.FixedSizeListArray.from_arrays(flat, column.shape[1])


def _list_type(arrow: Any, column: Sequence[object]) -> Any:
    """Text, also where every cell is empty; whatever Arrow finds for numbers."""
    is_text = all(value is None or isinstance(value, str) for value in column)
    return arrow.string() if is_text else None


def _encodable(value: object) -> object:
    """Text that UTF-8 can hold: names of files may be bytes that are none."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
