"""The combinations of points that mining chooses from for two groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.settings.symm import PairSet, PointType

# The order in which the authors' code lists the four points before it combines them.
_OFFICIAL_ORDER = (PointType.I, PointType.J, PointType.J_SYNTHETIC, PointType.I_SYNTHETIC)
# i' is made of i and reflected about j, j' the other way round. The entries of i and j are unused.
_REFLECTED = (PointType.I, PointType.J) * 2
_AXES = (PointType.J, PointType.I) * 2


@dataclass(frozen=True, slots=True)
class Candidates:
    """A set of combinations, each one or two points of group g with one of group h.

    The place of a combination in the set is its code. The set is in the order that breaks ties:
    fewest synthetic points first, then i, j, i', j' for the points of g, then for that of h.

    Attributes:
        rows: The points of g, a tuple of one or two types for each combination.
        columns: The point of h of each combination.
        symmetric: Whether a combination with g and h exchanged is in the set too; the pick
            of (h, g) is then that of (g, h), exchanged.
    """

    rows: tuple[tuple[PointType, ...], ...]
    columns: tuple[PointType, ...]
    symmetric: bool

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def are_all_pairs(self) -> bool:
        """Whether these are all pairs of a point of g with one of h."""
        return self == pair_candidates("paper")

    def exchanged(self) -> tuple[int, ...]:
        """For each code, the code with g and h exchanged (of a symmetric set)."""
        codes = _codes(self)
        return tuple(codes[(c,), r[0]] for r, c in zip(self.rows, self.columns, strict=True))

    def own_pairs(self) -> tuple[tuple[PointType, PointType], ...]:
        """By code, the two points whose product stands for a group with itself.

        Of the official sets, where a group is compared with itself too: the authors' code puts
        the pair (p, n), of the angular loss the pair (p, q), on the diagonal.
        """
        return tuple((r[0], c) for r, c in zip(self.rows, self.columns, strict=True))


@cache
def pair_candidates(pairs: PairSet) -> Candidates:
    """Pairs (p, n): all 16, or the 6 of the official code."""
    if pairs == "paper":
        return _in_order(product(product(PointType), PointType), symmetric=True)
    chosen = combinations(_OFFICIAL_ORDER, 2)
    return _in_order((((p,), n) for p, n in chosen), symmetric=False)


@cache
def triplet_candidates(pairs: PairSet) -> Candidates:
    """Triplets (p, q, r) of the angular loss: all 24, or the 12 of the official code."""
    if pairs == "paper":
        chosen = product(combinations(PointType, 2), PointType)
        return _in_order(chosen, symmetric=False)
    return _in_order((((p, q), q) for p, q in permutations(PointType, 2)), symmetric=False)


def _in_order(
    chosen: Iterable[tuple[tuple[PointType, ...], PointType]], symmetric: bool
) -> Candidates:
    def preference(candidate: tuple[tuple[PointType, ...], PointType]) -> tuple[int, object]:
        row, column = candidate
        return sum(point.is_synthetic for point in (*row, column)), candidate

    rows, columns = zip(*sorted(chosen, key=preference), strict=True)
    return Candidates(rows, columns, symmetric)


@dataclass(frozen=True, slots=True)
class CodeTables:
    """What is looked up by code, as tensors on one device.

    The products of the four points of two groups are 16 planes, in the order of the codes of
    all pairs. A slope of a candidate is what its value becomes if one point is replaced by the
    original the point is made of, or by its axis.

    Attributes:
        rows: Types of the points of g, int64 of shape (1 or 2, K).
        columns: Type of the point of h, int64 of shape (K,).
        signs: 1 where a point of the candidate is i', -1 where it is j', else 0; of shape (K,)
            for each point, in the order p, (q,) n.
        exchanged: Codes with g and h exchanged, uint8 of shape (K,); None if not symmetric.
        weights: For each code a power of two, of shape (K,). The bits of its exponent, as a
            floating-point number stores them, say how many codes come after; 0 for the last.
        values: The planes whose sum is the value, one or two for each code; None where the
            planes are the values.
        on_axis: The planes whose sum is the slope on the axis, int64 of shape (1 or 2, K),
            for each point.
        on_own: The same for the slope on the original.
    """

    rows: Tensor
    columns: Tensor
    signs: tuple[Tensor, ...]
    exchanged: Tensor | None
    weights: Tensor
    values: tuple[tuple[int, ...], ...] | None
    on_axis: tuple[Tensor, ...]
    on_own: tuple[Tensor, ...]


@cache
def code_tables(
    candidates: Candidates, device: torch.device, dtype: torch.dtype = torch.float32
) -> CodeTables:
    """The lookup tables of a set of candidates on a device, for products of type ``dtype``."""
    # A table first made in inference mode could not be used in training afterwards.
    # Nor should they be made on torch's default device, which may be one that holds no data.
    with torch.inference_mode(False), torch.device("cpu"):
        rows = torch.tensor(candidates.rows).T.contiguous()
        columns = torch.tensor(candidates.columns)
        signs = torch.tensor([0, 0, 1, -1])
        exchanged = None
        if candidates.symmetric:
            exchanged = torch.tensor(candidates.exchanged(), dtype=torch.uint8).to(device)
        return CodeTables(
            rows=rows.to(device),
            columns=columns.to(device),
            signs=tuple(signs[point].to(device, dtype) for point in (*rows, columns)),
            exchanged=exchanged,
            weights=_exponents(len(candidates), dtype).to(device),
            values=None if candidates.are_all_pairs else _value_planes(candidates),
            on_axis=_slope_planes(candidates, _AXES, device),
            on_own=_slope_planes(candidates, _REFLECTED, device),
        )


@cache
def synthetic_members(candidates: Candidates) -> NDArray[np.int64]:
    """How many of the points of each candidate are synthetic, by code, of shape (K,)."""
    members = zip(candidates.rows, candidates.columns, strict=True)
    return np.array([sum(point.is_synthetic for point in (*row, n)) for row, n in members])


def look_up(table: Tensor, codes: Tensor) -> Tensor:
    """``table[..., codes]`` for a table of one or two sides, several times as fast on a CPU."""
    flat = codes.flatten()
    if table.dim() == 1:
        return table.index_select(0, flat).view(codes.shape)
    return table.gather(1, flat.expand(len(table), -1)).view(len(table), *codes.shape)


def _exponents(count: int, dtype: torch.dtype) -> Tensor:
    """2 to the power of the bias's negative plus the number of codes that come after a code."""
    bias = 1023 if dtype == torch.float64 else 127
    after = torch.arange(count - 1, -1, -1, dtype=torch.float64)
    return (2.0 ** (after - bias)).masked_fill_(after == 0, 0.0).to(dtype)


def _value_planes(candidates: Candidates) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(_plane(point, column) for point in row)
        for row, column in zip(candidates.rows, candidates.columns, strict=True)
    )


def _slope_planes(
    candidates: Candidates, replaced: tuple[PointType, ...], device: torch.device
) -> tuple[Tensor, ...]:
    """The planes of the slopes on each point, if it is an i' or j', of each candidate."""
    pairs = list(zip(candidates.rows, candidates.columns, strict=True))
    of_rows, of_column = [], []
    for place in range(len(candidates.rows[0])):
        of_rows.append([[_plane(replaced[row[place]], column) for row, column in pairs]])
        of_column.append([_plane(row[place], replaced[column]) for row, column in pairs])
    return tuple(torch.tensor(planes).to(device) for planes in (*of_rows, of_column))


def _plane(row: PointType, column: PointType) -> int:
    """Where products of such points are: as the codes of all pairs."""
    return _codes(pair_candidates("paper"))[(row,), column]


@cache
def _codes(candidates: Candidates) -> dict[tuple[tuple[PointType, ...], PointType], int]:
    pairs = zip(candidates.rows, candidates.columns, strict=True)
    return {pair: code for code, pair in enumerate(pairs)}
