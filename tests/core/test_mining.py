import math

import oracle
import pytest
import torch
from loss_cases import SYMMS, batch, picks_of
from torch import Tensor

from symmcore.losses import PointType, Selection, Symm, build_loss
from symmcore.mining import (
    Candidates,
    Miner,
    measure,
    normalise,
    pair_candidates,
    pair_groups,
    tie_tolerance,
    tiles,
    triplet_candidates,
)
from symmcore.settings.symm import PairSet

CPU = torch.device("cpu")


# --- groups


@pytest.mark.parametrize("seed", range(10))
def test_groups_are_the_pairs_of_each_class_in_batch_order(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-3, 4, (37,), generator=generator)
    groups = pair_groups(labels, CPU)
    assert groups.members.T.tolist() == [list(pair) for pair in oracle.groups(labels.tolist())]
    assert groups.labels.tolist() == labels[groups.members[0]].tolist()
    assert torch.equal(labels[groups.members[0]], labels[groups.members[1]])


@pytest.mark.parametrize("seed", range(10))
def test_pairs_side_by_side_are_found_by_the_same_rule(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-3, 4, (18,), generator=generator).repeat_interleave(2)
    groups = pair_groups(labels, CPU)
    assert groups.members.T.tolist() == [list(pair) for pair in oracle.groups(labels.tolist())]
    assert groups.members.is_contiguous()
    # one exchange, and they are side by side no longer
    labels[[0, 3]] = labels[[3, 0]]
    groups = pair_groups(labels, CPU)
    assert groups.members.T.tolist() == [list(pair) for pair in oracle.groups(labels.tolist())]


def test_an_odd_image_takes_no_part() -> None:
    labels = torch.tensor([5, 8, 5, 5, 8, 9])
    assert pair_groups(labels, CPU).members.T.tolist() == [[0, 2], [1, 4]]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 2, 3], "the batch held 3 images of 3 classes and no two of one class"),
        ([4, 4, 4, 4, 2], "held 5 images of 2 classes, of which only class 4 has two images"),
    ],
)
def test_a_batch_without_negatives_says_what_it_held(labels: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        pair_groups(torch.tensor(labels), CPU)
    assert "at least two classes with two images each are needed" in str(raised.value)


# --- candidates


def types_of(candidates: Candidates) -> list[oracle.Types]:
    return [(*r, c) for r, c in zip(candidates.rows, candidates.columns, strict=True)]


def test_the_candidates_are_those_of_the_method() -> None:
    for pairs in ("paper", "official"):
        of_pairs = pair_candidates(pairs)
        assert set(types_of(of_pairs)) == set(oracle.pair_types(pairs))
        of_triplets = triplet_candidates(pairs)
        assert set(types_of(of_triplets)) == set(oracle.triplet_types(pairs))
    assert [len(pair_candidates(pairs)) for pairs in ("paper", "official")] == [16, 6]
    assert [len(triplet_candidates(pairs)) for pairs in ("paper", "official")] == [24, 12]


# --- against all products at once, over several tiles


def synthetic_points(points: Tensor, symm: Symm) -> Tensor:
    """The four points of each group, (4, G, D), made as vectors."""
    rows = [
        torch.stack(oracle.four_points(x_i, x_j, symm)) for x_i, x_j in zip(*points, strict=True)
    ]
    return torch.stack(rows, 1)


def all_values(points: Tensor, kinds: list[oracle.Types], nearest: bool) -> Tensor:
    """Value of each candidate for each pair of groups, (K, G, G), larger is harder."""
    values = []
    for *rows, column in kinds:
        if nearest:
            difference = points[rows[0]][:, None] - points[column][None]
            values.append(-difference.square().sum(-1))
        else:
            values.append(torch.stack([points[row] for row in rows]).sum(0) @ points[column].T)
    return torch.stack(values)


SEVERAL_RANKS = [symm for symm in SYMMS.values() if symm and symm.rank <= 6]
SEARCHES = [
    (symm, kind)
    for symm in SEVERAL_RANKS
    for kind in ("products", "distances", "triplets")
    # On the sphere a projection coincides with the other original: all of it would be ties.
    if not (symm.alpha == 1.0 and kind == "distances")
]


@pytest.mark.parametrize(("symm", "kind"), SEARCHES, ids=str)
def test_picks_and_gradients_over_several_tiles(
    symm: Symm, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "_CPU_BLOCK", 16)
    groups = 40  # three blocks, the last one smaller
    nearest = kind == "distances"
    generator = torch.Generator().manual_seed(5)
    points = torch.randn(2, groups, 6, generator=generator, dtype=torch.float64)
    if nearest:
        points = normalise(points)
    leaf = points.clone().requires_grad_()
    candidates = (triplet_candidates if kind == "triplets" else pair_candidates)(symm.pairs)
    miner = Miner(symm, candidates)
    geometry = measure(leaf)
    mined = miner.squared_distances(geometry, 1e-12) if nearest else miner.products(geometry)

    judged = points.clone().requires_grad_()
    kinds = types_of(candidates)
    values = all_values(synthetic_points(judged, symm), kinds, nearest)
    place = values.detach().argsort(dim=0, descending=True)[symm.rank - 1]
    upper = torch.ones(groups, groups).triu(1) > 0
    compared = upper if candidates.symmetric else upper | upper.T
    expected = values.gather(0, place[None])[0] * (-1 if nearest else 1)
    torch.testing.assert_close(mined.values[compared], expected[compared], rtol=1e-9, atol=1e-11)
    codes = mined.codes.matrix().long()
    assert torch.equal(codes[compared], place[compared])
    weights = torch.randn(groups, groups, generator=generator, dtype=torch.float64)
    (mined.values * weights)[compared].sum().backward()
    (expected * weights)[compared].sum().backward()
    torch.testing.assert_close(leaf.grad, judged.grad, rtol=1e-8, atol=1e-9)
    if candidates.symmetric:
        torch.testing.assert_close(mined.values, mined.values.T)
        assert torch.equal(torch.tensor(candidates.exchanged())[codes].T[upper], codes[upper])


# --- ties


def selection_of(name: str, embeddings: Tensor, symm: Symm | None = None) -> Selection:
    labels = torch.arange(len(embeddings) // 2).repeat_interleave(2)
    selection = build_loss(name, symm or Symm()).detailed(embeddings, labels).selection
    assert selection is not None
    return selection


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["npair", "triplet", "lifted"])
@pytest.mark.parametrize("seed", range(5))
def test_identical_images_of_a_group_pick_originals(
    name: str, dtype: torch.dtype, seed: int
) -> None:
    # All four points of a group coincide: everything ties, and the first original wins.
    half = batch([0] * 8, dim=33, seed=seed).embeddings.to(dtype)
    selection = selection_of(name, half.repeat_interleave(2, 0))
    negatives = selection.negatives
    assert (selection.row_types[0][negatives] == PointType.I).all()
    assert (selection.column_types[negatives] == PointType.I).all()
    assert selection.synthetic_ratio == 0.0
    assert selection.counts[0, 0] == selection.counts.sum() == 8 * 7


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_images_pick_two_different_originals_for_the_angular_loss(
    dtype: torch.dtype,
) -> None:
    half = batch([0] * 6, dim=33, seed=1).embeddings.to(dtype)
    selection = selection_of("angular", half.repeat_interleave(2, 0))
    kinds = torch.cat((selection.row_types, selection.column_types[None]))
    assert (kinds[:, selection.negatives] == torch.tensor([[0], [1], [0]])).all()
    assert selection.counts.tolist() == [[30, 0, 0, 0], [30, 0, 0, 0], [0] * 4, [0] * 4]


def test_of_tied_pairs_the_one_with_fewest_synthetic_points_wins() -> None:
    # About j = (1, 0), i = (1, 1) becomes i' = (1, -1). With h at (4, 0), (8, 0): every point
    # of g but j' has product 8 with x_j of h, and h's images all lie on their line.
    g = torch.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    h = torch.tensor([[4.0, 0.0], [8.0, 0.0]], dtype=torch.float64)
    for first, second in ((g, h), (h, g)):
        selection = selection_of("npair", torch.cat((first, second)))
        picked = (int(selection.row_types[0, 0, 1]), int(selection.column_types[0, 1]))
        assert picked == ((0, 1) if first is g else (1, 0))
        back = (int(selection.row_types[0, 1, 0]), int(selection.column_types[1, 0]))
        assert back == picked[::-1]


def test_a_tie_of_two_mixed_pairs_goes_to_the_first_in_order_of_the_smaller_group() -> None:
    # With h a symmetric matrix times g, the products of (i, j) and (j, i) are equal.
    generator = torch.Generator().manual_seed(0)
    mixed = 0
    for _ in range(40):
        g, matrix = torch.randint(-3, 4, (2, 3, 3), generator=generator).double()
        first = torch.cat((g[:2], g[:2] @ (matrix + matrix.T)))
        judge = oracle.Oracle(first, [0, 0, 1, 1], Symm())
        oracle.npair(judge)
        selection = selection_of("npair", first)
        found = (int(selection.row_types[0, 0, 1]), int(selection.column_types[0, 1]))
        back = (int(selection.row_types[0, 1, 0]), int(selection.column_types[1, 0]))
        assert found == judge.picked[0, 1]
        assert back == found[::-1]
        mixed += found[0] != found[1]
    assert mixed > 5


@pytest.mark.parametrize("name", ["npair", "angular", "triplet"])
@pytest.mark.parametrize("pairs", ["paper", "official"])
def test_exact_ties_are_broken_as_the_oracle_breaks_them(name: str, pairs: PairSet) -> None:
    # Small integers, so that many products and distances are equal, and only exactly so.
    generator = torch.Generator().manual_seed(1)
    not_first = 0
    for _ in range(60):
        embeddings = torch.randint(-1, 2, (6, 3), generator=generator).double()
        labels = torch.tensor([0, 0, 1, 1, 2, 2])
        symm = Symm(pairs=pairs)
        result = build_loss(name, symm).detailed(embeddings, labels)
        judge = oracle.Oracle(embeddings, labels.tolist(), symm)
        oracle.LOSSES[name](judge)
        assert picks_of(result) == judge.picked
        first = oracle.Oracle(embeddings, labels.tolist(), symm, fewest_synthetic=False)
        oracle.LOSSES[name](first)
        not_first += first.picked != judge.picked
    # The six pairs of the official code come in that order anyway.
    assert (not_first > 0) == (pairs == "paper" or name == "angular")


NEAR_AND_APART = [(torch.float64, 1e-13, 1e-11), (torch.float32, 4e-6, 2e-5)]


@pytest.mark.parametrize(("dtype", "near", "apart"), NEAR_AND_APART)
def test_how_near_products_count_as_tied(dtype: torch.dtype, near: float, apart: float) -> None:
    def picked(excess: float) -> int:
        # The product of i = (1, 1) in g with i = (1, -e / 2) in h is smaller by e than that
        # with the latter's image about (1, 0), which is (1, e / 2).
        g = torch.tensor([[1.0, 1.0], [0.5, 0.0]], dtype=dtype)
        h = torch.tensor([[1.0, -excess / 2], [0.1, 0.0]], dtype=dtype)
        selection = selection_of("npair", torch.cat((g, h)))
        assert selection.row_types[0, 0, 1] == PointType.I
        return int(selection.column_types[0, 1])

    assert picked(near) == PointType.I
    assert picked(apart) == PointType.I_SYNTHETIC


@pytest.mark.parametrize("tolerance", [1e-5, 1e-12])
@pytest.mark.parametrize(("share", "column"), [(0.8, PointType.J), (1.2, PointType.I_SYNTHETIC)])
def test_how_near_distances_count_as_tied(
    tolerance: float, share: float, column: PointType
) -> None:
    # Seen from g at an angle t, j of h lies at 0, i at -e and the image of i at e, so that the
    # chords to j and to the nearest, the image, differ relatively by e / (2 tan(t / 2)).
    t = 0.5
    e = share * tolerance * 2.0 * math.tan(t / 2)
    g = torch.tensor([[math.cos(t), math.sin(t)]] * 2, dtype=torch.float64)
    h = torch.tensor([[math.cos(e), -math.sin(e)], [1.0, 0.0]], dtype=torch.float64)
    miner = Miner(Symm(), pair_candidates("paper"))
    mined = miner.squared_distances(measure(torch.stack((g, h), 1)), tolerance)
    code = int(mined.codes.matrix()[0, 1])
    assert types_of(miner.candidates)[code] == (PointType.I, column)


def test_the_type_of_the_embeddings_decides_how_near_is_tied() -> None:
    assert tie_tolerance(torch.float64) == 1e-12
    assert {tie_tolerance(t) for t in (torch.float32, torch.float16, torch.bfloat16)} == {1e-5}


@pytest.mark.parametrize("name", ["triplet", "lifted"])
def test_rounding_does_not_hide_a_tie_of_small_distances(name: str) -> None:
    # Identical pairs so close to each other that products in float64 cannot tell them apart.
    generator = torch.Generator().manual_seed(0)
    half = 1.0 + 1e-9 * torch.randn(12, 100, generator=generator, dtype=torch.float64)
    selection = selection_of(name, half.repeat_interleave(2, 0))
    assert selection.synthetic_ratio == 0.0


def test_the_gradient_goes_to_the_pick_alone() -> None:
    # Identical images tie: with the sum over all ties both would get a gradient.
    half = batch([0, 0, 0], dim=4, seed=2).embeddings
    points = torch.stack((half, half)).requires_grad_()
    mined = Miner(Symm(), pair_candidates("paper")).products(measure(points))
    mined.values[0, 1].backward()
    expected = torch.zeros_like(points)
    expected[0, 0], expected[0, 1] = half[1], half[0]
    assert points.grad is not None
    assert torch.equal(points.grad, expected)


def test_a_rank_beyond_the_first_has_no_tie_rule() -> None:
    half = batch([0] * 3, dim=9, seed=3).embeddings
    points = torch.stack((half, half))
    values = [
        Miner(Symm(rank=rank), pair_candidates("paper")).products(measure(points)).values
        for rank in (1, 7, 16)
    ]
    torch.testing.assert_close(values[1], values[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(values[2], values[0], rtol=1e-12, atol=1e-12)


# --- what is kept


def test_the_selection_is_of_the_device_and_of_ordered_pairs() -> None:
    data = batch([0, 0, 1, 1, 1, 1, 2, 2], seed=7)
    selection = build_loss("npair", Symm()).detailed(data.embeddings, data.labels).selection
    assert selection is not None
    assert selection.groups.T.tolist() == [list(g) for g in oracle.groups(data.labels.tolist())]
    labels = data.labels[selection.groups[0]]
    assert torch.equal(selection.negatives, labels[:, None] != labels[None])
    table = selection.counts
    assert table.dtype == torch.int64
    assert table.sum() == selection.negatives.sum()
    assert torch.equal(table, table.T)
    synthetic = table[2:].sum() + table[:, 2:].sum()
    assert selection.synthetic_ratio == int(synthetic) / (2 * int(table.sum()))


def test_the_block_of_the_cpu_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(5)
    points = torch.randn(2, 200, 6, generator=generator, dtype=torch.float64)
    miner = Miner(Symm(), pair_candidates("paper"))
    found = miner.products(measure(points))
    monkeypatch.setattr(tiles, "_CPU_BLOCK", 1000)
    whole = miner.products(measure(points))
    torch.testing.assert_close(found.values, whole.values)
    off_diagonal = ~torch.eye(200, dtype=torch.bool)
    assert torch.equal(found.codes.matrix()[off_diagonal], whole.codes.matrix()[off_diagonal])


def test_tables_made_in_inference_mode_serve_training() -> None:
    from symmcore.mining.candidates import code_tables

    code_tables.cache_clear()
    data = batch([0, 0, 1, 1], seed=1)
    loss = build_loss("npair", Symm())
    with torch.inference_mode():
        loss(data.embeddings, data.labels)
    leaf = data.embeddings.clone().requires_grad_()
    loss(leaf, data.labels).backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
