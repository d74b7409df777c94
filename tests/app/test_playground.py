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
from symmviz.model.playground import (
    LOSSES,
    PLANE,
    PRESETS,
    SPHERE,
    START,
    Plane,
    Playground,
    Preset,
    Sphere,
    details,
    on_other_space,
    outcome,
    outline_radius,
    sentence,
)
from symmviz.model.playground.spaces import LONGEST

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
    angular = Playground(np.eye(4), "angular").with_symm(Symm(rank=20))
    assert angular.with_loss("npair").symm.rank == 16
    official = angular.with_symm(Symm(rank=20, pairs="official"))
    assert official.symm.rank == 12
    assert official.with_loss("lifted").symm.rank == 6


class TestWords:
    def test_name_the_pick_and_both_values(self) -> None:
        points = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0], [-0.6, 0.0]])
        playground = Playground(points)  # x_k' is (-0.28, 0.96), x_m' is (0, 1)
        assert sentence(playground, outcome(playground)) == (
            "The hardest of 16 pairs is x_k' and x_m': synthetic points, product 0.96 against "
            "0.00 among originals"
        )
        second = playground.with_symm(Symm(rank=2))
        assert sentence(second, outcome(second)).startswith("The 2nd hardest of 16 pairs is ")

    def test_say_what_a_baseline_compares(self) -> None:
        points = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, -1.0], [-1.0, 0.0]])
        for loss, words in (
            ("npair", "N-pair compares x_k with x_n (-1.00) and x_m with x_l (-0.80)"),
            ("angular", "Angular compares x_k + x_l with x_n (-1.60) and x_m + x_n with x_l"),
            ("triplet", "Triplet compares the four pairs of originals; the nearest are 1.41 apart"),
        ):
            playground = Playground(points, loss, synthesises=False)
            assert words in sentence(playground, outcome(playground))

    def test_say_how_the_synthetic_points_lie(self) -> None:
        cosine, sine = np.cos(np.radians(40)), np.sin(np.radians(40))
        points = np.array([[1.0, 0.0], [cosine, sine], [0.0, -1.0], [-1.0, 0.0]])
        assert details(Playground(points)) == (
            "x_k and x_l are t = 40\N{DEGREE SIGN} apart, x_k' and x_l' 3t, so their cosine is "
            "cos 3t = -0.50, not cos t = 0.77."
        )
        found = outcome(Playground(points)).points[0]
        assert found[2] @ found[3] == pytest.approx(np.cos(np.radians(120)))
        zero = Playground(points).moved(1, np.zeros(2))
        assert details(zero) == "x_l is zero, an axis without a direction: x_k' is x_k."
        assert "one direction" in details(Playground(points).moved(1, points[0] * 2))


class TestPresets:
    def test_show_what_they_say(self) -> None:
        helps, same, triple, zero = (preset.playground(2) for preset in PRESETS)
        pick = outcome(helps).picks[0]
        assert pick.candidate.synthetic == 2
        assert pick.value > pick.best_original + 0.5
        assert outcome(same).picks[0].candidate.synthetic == 0
        assert "t = 40" in details(triple)
        assert "x_l is zero" in details(zero)

    @pytest.mark.parametrize("preset", [one for one in PRESETS if not one.plane_only])
    def test_lie_on_the_sphere(self, preset: Preset) -> None:
        points = preset.playground(SPHERE).points
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0)

    def test_another_space_keeps_the_settings(self) -> None:
        start = START.playground(PLANE).with_loss("lifted")
        lifted = on_other_space(start, SPHERE)
        np.testing.assert_allclose(np.linalg.norm(lifted.points, axis=1), 1.0)
        assert on_other_space(lifted, PLANE).loss == "lifted"
        zero = on_other_space(PRESETS[-1].playground(PLANE), SPHERE)
        np.testing.assert_allclose(np.linalg.norm(zero.points, axis=1), 1.0)


class TestSpaces:
    @pytest.mark.parametrize("turn", [0.0, 2.0])
    def test_a_point_is_placed_where_it_is_seen(self, turn: float) -> None:
        sphere = Sphere().turned(turn, 0.3)
        points = np.random.default_rng(0).normal(size=(20, 3))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        for point in points:
            x, y, _ = sphere.project(point)
            np.testing.assert_allclose(sphere.place(float(x), float(y), point), point, atol=1e-9)

    def test_beside_the_sphere_is_its_outline(self) -> None:
        sphere = Sphere()
        placed = sphere.place(5.0, 0.0, np.array([1.0, 0.0, 0.0]))
        assert np.linalg.norm(placed) == pytest.approx(1.0)
        assert float(sphere.project(placed)[0]) == pytest.approx(outline_radius())

    def test_a_nudge_goes_where_the_key_points(self) -> None:
        for space, point in ((Plane(), np.array([0.5, 0.5])), (Sphere(), np.eye(3)[2])):
            before = space.project(point)
            right = space.project(space.nudged(point, 0.1, 0.0)) - before
            up = space.project(space.nudged(point, 0.0, 0.1)) - before
            assert right[0] > 0.05
            assert abs(right[1]) < 0.02
            assert up[1] > 0.05
            assert abs(up[0]) < 0.02

    def test_a_plane_snaps_to_the_origin_and_ends(self) -> None:
        old = np.array([0.5, 0.5])
        assert Plane().place(0.01, -0.02, old).tolist() == [0.0, 0.0]
        assert np.linalg.norm(Plane().place(30.0, 40.0, old)) == pytest.approx(LONGEST)
        assert np.linalg.norm(Plane().nudged(old, 30.0, 40.0)) == pytest.approx(LONGEST)
