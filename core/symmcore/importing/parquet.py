"""Reads embeddings from Parquet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symmcore.errors import InputError, one_line
from symmcore.export.optional_modules import optional_module
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


def read_parquet(path: Path, options: ImportOptions) -> Imported:
    """Embeddings of a column of lists of one length, with labels and files where there are.

    Raises:
        InputError: if there is no such column, or the file is damaged.
    """
    arrow: Any = optional_module("pyarrow", "Parquet")
    parquet: Any = optional_module("pyarrow.parquet", "Parquet")
    check_file(path)
    try:
        with parquet.ParquetFile(str(path)) as file:
            about = file.metadata
            groups = range(about.num_row_groups)
            size = sum(about.row_group(at).total_byte_size for at in groups)
            check_size(path, size, about.num_rows)
            names = file.schema_arrow.names
            name = found_name(path, options.embedding, EMBEDDING_NAMES, names)
            if name is None:
                raise InputError(
                    f"{path} has the columns {', '.join(names)[:200]}: say with --embedding which "
                    "holds the embeddings."
                )
            label = found_name(path, options.label, LABEL_NAMES, names)
            kept = found_name(path, options.file, FILE_NAMES, names)
            wanted = [one for one in dict.fromkeys((name, label, kept)) if one is not None]
            _check_once(path, wanted, names)
            table = file.read(columns=wanted)
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no Parquet, or is damaged ({one_line(error)}).") from error
    return Imported(
        _matrix(path, table[name], name),
        None if label is None else [str(value) for value in _values(path, table[label], label)],
        None if kept is None else [str(value or "") for value in _values(path, table[kept], kept)],
    )


def _check_once(path: Path, wanted: Sequence[str], names: Sequence[str]) -> None:
    for name in wanted:
        if names.count(name) > 1:
            raise InputError(f"{path} has several columns {name!r:.60}: rename all but one.")


def _values(path: Path, column: Any, name: str) -> list[Any]:
    """The cells of a column."""
    try:
        found: list[Any] = column.to_pylist()
    except (ValueError, OverflowError) as error:  # text that is not UTF-8, dates of year 300,000
        raise InputError(f"{path}: {name!r:.60} cannot be read ({one_line(error)}).") from error
    return found


def _matrix(path: Path, column: Any, name: str) -> Any:
    """Lists of one length as (N, D)."""
    wrong = InputError(
        f"{path}: {name!r:.60} is of {column.type}: embeddings are lists of numbers."
    )
    if not hasattr(column.type, "value_type"):
        raise wrong
    column = column.combine_chunks()
    if column.null_count:
        raise InputError(f"{path}: {name!r:.60} has {column.null_count:,} rows without numbers.")
    flat = column.flatten()
    try:
        values = flat.to_numpy(zero_copy_only=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise wrong from error
    if values.dtype.kind not in "fiu" or not len(column):
        raise wrong
    lengths = np.array(column.value_lengths()) if hasattr(column, "value_lengths") else None
    if len(values) % len(column) or (lengths is not None and np.ptp(lengths)):
        raise InputError(f"{path}: {name!r:.60} has rows of different lengths.")
    return checked_embeddings(path, values.reshape(len(column), -1))
