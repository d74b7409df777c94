"""The combinations of points that mining chooses from for two groups."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product

import torch
from torch import Tensor

from symmcore.symm import PairSet, PointType

# The order in which the authors' code lists the four points before it combines them.
_OFFICIAL_ORDER = (PointType.I, PointType.J, PointType.J_SYNTHETIC, PointType.I_SYNTHETIC)


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

    def exchanged(self) -> tuple[int, ...]:
        """For each code, the code with g and h exchanged (of a symmetric set)."""
        codes = {pair: code for code, pair in enumerate(zip(self.rows, self.columns, strict=True))}
        return tuple(codes[(c,), r[0]] for r, c in zip(self.rows, self.columns, strict=True))


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

    The products of the four points of two groups are 16 planes, 4 p + n. A slope of a candidate
    is what its value becomes if one point is replaced by the original the point is made of, or
    by its axis.

    Attributes:
        rows: Types of the points of g, int64 of shape (1 or 2, K).
        columns: Type of the point of h, int64 of shape (K,).
        synthetic: Whether a point of the candidate is i', and whether it is j', as 0 or 1;
            a (2, K) for each point, in the order p, (q,) n.
        exchanged: Codes with g and h exchanged, uint8 of shape (K,); None if not symmetric.
        order: The code at each place of the stack of values that is searched, int64 (K,).
        weights: For each place a power of two, larger for a smaller code, of shape (K,).
        values: The planes whose sum is the value, int64 of shape (1 or 2, K).
        on_axis: The planes whose sum is the slope on the axis, int64 of shape (1 or 2, K),
            for each point.
        on_own: The same for the slope on the original.
    """

    rows: Tensor
    columns: Tensor
    synthetic: tuple[Tensor, ...]
    exchanged: Tensor | None
    order: Tensor
    weights: Tensor
    values: Tensor
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
        values = 4 * rows + columns
        # All 16 pairs are searched as they come, in planes 4 p + n.
        order = values[0].argsort() if len(candidates) == 16 else torch.arange(len(candidates))
        kinds = torch.tensor([[PointType.I_SYNTHETIC], [PointType.J_SYNTHETIC]])
        exchanged = None
        if candidates.symmetric:
            exchanged = torch.tensor(candidates.exchanged(), dtype=torch.uint8).to(device)
        # i' is made of i (0) and reflected about j (1), j' the other way round. Nothing looks
        # at the slopes of an original.
        own, axis = torch.tensor([0, 1, 0, 1]), torch.tensor([1, 0, 1, 0])
        return CodeTables(
            rows=rows.to(device),
            columns=columns.to(device),
            synthetic=tuple((kinds == point).to(device, dtype) for point in (*rows, columns)),
            exchanged=exchanged,
            order=order.to(device),
            weights=(2.0 ** (len(candidates) - 1 - order)).to(device, dtype),
            values=values.to(device),
            on_axis=_slope_planes(rows, columns, axis, device),
            on_own=_slope_planes(rows, columns, own, device),
        )


def look_up(table: Tensor, codes: Tensor) -> Tensor:
    """``table[..., codes]`` for a table of one or two sides, several times as fast on a CPU."""
    flat = codes.flatten()
    if table.dim() == 1:
        return table.index_select(0, flat).view(codes.shape)
    return table.gather(1, flat.expand(len(table), -1)).view(len(table), *codes.shape)


def _slope_planes(
    rows: Tensor, columns: Tensor, replaced: Tensor, device: torch.device
) -> tuple[Tensor, ...]:
    of_rows = [(4 * replaced[row] + columns)[None] for row in rows]
    of_column = 4 * rows + replaced[columns]
    return tuple(planes.to(device) for planes in (*of_rows, of_column))
