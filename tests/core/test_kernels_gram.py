"""The kernel that makes the products of originals, against NumPy in float64."""

import importlib.util
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from symmcore.losses.backends.numba.kernels import gram as module

Kernel = Callable[[NDArray[np.floating], int, int, bool, NDArray[np.floating]], None]

# First group and number of groups, of a tile's rows and of its columns.
TILES = {
    "all, even": ((0, 6), (0, 6)),
    "all, odd": ((0, 7), (0, 7)),
    "one row of groups": ((6, 1), (0, 7)),
    "wider than high": ((0, 3), (0, 7)),
    "beside the diagonal": ((0, 3), (3, 4)),
    "below the diagonal": ((4, 3), (0, 4)),
    "one pair of groups": ((2, 1), (5, 1)),
}


def check(kernel: Kernel, dim: int, dtype: str, tile: str, upper: bool) -> None:
    """Compare a tile with NumPy's product; what need not be written is not looked at."""
    originals = np.random.default_rng(dim).normal(size=(14, dim)).astype(dtype)
    (row, height), (column, width) = TILES[tile]
    found = np.full((2 * height, 2 * width), np.nan, dtype)
    kernel(originals, row, column, upper, found)
    double = originals.astype(np.float64)
    expected = double[2 * row :][: 2 * height] @ double[2 * column :][: 2 * width].T
    groups = (
        np.repeat(np.arange(row, row + height), 2),
        np.repeat(np.arange(column, column + width), 2),
    )
    wanted = np.ones_like(found, bool) if not upper else groups[0][:, None] <= groups[1]
    bound = 1e-13 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found[wanted], expected[wanted], rtol=bound, atol=bound * dim)


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("dim", [1, 7, 16, 37, 64])
def test_products_are_exact(dim: int, dtype: str, tile: str, upper: bool) -> None:
    check(module.gram, dim, dtype, tile, upper)


# all but this machine's own, which the other tests run
@pytest.mark.parametrize("width", sorted({16, 32, 64} - {module._VECTOR_BYTES}))
def test_any_width_of_vectors(width: int, tmp_path: Path) -> None:
    """A copy of the file, as machine code is kept by file, for machines of another width."""
    text, changed = re.subn(
        "^_VECTOR_BYTES = .*$",
        f"_VECTOR_BYTES = {width}",
        Path(module.__file__).read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    assert changed == 1
    (tmp_path / "copied_gram.py").write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("copied_gram", tmp_path / "copied_gram.py")
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    for dim, dtype in itertools.product((7, 37), ("float32", "float64")):
        check(copy.gram, dim, dtype, "all, odd", upper=True)


def test_identical_rows_give_identical_products() -> None:
    """The tie rule looks at products of identical images: they must not differ by rounding."""
    originals = np.random.default_rng(0).normal(size=(14, 37)).astype(np.float32)
    originals[7], originals[4] = originals[6], originals[5]
    found = np.empty((14, 14), np.float32)
    module.gram(originals, 0, 0, False, found)
    assert np.array_equal(found[6], found[7])
    assert np.array_equal(found[:, 4], found[:, 5])
