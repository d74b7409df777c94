"""The order of candidates, which ``Candidates`` alone says, in every way to search them.

For every candidate there are two groups for which it is the hardest, and for each two candidates
two groups for which they tie: the first of them in the order is then the pick.
"""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from candidate_cases import Cases, can_tie_alone, cases
from numpy.typing import NDArray

from symmcore.losses.backends.numba.kernels.both_orders import pick_official, search_both_orders
from symmcore.losses.backends.numba.kernels.picks import (
    mirror,
    pick_pairs,
    pick_triplets,
)
from symmcore.losses.backends.numba.kernels.search import ranked, search
from symmcore.losses.backends.numba.miner import planes_of
from symmcore.mining import Candidates, MinedCodes, pair_candidates, triplet_candidates
from symmcore.mining.search import Search
from symmcore.mining.search import search as torchs_search
from symmcore.settings.symm import PAIR_SETS

Array = NDArray[Any]
Tile = tuple[Array, int, int, Array, Array, Array, Array]
TOLERANCE = 1e-4
SETS = {
    f"{kind}, {pairs}": make(pairs)
    for (kind, make), pairs in product(
        (("pairs", pair_candidates), ("triplets", triplet_candidates)), PAIR_SETS
    )
}


@pytest.fixture(params=list(SETS.values()), ids=list(SETS))
def candidates(request: pytest.FixtureRequest) -> Candidates:
    given: Candidates = request.param
    return given


def expect(candidates: Candidates, found: Cases, codes: torch.Tensor) -> None:
    """Check the codes of all ordered pairs, uint8 of shape (2 N, 2 N)."""
    count = len(found.codes)
    of_cases = codes[:count, count:].diagonal().tolist()
    assert of_cases == [min(tied) for tied in found.codes]
    if candidates.symmetric:
        exchanged = candidates.exchanged()
        assert codes[count:, :count].diagonal().tolist() == [exchanged[code] for code in of_cases]


def test_the_order_is_fewest_synthetic_points_first_then_by_place(candidates: Candidates) -> None:
    listed = [
        (sum(point >= 2 for point in (*row, column)), tuple(map(int, row)), int(column))
        for row, column in zip(candidates.rows, candidates.columns, strict=True)
    ]
    assert listed == sorted(listed)
    assert len(set(listed)) == len(candidates)


def test_which_ties_can_be_made(candidates: Candidates) -> None:
    count = len(candidates)
    made = sum(can_tie_alone(candidates, a, b) for a in range(count) for b in range(a))
    alone = 3 * 4 if len(candidates) == 24 else 0  # i and j against i' and j' with one r, say
    assert made == count * (count - 1) // 2 - alone


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torchs_search(candidates: Candidates, dtype: torch.dtype) -> None:
    found = cases(candidates)
    points, own, other = (part.to(dtype) for part in (found.points, found.own, found.other))
    picks = torchs_search(Search(points, own, other, candidates, rank=1, tolerance=TOLERANCE))
    tiles = tuple(tile.codes for tile in picks.tiles)
    expect(candidates, found, MinedCodes(candidates, tiles, picks.blocks).matrix())


def tile_of(found: Cases, dtype: torch.dtype) -> Tile:
    """What the compiled loops take: all groups in one tile; its last two are written."""
    groups = found.points.shape[1]
    originals = found.points.transpose(0, 1).reshape(2 * groups, 2).to(dtype)
    weights = torch.stack((found.own, found.other), 1).view(4, groups).to(dtype).numpy()
    values, codes = np.zeros((groups, groups), weights.dtype), np.zeros((groups, groups), np.uint8)
    tolerance = np.array([TOLERANCE], weights.dtype)
    return (originals @ originals.T).numpy(), 0, 0, tolerance, weights, values, codes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_search(candidates: Candidates, dtype: torch.dtype) -> None:
    found = cases(candidates)
    tile = tile_of(found, dtype)
    search(*tile, planes_of(candidates), 1, candidates.symmetric)
    if candidates.symmetric:
        groups = len(tile[-1])
        exchanged = np.array(candidates.exchanged(), np.uint8)
        mirror(0, 0, groups, groups, exchanged, *tile[-2:])
    expect(candidates, found, torch.from_numpy(tile[-1]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_unrolled_pairs(dtype: torch.dtype) -> None:
    candidates = pair_candidates("paper")
    found = cases(candidates)
    tile = tile_of(found, dtype)
    pick_pairs(*tile, np.array(candidates.exchanged(), np.uint8))
    expect(candidates, found, torch.from_numpy(tile[-1]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_unrolled_official_pairs(dtype: torch.dtype) -> None:
    candidates = pair_candidates("official")
    found = cases(candidates)
    tile = tile_of(found, dtype)
    pick_official(*tile)
    expect(candidates, found, torch.from_numpy(tile[-1]))


def both_orders(candidates: Candidates, rank: int, tile: Tile) -> None:
    """Search a tile for the pairs (g, h) and (h, g)."""
    planes = planes_of(candidates)
    search_both_orders(*tile, planes, planes % 4 * 4 + planes // 4, rank)


IN_BOTH_ORDERS: dict[str, tuple[Candidates, int, Callable[[Tile], None]]] = {
    f"{kind}, rank {rank}": (candidates, rank, partial(both_orders, candidates, rank))
    for (kind, candidates), rank in product(SETS.items(), (1, 2, 6))
    if not candidates.symmetric
} | {"unrolled": (SETS["pairs, official"], 1, lambda tile: pick_official(*tile))}


@pytest.mark.parametrize("which", IN_BOTH_ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_picks_in_both_orders_are_those_of_the_tile_and_of_its_mirror_image(
    which: str, dtype: type[np.floating]
) -> None:
    candidates, rank, pick = IN_BOTH_ORDERS[which]
    generator, groups, planes = np.random.default_rng(0), 21, planes_of(candidates)
    weights = generator.normal(size=(4, 2 * groups)).astype(dtype)
    gram = generator.normal(size=(4 * groups, 4 * groups)).astype(dtype)
    gram[:, 49] = gram[2, 53] = np.nan
    gram[6, 55] = np.inf
    gram = np.triu(gram) + np.triu(gram, 1).T
    shape = 2 * groups, 2 * groups
    tolerance = np.array([TOLERANCE], dtype)
    values, codes = np.zeros(shape, dtype), np.zeros(shape, np.uint8)
    search(gram, 0, 0, tolerance, weights, values, codes, planes, rank, False)
    given = gram.copy()
    given[np.tril_indices(4 * groups, -1)] = 9.0  # what is below the diagonal does not count
    found = np.zeros(shape, dtype), np.zeros(shape, np.uint8)
    half = 2 * groups
    for row, column in ((0, 0), (0, groups), (groups, groups)):
        tile = given[2 * row : 2 * row + half, 2 * column : 2 * column + half].copy()
        pick((tile, row, column, tolerance, weights, *found))
    apart = ~np.eye(2 * groups, dtype=np.bool_)
    np.testing.assert_array_equal(found[1][apart], codes[apart])
    np.testing.assert_allclose(found[0][apart], values[apart], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_unrolled_triplets(dtype: torch.dtype) -> None:
    candidates = triplet_candidates("paper")
    found = cases(candidates)
    tile = tile_of(found, dtype)
    pick_triplets(*tile)
    expect(candidates, found, torch.from_numpy(tile[-1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_candidates_have_a_rank_each_that_is_any_of_theirs(dtype: type[np.floating]) -> None:
    count, width = 8, 50
    values = np.random.default_rng(0).integers(0, 4, (count, width)).astype(dtype)
    codes = np.empty((count, width), dtype)
    for rank in range(1, count + 1):
        best = np.empty(width, dtype)
        levels = np.empty((2, rank + 1, width), dtype)
        ranked(values, np.arange(count), rank, best, codes[rank - 1], levels)
        np.testing.assert_array_equal(best, -np.sort(-values, axis=0)[rank - 1])
        picked = codes[rank - 1].astype(np.int64)
        np.testing.assert_array_equal(values[picked, np.arange(width)], best)
    assert (np.sort(codes, axis=0) == np.arange(count)[:, None]).all()
