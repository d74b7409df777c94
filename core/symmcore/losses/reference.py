"""The losses of the paper written out: short, slow, and for reading.

Every synthetic point is made and every candidate of every two groups exists, so that each line is
one of the paper's. The losses that train compute the same numbers (a test compares them), but for
candidates that tie up to rounding, where the rule of ``symmcore.mining`` decides which one is
picked, and with it the gradient.

Shapes: G pair groups (i, j) of a batch, D dimensions, K candidates of two groups.
"""

import math

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, pair_candidates, triplet_candidates
from symmcore.settings.symm import Symm
from symmcore.synthesis import reflect


def four_points(x_i: Tensor, x_j: Tensor, symm: Symm) -> Tensor:
    """The points x_i, x_j, x_i', x_j' of each group (Eq. 1, 2): (4, G, D) from (G, D) twice."""
    synthetic_i = reflect(x_i, x_j, symm.alpha, symm.beta)
    synthetic_j = reflect(x_j, x_i, symm.alpha, symm.beta)
    return torch.stack((x_i, x_j, synthetic_i, synthetic_j))


def hardest(values: Tensor, rank: int) -> Tensor:
    """The rank-th largest of the candidates of every two groups: (G, G) from (K, G, G)."""
    return values.sort(dim=0, descending=True).values[rank - 1]


def products(points: Tensor, candidates: Candidates) -> Tensor:
    """Each candidate's value for every two groups g, h: (K, G, G).

    The product p . n of a pair (Eq. 8), or (p + q) . r of a triplet (Eq. 10).
    """
    rows = torch.stack([sum((points[p] for p in row), 0.0 * points[0]) for row in candidates.rows])
    columns = points[list(candidates.columns)]
    return torch.einsum("kgd,khd->kgh", rows, columns)


def log_sum(negative: Tensor, positive: Tensor, labels: Tensor) -> Tensor:
    """mean_g log(1 + sum_h exp(n_gh - p_g)) over the groups h of another label (Eq. 7, 9)."""
    same = labels[:, None] == labels
    exponents = (negative - positive[:, None]).masked_fill(same, -torch.inf)
    one = torch.zeros_like(exponents[:, :1])
    return torch.cat((one, exponents), 1).logsumexp(1).mean()


def shared_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy against equal shares on the groups of one label (the authors' code).

    Unlike the paper's equations it compares a group with itself and with others of its label.
    """
    same = (labels[:, None] == labels).to(logits.dtype)
    shares = same / same.sum(1, keepdim=True)
    return -(shares * logits.log_softmax(1)).sum(1).mean()


def norm_penalty(x_i: Tensor, x_j: Tensor, l2_reg: float) -> Tensor:
    """l2_reg / 4 times the mean ||x_i||^2 plus the mean ||x_j||^2 (the authors' code)."""
    return 0.25 * l2_reg * (x_i.square().sum(1).mean() + x_j.square().sum(1).mean())


def npair(
    x_i: Tensor, x_j: Tensor, labels: Tensor, symm: Symm | None = None, l2_reg: float = 0.002
) -> Tensor:
    """N-pair loss (Eq. 7), with Symm (Eq. 8)."""
    if symm is None:
        similarity = x_i @ x_j.T
    else:
        candidates = pair_candidates(symm.pairs)
        similarity = hardest(products(four_points(x_i, x_j, symm), candidates), symm.rank)
    if symm is not None and symm.pairs == "official":
        loss = shared_cross_entropy(similarity, labels)
    else:
        loss = log_sum(similarity, (x_i * x_j).sum(1), labels)
    return loss + norm_penalty(x_i, x_j, l2_reg)


def angular(
    x_i: Tensor,
    x_j: Tensor,
    labels: Tensor,
    symm: Symm | None = None,
    angle_deg: float = 45.0,
    l2_reg: float = 0.002,
) -> Tensor:
    """Angular loss (Eq. 9), with Symm (Eq. 10)."""
    square = math.tan(math.radians(angle_deg)) ** 2
    on_negative, on_positive = 4 * square, 2 * (1 + square)
    if symm is None:
        negative = (x_i + x_j) @ x_j.T
    else:
        points, candidates = four_points(x_i, x_j, symm), triplet_candidates(symm.pairs)
        negative = hardest(products(points, candidates), symm.rank)
    if symm is not None and symm.pairs == "official":
        own = torch.stack([(points[p] * points[q]).sum(1) for p, q in candidates.own_pairs()])
        itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        positive = on_positive * hardest(own, symm.rank)
        loss = shared_cross_entropy(torch.where(itself, positive, on_negative * negative), labels)
    else:
        loss = log_sum(on_negative * negative, on_positive * (x_i * x_j).sum(1), labels)
    return loss + norm_penalty(x_i, x_j, l2_reg)


def nearest_distances(x_i: Tensor, x_j: Tensor, symm: Symm) -> Tensor:
    """D*_gh, the rank-th smallest distance of a point of g from a point of h: (G, G)."""
    points, candidates = four_points(x_i, x_j, symm), pair_candidates(symm.pairs)
    distances = torch.stack(
        [
            torch.cdist(points[p], points[n])
            for (p,), n in zip(candidates.rows, candidates.columns, strict=True)
        ]
    )
    return -hardest(-distances, symm.rank)


def triplet(
    x_i: Tensor,
    x_j: Tensor,
    labels: Tensor,
    symm: Symm | None = None,
    margin: float = 0.2,
    semihard: bool = False,
) -> Tensor:
    """Triplet loss on unit vectors (Eq. 3), with Symm (Eq. 4); over one negative if semi-hard."""
    x_i, x_j = _unit(x_i), _unit(x_j)
    positive = (x_i - x_j).norm(dim=1)
    if symm is None:
        anchors, labels, positive = torch.cat((x_i, x_j)), labels.repeat(2), positive.repeat(2)
        negative = torch.cdist(anchors, anchors)
    else:
        negative = nearest_distances(x_i, x_j, symm)
    counts = labels[:, None] != labels
    if semihard:
        counts = semihard_negatives(positive, negative, counts)
    hinge = torch.relu(positive[:, None].square() - negative.square() + margin)
    return hinge.masked_fill(~counts, 0.0).sum(1).mean()


def semihard_negatives(positive: Tensor, negative: Tensor, counts: Tensor) -> Tensor:
    """Which negative each anchor uses (Schroff et al. 2015): bool of the shape of ``negative``.

    The nearest that is farther than the positive or, if none is, the farthest.
    """
    farther = counts & (negative > positive[:, None])
    nearest = negative.masked_fill(~farther, torch.inf).argmin(1)
    farthest = negative.masked_fill(~counts, -torch.inf).argmax(1)
    chosen = torch.where(farther.any(1), nearest, farthest)
    return torch.nn.functional.one_hot(chosen, negative.shape[1]).bool()


def lifted_structure(
    x_i: Tensor, x_j: Tensor, labels: Tensor, symm: Symm | None = None, margin: float = 1.0
) -> Tensor:
    """Lifted structure loss on unit vectors (Eq. 5), with Symm (Eq. 6)."""
    x_i, x_j = _unit(x_i), _unit(x_j)
    positive = (x_i - x_j).norm(dim=1)
    if symm is None:
        images = torch.cat((x_i, x_j))
        distances = [torch.cdist(one, images) for one in (x_i, x_j)]
        others, share = labels.repeat(2), 0.5
    else:
        distances, others, share = [nearest_distances(x_i, x_j, symm)], labels, 1.0
    same = labels[:, None] == others
    exponents = [(margin - one).masked_fill(same, -torch.inf) for one in distances]
    hinge = torch.relu(torch.cat(exponents, 1).logsumexp(1) + positive)
    return share * hinge.square().mean()


def _unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x)
