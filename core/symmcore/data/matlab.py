"""MATLAB files from outside, read with care."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.data.file_tree import is_inside
from symmcore.errors import InputError

# The largest that a dataset needs has 1 MB; what is compressed in it can grow a thousandfold.
_LARGEST = 16 * 2**20

# scipy gives no types: numbers, text or structs, whatever the file says
Variable = npt.NDArray[Any]


def read_matlab(root: Path, name: str, variables: tuple[str, ...]) -> dict[str, Variable]:
    """Read variables of a MATLAB file (up to version 7, which holds no code).

    Raises:
        InputError: if the file is not there, damaged, or lacks a variable.
    """
    from scipy.io import loadmat  # takes a quarter of a second

    path = root / name
    try:
        if not path.is_file():
            raise InputError(
                f"{root} holds no {name}: extract the whole archive and give its folder."
            )
        if not is_inside(path, root):
            raise InputError(f"{path} is a link out of the dataset's folder: put the file there.")
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than any such file: extract it anew.")
        with warnings.catch_warnings():
            # a file cut between two variables is told by the missing one
            warnings.simplefilter("ignore")
            content = loadmat(path, variable_names=variables)
    except InputError:
        raise
    except Exception as error:  # scipy raises whatever the damage leads it to
        if isinstance(error, OSError) and error.strerror:  # the system's own word, not scipy's
            raise InputError(f"{path} cannot be read ({error.strerror}).") from error
        raise InputError(f"{path} is damaged or cut short: extract it anew.") from error
    for variable in variables:
        if not isinstance(content.get(variable), np.ndarray):  # a sparse matrix is none
            raise InputError(f"{path} holds no {variable!r}: it is cut short or another file.")
    return {variable: content[variable] for variable in variables}


def cell_text(cell: object) -> str | None:
    """The text in a cell of a struct or cell array; None if it holds something else."""
    array = np.asarray(cell)
    if array.size == 1 and array.dtype.kind == "U":
        return str(array.ravel()[0])
    return None


def cell_number(cell: object) -> int | None:
    """The whole number in a cell; None if it holds something else."""
    array = np.asarray(cell)
    if array.size != 1 or array.dtype.kind not in "iuf":
        return None
    value = float(array.ravel()[0])
    return int(value) if value.is_integer() else None
