"""What the playground shows: four points, a loss, and what comes of them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from symmcore.settings.losses import LossInfo, loss_info
from symmcore.settings.symm import PointType, Symm
from symmviz.model.playground.geometry import (
    Points,
    normalise,
    normalise_gradient,
    reflect,
    reflect_gradient,
)
from symmviz.model.playground.losses import (
    GROUPS,
    Comparison,
    LossValue,
    Pairs,
    Place,
    lifted_loss,
    log_sum_loss,
    triplet_loss,
)
from symmviz.model.playground.mining import (
    Candidate,
    largest,
    pair_candidates,
    products,
    smallest,
    squared_distances,
    triplet_candidates,
)

LOSSES: tuple[LossInfo, ...] = tuple(
    loss_info(name) for name in ("npair", "angular", "triplet", "lifted")
)
"""The losses that are offered."""

_Loss = Callable[[Points, tuple[Comparison, ...]], LossValue]


@dataclass(frozen=True, slots=True, eq=False)
class Playground:
    """Two pairs of images and a loss.

    Attributes:
        points: x_k and x_l, the positive pair, then x_m and x_n, a negative one; read-only
            float64 of shape (4, D).
        loss: Name of the loss in the catalogue; one of ``LOSSES``.
        symm: Settings of the synthesis.
        synthesises: Whether the loss is used with Symm; without, it is its baseline.
    """

    points: Points
    loss: str = "npair"
    symm: Symm = field(default_factory=Symm)
    synthesises: bool = True

    @property
    def info(self) -> LossInfo:
        """What the catalogue says of the loss."""
        return loss_info(self.loss)

    @property
    def is_euclidean(self) -> bool:
        """Whether the loss takes distances of normalised points, not products of points."""
        return self.loss in ("triplet", "lifted")

    def moved(self, point: int, to: Points) -> "Playground":
        """The same with one point, 0 to 3, elsewhere."""
        points = self.points.copy()
        points[point] = to
        return replace(self, points=_read_only(points))

    def with_symm(self, symm: Symm) -> "Playground":
        """The same with other settings of the synthesis; the rank is lowered where it must be."""
        return replace(self, symm=symm)._with_possible_rank()

    def with_loss(self, loss: str) -> "Playground":
        """The same with another loss; the rank is lowered where it must be."""
        return replace(self, loss=loss)._with_possible_rank()

    def _with_possible_rank(self) -> "Playground":
        most = self.info.max_rank(self.symm.pairs)
        if self.symm.rank <= most:
            return self
        return replace(self, symm=replace(self.symm, rank=most))


@dataclass(frozen=True, slots=True)
class Pick:
    """What mining picked for one group against the other.

    Attributes:
        candidate: The pick.
        value: Its product or, of the losses that take distances, its distance.
        best_original: The hardest value among candidates of original points alone.
    """

    candidate: Candidate
    value: float
    best_original: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What comes of a playground.

    Attributes:
        points: The four points of both groups as the loss sees them (normalised for losses that
            take distances), of shape (2, 4, D); the second index is the ``PointType``.
        candidates: What mining chooses from for the positive pair against the negative one.
        picks: The pick of each group against the other.
        compared: What the baseline compares, for each group.
        symm: The loss with Symm, and its gradient on the four originals, of shape (4, D).
        baseline: The same without.
    """

    points: Points
    candidates: tuple[Candidate, ...]
    picks: tuple[Pick, Pick]
    compared: tuple[Comparison, ...]
    symm: LossValue
    baseline: LossValue

    @property
    def picks_differ(self) -> bool:
        """Whether the second group picks other points than the first."""
        there, back = (one.candidate for one in self.picks)
        lines = {(row, there.column) for row in there.rows}
        return lines != {(back.column, row) for row in back.rows}


def outcome(playground: Playground) -> Outcome:
    """What comes of a playground: synthetic points, picks, losses and gradients."""
    pairs = playground.points.reshape(GROUPS, 2, -1)
    used = normalise(pairs) if playground.is_euclidean else pairs
    symm = playground.symm
    points = np.stack([_four_points(pair, symm) for pair in used])
    chosen = _candidates(playground)
    picks = _picks(playground, points, chosen)
    compared = _baseline_comparisons(playground.loss)
    with_symm, baseline = _losses(playground)
    return Outcome(
        points=_read_only(points),
        candidates=chosen,
        picks=picks,
        compared=compared,
        symm=_on_originals(playground, pairs, used, with_symm(points, _mined(playground, picks))),
        baseline=_on_originals(playground, pairs, used, baseline(points, compared)),
    )


def _four_points(pair: Points, symm: Symm) -> Points:
    """x_i, x_j, x_i', x_j' of shape (4, D)."""
    x_i, x_j = pair
    return np.stack(
        (
            x_i,
            x_j,
            reflect(x_i, x_j, symm.alpha, symm.beta),
            reflect(x_j, x_i, symm.alpha, symm.beta),
        )
    )


def _candidates(playground: Playground) -> tuple[Candidate, ...]:
    choose = triplet_candidates if playground.loss == "angular" else pair_candidates
    return choose(playground.symm.pairs)


def _picks(
    playground: Playground, points: Points, chosen: tuple[Candidate, ...]
) -> tuple[Pick, Pick]:
    there = _pick(playground, points[0], points[1], chosen)
    if playground.loss == "angular" or playground.symm.pairs == "official":
        return there, _pick(playground, points[1], points[0], chosen)
    # Of all pairs the second group's pick is that of the first, exchanged.
    one = there.candidate
    back = Pick(Candidate((one.column,), one.rows[0]), there.value, there.best_original)
    return there, back


def _pick(
    playground: Playground, group: Points, other: Points, chosen: tuple[Candidate, ...]
) -> Pick:
    rank = playground.symm.rank
    if playground.is_euclidean:
        squares = squared_distances(group, other, chosen)
        most = max((group * group).sum(-1)) + max((other * other).sum(-1))
        place = smallest(squares, rank, 16.0 * float(np.finfo(np.float64).eps) * float(most))
        values = np.sqrt(squares)
    else:
        values = products(group, other, chosen)
        place = largest(values, rank)
    originals = [
        float(value) for value, one in zip(values, chosen, strict=True) if one.synthetic == 0
    ]
    best = min(originals) if playground.is_euclidean else max(originals)
    return Pick(chosen[place], float(values[place]), best)


def _mined(playground: Playground, picks: tuple[Pick, Pick]) -> tuple[Comparison, ...]:
    """What the loss compares with Symm."""
    comparisons = []
    for group, pick in enumerate(picks):
        column = (1 - group, int(pick.candidate.column))
        negative: Pairs = tuple(((group, int(row)), column) for row in pick.candidate.rows)
        comparisons.append(Comparison(_own_pair(group), negative))
    return tuple(comparisons)


def _with_own_picks(
    playground: Playground, points: Points, comparisons: tuple[Comparison, ...]
) -> tuple[Comparison, ...]:
    """The same, where the positive is the hardest combination of the group itself, as official."""
    result = []
    for group, one in enumerate(comparisons):
        own = [(cand.rows[0], cand.column) for cand in _candidates(playground)]
        values = np.array([points[group, p] @ points[group, q] for p, q in own])
        p, q = own[largest(values, playground.symm.rank)]
        result.append(Comparison(((group, int(p)), (group, int(q))), one.negative))
    return tuple(result)


def _own_pair(group: int) -> tuple[Place, Place]:
    return (group, int(PointType.I)), (group, int(PointType.J))


def _baseline_comparisons(loss: str) -> tuple[Comparison, ...]:
    comparisons = []
    for group in range(GROUPS):
        own, other = _own_pair(group), _own_pair(1 - group)
        negative: Pairs
        if loss == "npair":
            negative = ((own[0], other[1]),)
        elif loss == "angular":
            negative = tuple((point, other[1]) for point in own)
        else:
            negative = tuple((point, far) for point in own for far in other)
        comparisons.append(Comparison(own, negative))
    return tuple(comparisons)


def _losses(playground: Playground) -> tuple[_Loss, _Loss]:
    """The loss with Symm and its baseline."""
    defaults = playground.info.defaults.given()
    if playground.is_euclidean:
        loss = triplet_loss if playground.loss == "triplet" else lifted_loss
        margin = defaults["margin"]
        # The baselines count every pair in both directions.
        return (
            partial(loss, margin=margin, share=1.0 / GROUPS),
            partial(loss, margin=margin, share=0.5 / GROUPS),
        )
    scale = positive_scale = 1.0
    if playground.loss == "angular":
        square = float(np.tan(np.radians(defaults["angle_deg"])) ** 2)
        scale, positive_scale = 4.0 * square, 2.0 * (1.0 + square)
    baseline = partial(
        log_sum_loss, scale=scale, positive_scale=positive_scale, l2_reg=defaults["l2_reg"]
    )
    if playground.symm.pairs == "paper":
        return baseline, baseline

    def official(points: Points, comparisons: tuple[Comparison, ...]) -> LossValue:
        return baseline(points, _with_own_picks(playground, points, comparisons))

    return official, baseline


def _on_originals(
    playground: Playground, pairs: Points, used: Points, found: LossValue
) -> LossValue:
    """The same loss with its gradient on the originals alone, of shape (4, D)."""
    alpha, beta = playground.symm.alpha, playground.symm.beta
    result = found.gradient[:, :2].copy()
    for group, (x_i, x_j) in enumerate(used):
        on_synthetic = found.gradient[group, 2:]
        for at, (x, axis) in enumerate(((x_i, x_j), (x_j, x_i))):
            on_x, on_axis = reflect_gradient(on_synthetic[at], x, axis, alpha, beta)
            result[group, at] += on_x
            result[group, 1 - at] += on_axis
    if playground.is_euclidean:
        result = normalise_gradient(result, pairs)
    return LossValue(found.value, _read_only(result.reshape(2 * GROUPS, -1)))


def _read_only(points: Points) -> Points:
    points.flags.writeable = False
    return points
