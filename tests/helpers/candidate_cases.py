"""Pairs of groups for which given candidates, and no others, are the hardest.

Values of candidates are linear in the four products of originals of two groups, whose factors are
made of the weights of the reflections. So products for which one or two candidates have the value 1
solve linear equations; weights are drawn until all other candidates are well below.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.mining import Candidates

Floats = NDArray[np.float64]
_DRAWS, _ROUNDS = 512, 400


@dataclass(frozen=True)
class Cases:
    """Group n of the first half with group n of the second is case n.

    Attributes:
        codes: The codes that tie in each case, one or two.
        points: Originals, float64 of shape (2, 2 N, 2).
        own: Weights of the reflections on the reflected point, of shape (2, 2 N).
        other: Weights on the axis, of shape (2, 2 N).
    """

    codes: tuple[tuple[int, ...], ...]
    points: Tensor
    own: Tensor
    other: Tensor


def can_tie_alone(candidates: Candidates, first: int, second: int) -> bool:
    """Whether no third candidate is as hard whenever these two are equally hard.

    Of four products with one point, the sum of two equals that of the others only if the two
    largest have at least that sum.
    """
    rows, columns = candidates.rows, candidates.columns
    return columns[first] != columns[second] or bool(
        len(rows[first]) == 1 or set(rows[first]) & set(rows[second])
    )


def cases(candidates: Candidates) -> Cases:
    """Each candidate alone, and each two of them where that is possible."""
    count = len(candidates)
    wanted: list[tuple[int, ...]] = [(code,) for code in range(count)]
    wanted += [two for two in combinations(range(count), 2) if can_tie_alone(candidates, *two)]
    random = np.random.default_rng(0)
    found = [_find(candidates, codes, random) for codes in wanted]
    products, rows, columns = (np.stack(part) for part in zip(*found, strict=True))
    # With g's originals as axes of the plane, h's are the products with them.
    of_g = np.broadcast_to(np.eye(2)[:, None], (2, len(wanted), 2))
    points = np.concatenate((of_g, products.transpose(2, 0, 1)), 1)
    weights = np.concatenate((rows, columns)).transpose(1, 2, 0)
    own, other = torch.from_numpy(weights.copy())
    return Cases(tuple(wanted), torch.from_numpy(points), own, other)


def _find(
    candidates: Candidates, codes: tuple[int, ...], random: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Products (2, 2) of i and j, and (own, other) of i and j of either group, (2, 2) each."""
    rest = np.delete(np.arange(len(candidates)), codes)
    for _ in range(_ROUNDS):
        rows, columns = random.uniform(-1.5, 1.5, (2, _DRAWS, 2, 2))
        left, right = _on_originals(rows), _on_originals(columns)
        sides = np.stack([left[:, list(row)].sum(1) for row in candidates.rows], 1)
        factors = sides[..., :, None] * right[:, list(candidates.columns), None, :]
        factors = factors.reshape(_DRAWS, -1, 4)
        fixed, inverse = factors[:, codes], np.linalg.pinv(factors[:, codes])
        anywhere = random.normal(size=(_DRAWS, 4, 1))
        products = anywhere + inverse @ (1.0 - fixed @ anywhere)
        values = (factors @ products)[..., 0]
        good = (values[:, rest] < 0.9).all(1) & (np.abs(values[:, codes] - 1.0) < 1e-12).all(1)
        good &= np.abs(products).max((1, 2)) < 4.0  # or float32 would not see the tie
        if good.any():
            place = int(good.argmax())
            return products[place].reshape(2, 2), rows[place], columns[place]
    raise AssertionError(f"no products found for which {codes} are the hardest")


def _on_originals(weights: Floats) -> Floats:
    """i, j, i' and j' as weights on (i, j), (T, 4, 2), from (own, other) of i and j, (T, 2, 2)."""
    result = np.zeros((len(weights), 4, 2))
    result[:, 0, 0] = result[:, 1, 1] = 1.0
    own, other = weights[:, 0], weights[:, 1]
    result[:, 2, 0], result[:, 2, 1] = own[:, 0], other[:, 0]
    result[:, 3, 1], result[:, 3, 0] = own[:, 1], other[:, 1]
    return result
