"""MATLAB files from outside, read apart: a damaged one may end the process that reads it."""

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.data.sources.file_tree import archive_file
from symmcore.errors import InputError, one_line
from symmcore.processes import CallError, call_in_subprocess

# The largest that a dataset needs has 1 MB; what is compressed in it can grow a thousandfold.
_LARGEST = 16 * 2**20

Variable = Any
"""Numbers and texts as a flat list, cells as a list of these, structs as one such list for each
field; None for anything else."""


def read_matlab(
    root: Path, name: str, variables: tuple[str, ...], *, follow_links: bool = False
) -> dict[str, Variable]:
    """Read variables of a MATLAB file (up to version 7, which holds no code).

    Args:
        root: the dataset's folder.
        name: the file's name in it.
        variables: the names of the variables.
        follow_links: whether the file may be a link out of the folder.

    Raises:
        InputError: if the file is not there, cannot be read, or lacks a variable.
    """
    path = archive_file(root, name, _LARGEST, follow_links=follow_links)
    with tempfile.TemporaryDirectory() as folder:
        goal = Path(folder) / "content.json"
        try:
            call_in_subprocess(convert, (str(path), str(goal), *variables), lambda: None)
            content = json.loads(goal.read_text(encoding="utf-8"))
        except (CallError, OSError, ValueError, RecursionError) as error:
            raise InputError(
                f"{path} cannot be read ({one_line(error)}): it may be damaged, extract it anew."
            ) from error
    for variable in variables:
        if content.get(variable) is None:
            raise InputError(f"{path} holds no {variable!r}: it is cut short or another file.")
    return {variable: content[variable] for variable in variables}


def convert(path: str, goal: str, *variables: str) -> None:
    """Write variables of a MATLAB file as JSON.

    Args:
        path: the file.
        goal: a new file: one object, with a ``Variable`` for each name that is there.
        variables: the names.
    """
    from scipy.io import loadmat  # takes a quarter of a second

    with warnings.catch_warnings():
        # a file cut between two variables is told by the missing one
        warnings.simplefilter("ignore")
        content = loadmat(path, variable_names=variables)
    plain = {name: _plain(content[name]) for name in variables if name in content}
    Path(goal).write_text(json.dumps(plain), encoding="utf-8")


def cell_text(cell: Variable) -> str | None:
    """The text in a cell of a struct or cell array; None if it holds something else."""
    only = cell[0] if isinstance(cell, list) and len(cell) == 1 else None
    return only if isinstance(only, str) else None


def cell_number(cell: Variable) -> int | None:
    """The whole number in a cell; None if it holds something else."""
    only = cell[0] if isinstance(cell, list) and len(cell) == 1 else None
    if not isinstance(only, int | float) or not float(only).is_integer():
        return None
    return int(only)


def _plain(value: object) -> Variable:
    if not isinstance(value, np.ndarray):  # a sparse matrix
        return None
    array: npt.NDArray[Any] = value
    if array.dtype.names:
        return {name: [_plain(cell) for cell in array[name].ravel()] for name in array.dtype.names}
    if array.dtype == object:
        return [_plain(cell) for cell in array.ravel()]
    return array.ravel().tolist() if array.dtype.kind in "iufU" else None
