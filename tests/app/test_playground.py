"""The playground's numbers against the losses and mining that train, and its words."""

from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from symmcore.losses import LossResult, Symm, build_loss
from symmcore.losses.reference import four_points, products
from symmcore.mining import pair_candidates, triplet_candidates
from symmcore.settings.losses import LossInfo
from symmcore.settings.symm import PAIR_SETS, PairSet
from symmviz.model.playground import LOSSES, Playground, outcome

REFLECTIONS = ((2.0, 1.0), (2.0, 0.5), (1.5, 1.0), (1.0, 1.0), (0.5, 2.0), (4.0, 1.3))
LABELS = torch.tensor([0, 0, 1, 1])


def trained(playground: Playground, symm: Symm | None) -> tuple[LossResult, NDArray[np.float64]]:
    """The loss that trains, and its gradient by autograd."""
    leaf = torch.tensor(playground.points, requires_grad=True)
    result = build_loss(playground.loss, symm).detailed(leaf, LABELS)
    result.loss.backward()
    assert leaf.grad is not None
    return result, leaf.grad.numpy()


def is_tied(playground: Playground) -> bool:
    """Whether rounding chooses among candidates: beyond the first rank no rule does."""
    if playground.symm.rank == 1:
        return False
    x_i, x_j = torch.tensor(playground.points).view(2, 2, -1).unbind(1)
    if playground.is_euclidean:
        x_i, x_j = (torch.nn.functional.normalize(x) for x in (x_i, x_j))
    points = four_points(x_i, x_j, playground.symm)
    choose = triplet_candidates if playground.loss == "angular" else pair_candidates
    candidates = choose(playground.symm.pairs)
    place = playground.symm.rank - 1
    if playground.is_euclidean:
        distances = [
            (points[p, 0] - points[n, 1]).norm()
            for (p,), n in zip(candidates.rows, candidates.columns, strict=True)
        ]
        return has_equal(torch.stack(distances)[None], place)
    if has_equal(-products(points, candidates)[:, [0, 1], [1, 0]].T, place):
        return True
    if playground.symm.pairs == "paper":
        return False
    # The official positives of the angular loss have each pair of points in both orders.
    own = {tuple(sorted(pair)) for pair in candidates.own_pairs()}
    values = torch.stack([(points[p] * points[q]).sum(-1) for p, q in own])
    return has_equal(-values.T, place * len(own) // len(candidates))


def has_equal(values: torch.Tensor, place: int) -> bool:
    """Whether in a row of (2, K) the value at a place, counted from the smallest, is not alone."""
    gaps = values.sort().values.diff().abs() < 1e-9
    return bool(gaps[:, max(place - 1, 0) : place + 1].any())


def check(playground: Playground) -> bool:
    """Compare with what trains; return whether the picks and the gradient could be compared too."""
    found = outcome(playground)
    plain, plain_gradient = trained(playground, None)
    assert found.baseline.value == pytest.approx(plain.loss.item(), rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(found.baseline.gradient, plain_gradient, rtol=1e-9, atol=1e-11)
    mined, mined_gradient = trained(playground, playground.symm)
    assert found.symm.value == pytest.approx(mined.loss.item(), rel=1e-12, abs=1e-14)
    if is_tied(playground):
        return False
    np.testing.assert_allclose(found.symm.gradient, mined_gradient, rtol=1e-9, atol=1e-11)
    selection = mined.selection
    assert selection is not None
    for group, pick in enumerate(found.picks):
        place = (group, 1 - group)
        assert pick.candidate.rows == tuple(int(rows[place]) for rows in selection.row_types)
        assert pick.candidate.column == int(selection.column_types[place])
    return True


@pytest.mark.parametrize("pairs", PAIR_SETS)
@pytest.mark.parametrize("info", LOSSES, ids=lambda info: info.name)
def test_equals_what_trains(info: LossInfo, pairs: PairSet) -> None:
    rng = np.random.default_rng(0)
    compared = []
    for rank, dim in product(range(1, info.max_rank(pairs) + 1), (2, 3)):
        for alpha, beta in (REFLECTIONS[rank % len(REFLECTIONS)], rng.uniform(0.2, 4.0, 2)):
            symm = Symm(alpha=float(alpha), beta=float(beta), rank=rank, pairs=pairs)
            compared.append(check(Playground(rng.normal(size=(4, dim)), info.name, symm)))
    # In a mirror image official positives tie exactly: x_i . x_j = x_i' . x_j = x_i . x_j'.
    assert sum(compared) > 0.4 * len(compared)


@pytest.mark.parametrize("pairs", PAIR_SETS)
@pytest.mark.parametrize("info", LOSSES, ids=lambda info: info.name)
def test_equals_what_trains_where_candidates_tie(info: LossInfo, pairs: PairSet) -> None:
    zero_axis = np.array([[1.0, 0.2], [0.0, 0.0], [0.3, 0.9], [-0.4, 0.5]])
    same_angle = np.array([[0.5, 0.5], [1.0, 1.0], [0.3, 0.9], [-0.4, 0.5]])
    same_points = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    all_one = np.ones((4, 2))
    for points in (zero_axis, same_angle, same_points, all_one):
        for alpha, beta in REFLECTIONS:
            check(Playground(points, info.name, Symm(alpha=alpha, beta=beta, pairs=pairs)))


def test_another_loss_or_pair_set_lowers_the_rank() -> None:
    angular = Playground(np.eye(4), "angular").with_symm(rank=20)
    assert angular.with_loss("npair").symm.rank == 16
    assert angular.with_symm(pairs="official").symm.rank == 12
    assert angular.with_symm(pairs="official").with_loss("lifted").symm.rank == 6
