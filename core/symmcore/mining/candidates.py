"""The combinations of points that mining chooses from for two groups."""

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

    The position of a combination in the set is its code. Combinations are listed in the order
    i, j, i', j' for the points of g, then for that of h.

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

    def by_preference(self) -> tuple[int, ...]:
        """The codes in the order that breaks ties: fewest synthetic points, then first."""
        synthetic = [
            sum(point.is_synthetic for point in (*row, column))
            for row, column in zip(self.rows, self.columns, strict=True)
        ]
        return tuple(sorted(range(len(self)), key=lambda code: (synthetic[code], code)))


@dataclass(frozen=True, slots=True)
class CodeTables:
    """What mining looks up by code, as tensors on one device.

    Attributes:
        rows: Types of the points of g, int64 of shape (1 or 2, K).
        columns: Type of the point of h, int64 of shape (K,).
        preference: K for the code that wins a tie, down to 1, uint8 of shape (K,).
        by_preference: The inverse of ``preference``, uint8 of shape (K + 1,); nothing
            preferred (every comparison with NaN fails) gives the last code, in which
            both points are j'.
        exchanged: Codes with g and h exchanged, uint8 of shape (K,); None if not symmetric.
        own: For each type of point, the original it is made of: 0 for i, 1 for j.
        axis: For each type of point, the original that is its axis of reflection.
    """

    rows: Tensor
    columns: Tensor
    preference: Tensor
    by_preference: Tensor
    exchanged: Tensor | None
    own: Tensor
    axis: Tensor


@cache
def pair_candidates(pairs: PairSet) -> Candidates:
    """Pairs (p, n): all 16, or the 6 of the official code."""
    if pairs == "paper":
        chosen = list(product(PointType, PointType))
    else:
        chosen = sorted(combinations(_OFFICIAL_ORDER, 2))
    return Candidates(
        tuple((p,) for p, _ in chosen), tuple(n for _, n in chosen), symmetric=pairs == "paper"
    )


@cache
def triplet_candidates(pairs: PairSet) -> Candidates:
    """Triplets (p, q, r) of the angular loss: all 24, or the 12 of the official code."""
    if pairs == "paper":
        chosen = [(pq, r) for pq in combinations(PointType, 2) for r in PointType]
    else:
        chosen = [((p, q), q) for p, q in permutations(PointType, 2)]
    return Candidates(tuple(pq for pq, _ in chosen), tuple(r for _, r in chosen), symmetric=False)


@cache
def code_tables(candidates: Candidates, device: torch.device) -> CodeTables:
    """The lookup tables of a set of candidates on a device."""
    count = len(candidates)
    order = candidates.by_preference()
    preference = [0] * count
    for place, code in enumerate(order):
        preference[code] = count - place
    by_preference = [count - 1, *reversed(order)]

    def table(values: object, dtype: torch.dtype) -> Tensor:
        return torch.tensor(values, dtype=dtype, device=device)

    # A table first made in inference mode could not be used in training afterwards.
    with torch.inference_mode(False):
        return CodeTables(
            rows=table([list(row) for row in candidates.rows], torch.int64).T.contiguous(),
            columns=table(list(candidates.columns), torch.int64),
            preference=table(preference, torch.uint8),
            by_preference=table(by_preference, torch.uint8),
            exchanged=table(candidates.exchanged(), torch.uint8) if candidates.symmetric else None,
            own=table([0, 1, 0, 1], torch.int64),
            axis=table([1, 0, 1, 0], torch.int64),
        )
