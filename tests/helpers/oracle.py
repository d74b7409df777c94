"""The method in explicit float64 loops, written from its description alone.

Nothing here is imported from symmcore but the settings. Embeddings are float64 tensors, so that
autograd gives the gradients; every product and distance is of two vectors that exist.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, permutations

import torch
from torch import Tensor

from symmcore.settings.symm import Symm

Types = tuple[int, ...]  # i, j, i', j' are 0, 1, 2, 3; the last one is of the other group
SYNTHETIC = (2, 3)


def groups(labels: Sequence[int]) -> list[tuple[int, int]]:
    """1st and 2nd image of a class, 3rd and 4th, ...; ordered by their first image."""
    waiting: dict[int, int] = {}
    found = []
    for position, label in enumerate(labels):
        if label in waiting:
            found.append((waiting.pop(label), position))
        else:
            waiting[label] = position
    return sorted(found)


def reflect(x: Tensor, axis: Tensor, alpha: float, beta: float) -> Tensor:
    if not bool(axis.any()):
        return beta * x
    r = ((x @ axis) / (axis @ axis)) * axis
    bracket = alpha * (r - x) + x
    if alpha != 2.0:
        norm = bracket.norm()
        bracket = bracket * (x.norm() / norm) if norm > 0 else bracket
    return beta * bracket


def four_points(x_i: Tensor, x_j: Tensor, symm: Symm) -> list[Tensor]:
    return [
        x_i,
        x_j,
        reflect(x_i, x_j, symm.alpha, symm.beta),
        reflect(x_j, x_i, symm.alpha, symm.beta),
    ]


def pair_types(pairs: str) -> list[Types]:
    if pairs == "official":
        return list(combinations((0, 1, 3, 2), 2))
    return [(p, n) for p in range(4) for n in range(4)]


def triplet_types(pairs: str) -> list[Types]:
    if pairs == "official":
        return [(p, q, q) for p, q in permutations(range(4), 2)]
    return [(p, q, r) for p, q in combinations(range(4), 2) for r in range(4)]


@dataclass
class Oracle:
    """One batch; ``picks`` can be given to have the gradients at those picks.

    Without ``fewest_synthetic`` the tie rule is wrong: a test that would not notice is no test.
    """

    embeddings: Tensor
    labels: Sequence[int]
    symm: Symm | None = None
    tolerance: float = 1e-12
    picks: dict[tuple[int, int], Types] | None = None
    fewest_synthetic: bool = True
    picked: dict[tuple[int, int], Types] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups = groups(self.labels)
        self.points = self.embeddings

    def normalise(self) -> None:
        rows = [x / x.norm() if bool(x.any()) else 0.0 * x for x in self.embeddings]
        self.points = torch.stack(rows)

    def label(self, g: int) -> int:
        return self.labels[self.groups[g][0]]

    def originals(self, g: int) -> tuple[Tensor, Tensor]:
        i, j = self.groups[g]
        return self.points[i], self.points[j]

    def negatives(self, g: int) -> list[int]:
        return [h for h in range(len(self.groups)) if self.label(h) != self.label(g)]

    def negative_images(self, g: int) -> list[Tensor]:
        return [x for h in self.negatives(g) for x in self.originals(h)]

    def mine(
        self,
        g: int,
        h: int,
        types: list[Types],
        value: Callable[[list[Tensor], list[Tensor], Types], Tensor],
        largest: bool,
    ) -> Tensor:
        assert self.symm is not None
        mirrored = len(types) == 16 and g > h
        first, second = (h, g) if mirrored else (g, h)
        of_first = four_points(*self.originals(first), self.symm)
        of_second = four_points(*self.originals(second), self.symm)
        values = {kinds: value(of_first, of_second, kinds) for kinds in types}
        key = (first, second)
        if self.picks is not None and (g, h) in self.picks:
            given = self.picks[g, h]
            chosen = given[::-1] if mirrored else given
        else:
            chosen = choose(
                {kinds: v.item() for kinds, v in values.items()},
                self.symm.rank,
                self.tolerance,
                largest,
                self.fewest_synthetic,
            )
        if self.label(g) != self.label(h):
            self.picked[key] = chosen
            if mirrored:
                self.picked[g, h] = chosen[::-1]
        return values[chosen]

    def is_official(self) -> bool:
        return self.symm is not None and self.symm.pairs == "official"

    def counts(self) -> list[list[int]]:
        table = [[0] * 4 for _ in range(4)]
        for (g, h), (*rows, column) in self.picked.items():
            if self.label(g) != self.label(h):
                for row in rows:
                    table[row][column] += 1
        return table

    def synthetic_ratio(self) -> float:
        kinds = [kind for picked in self.picked.values() for kind in picked]
        return sum(kind in SYNTHETIC for kind in kinds) / len(kinds)


def choose(
    values: dict[Types, float],
    rank: int,
    tolerance: float,
    largest: bool,
    fewest_synthetic: bool,
) -> Types:
    ordered = sorted(values, key=lambda kinds: -values[kinds] if largest else values[kinds])
    if rank > 1:
        return ordered[rank - 1]
    best = values[ordered[0]]
    tied = [kinds for kinds in values if abs(values[kinds] - best) <= tolerance * abs(best)]
    if not fewest_synthetic:
        return min(tied)
    return min(tied, key=lambda kinds: (sum(kind in SYNTHETIC for kind in kinds), kinds))


def product(of_g: list[Tensor], of_h: list[Tensor], kinds: Types) -> Tensor:
    return of_g[kinds[0]] @ of_h[kinds[1]]


def triplet_product(of_g: list[Tensor], of_h: list[Tensor], kinds: Types) -> Tensor:
    return (of_g[kinds[0]] + of_g[kinds[1]]) @ of_h[kinds[2]]


def own_product(points: list[Tensor], _: list[Tensor], kinds: Types) -> Tensor:
    """The positive of a triplet (p, q, q) of a group with itself."""
    return points[kinds[0]] @ points[kinds[1]]


def distance(x: Tensor, y: Tensor) -> Tensor:
    difference = x - y
    # A distance of zero has zero gradient.
    return difference.norm() if bool(difference.any()) else (difference * 0.0).sum()


def pair_distance(of_g: list[Tensor], of_h: list[Tensor], kinds: Types) -> Tensor:
    return distance(of_g[kinds[0]], of_h[kinds[1]])


def log_one_plus(exponents: list[Tensor]) -> Tensor:
    stacked = torch.stack([torch.zeros_like(exponents[0]), *exponents])
    return torch.logsumexp(stacked, 0)


def regulariser(oracle: Oracle, l2_reg: float) -> Tensor:
    count = len(oracle.groups)
    squares = [x @ x for g in range(count) for x in oracle.originals(g)]
    return l2_reg * 0.25 * torch.stack(squares).sum() / count


def official(
    oracle: Oracle, g: int, own: Callable[[], Tensor], other: Callable[[int], Tensor]
) -> Tensor:
    """The authors' loss of one group: softmax over all groups, g too, against equal shares."""
    logits = [own() if h == g else other(h) for h in range(len(oracle.groups))]
    alike = [h for h in range(len(oracle.groups)) if oracle.label(h) == oracle.label(g)]
    total = torch.logsumexp(torch.stack(logits), 0)
    return sum(((total - logits[h]) / len(alike) for h in alike), 0.0 * total)


def npair(oracle: Oracle, l2_reg: float = 0.002) -> Tensor:
    terms = []
    if oracle.is_official():
        types = pair_types("official")
        for g in range(len(oracle.groups)):
            mined = partial(oracle.mine, g, types=types, value=product, largest=True)
            terms.append(official(oracle, g, partial(mined, g), mined))
        return torch.stack(terms).mean() + regulariser(oracle, l2_reg)
    for g in range(len(oracle.groups)):
        x_i, x_j = oracle.originals(g)
        exponents = []
        for h in oracle.negatives(g):
            if oracle.symm is None:
                similarity = x_i @ oracle.originals(h)[1]
            else:
                types = pair_types(oracle.symm.pairs)
                similarity = oracle.mine(g, h, types, product, largest=True)
            exponents.append(similarity - x_i @ x_j)
        terms.append(log_one_plus(exponents))
    return torch.stack(terms).mean() + regulariser(oracle, l2_reg)


def angular(oracle: Oracle, angle_deg: float = 45.0, l2_reg: float = 0.002) -> Tensor:
    square = math.tan(math.radians(angle_deg)) ** 2
    kinds = triplet_types("official")

    def own(g: int) -> Tensor:
        return 2 * (1 + square) * oracle.mine(g, g, kinds, own_product, largest=True)

    def other(g: int, h: int) -> Tensor:
        return 4 * square * oracle.mine(g, h, kinds, triplet_product, largest=True)

    terms = []
    if oracle.is_official():
        for g in range(len(oracle.groups)):
            terms.append(official(oracle, g, partial(own, g), partial(other, g)))
        return torch.stack(terms).mean() + regulariser(oracle, l2_reg)
    for g in range(len(oracle.groups)):
        x_i, x_j = oracle.originals(g)
        exponents = []
        for h in oracle.negatives(g):
            if oracle.symm is None:
                similarity = (x_i + x_j) @ oracle.originals(h)[1]
            else:
                types = triplet_types(oracle.symm.pairs)
                similarity = oracle.mine(g, h, types, triplet_product, largest=True)
            exponents.append(4 * square * similarity - 2 * (1 + square) * (x_i @ x_j))
        terms.append(log_one_plus(exponents))
    return torch.stack(terms).mean() + regulariser(oracle, l2_reg)


def hardest_distances(oracle: Oracle, g: int) -> list[Tensor]:
    assert oracle.symm is not None
    types = pair_types(oracle.symm.pairs)
    return [oracle.mine(g, h, types, pair_distance, largest=False) for h in oracle.negatives(g)]


def anchors(oracle: Oracle, g: int) -> list[tuple[Tensor, list[Tensor]]]:
    """(D_ap, negative distances) of each anchor of the group, or of the group with Symm."""
    x_i, x_j = oracle.originals(g)
    if oracle.symm is not None:
        return [(distance(x_i, x_j), hardest_distances(oracle, g))]
    images = oracle.negative_images(g)
    return [(distance(x_i, x_j), [distance(a, k) for k in images]) for a in (x_i, x_j)]


def triplet(oracle: Oracle, margin: float = 0.2, semihard: bool = False) -> Tensor:
    oracle.normalise()
    terms = []
    for g in range(len(oracle.groups)):
        for positive, negatives in anchors(oracle, g):
            used = [semihard_negative(positive, negatives)] if semihard else negatives
            hinges = [torch.relu(positive**2 - negative**2 + margin) for negative in used]
            terms.append(torch.stack(hinges).sum())
    return torch.stack(terms).mean()


def semihard_negative(positive: Tensor, negatives: list[Tensor]) -> Tensor:
    farther = [negative for negative in negatives if negative > positive]
    if farther:
        return min(farther, key=Tensor.item)
    return max(negatives, key=Tensor.item)


def lifted(oracle: Oracle, margin: float = 1.0) -> Tensor:
    oracle.normalise()
    terms = []
    for g in range(len(oracle.groups)):
        found = anchors(oracle, g)
        exponents = torch.stack([margin - d for _, negatives in found for d in negatives])
        hinge = torch.relu(torch.logsumexp(exponents, 0) + found[0][0])
        terms.append(hinge**2)
    return torch.stack(terms).mean() * (0.5 if oracle.symm is None else 1.0)


LOSSES: dict[str, Callable[[Oracle], Tensor]] = {
    "npair": npair,
    "angular": angular,
    "triplet": triplet,
    "triplet-semihard": lambda oracle: triplet(oracle, semihard=True),
    "lifted": lifted,
}
