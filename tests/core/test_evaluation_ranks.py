"""Ranks by tiles against loops."""

import pytest
import torch
from torch import Tensor

from symmcore.evaluation import ranks, recall_at_k
from symmcore.mining import cross_products


def expected_ranks(points: Tensor, labels: list[int]) -> list[int | None]:
    """Walk the gallery of each query in order of similarity, then index, to the first hit."""
    found: list[int | None] = []
    for q, query in enumerate(points):
        others = [n for n in range(len(points)) if n != q]
        order = sorted(others, key=lambda n: (-float(query @ points[n]), n))
        place = [labels[n] == labels[q] for n in order]
        found.append(place.index(True) if True in place else None)
    return found


def check(points: Tensor, labels: list[int]) -> None:
    found = ranks.ranks(points, torch.tensor(labels)).tolist()
    any_before = ranks.ranks(points, torch.tensor(labels), (1,)) >= 1
    expected_places = expected_ranks(points, labels)
    for place, any_, expected in zip(found, any_before.tolist(), expected_places, strict=True):
        if expected is not None:
            assert place == expected
            assert any_ == (expected >= 1)


@pytest.fixture(params=[1, 5, 16, 1000])
def tile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "_CPU_TILE", request.param)
    monkeypatch.setattr(ranks, "_ROWS_ELEMENTS", 150)


@pytest.mark.usefixtures("tile")
@pytest.mark.parametrize("seed", range(3))
def test_random_points(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(70, 6, generator=generator, dtype=torch.float64)
    labels = torch.randint(-3, 9, (70,), generator=generator).tolist()
    check(points / points.norm(dim=1, keepdim=True), labels)


@pytest.mark.usefixtures("tile")
def test_ties_of_different_points() -> None:
    # Whole numbers: every product is exact, and many are equal.
    generator = torch.Generator().manual_seed(1)
    points = torch.randint(-1, 2, (60, 3), generator=generator).double()
    check(points, torch.randint(6, (60,), generator=generator).tolist())


@pytest.mark.usefixtures("tile")
@pytest.mark.parametrize("dim", [3, 129])
def test_copies_in_other_classes_tie_exactly(dim: int) -> None:
    generator = torch.Generator().manual_seed(dim)
    distinct = torch.nn.functional.normalize(torch.randn(12, dim, generator=generator), dim=1)
    copies = torch.randint(12, (60,), generator=generator)
    labels = torch.randint(8, (60,), generator=generator)
    points = distinct[copies]
    # Similarities of the distinct points in float32, each computed once.
    once = [[float(a @ b) for b in distinct] for a in distinct]
    gaps = [abs(x - y) for row in once for x in row for y in row if x != y]
    assert min(gaps) > 1e-6  # so that copies alone can tie
    found = ranks.ranks(points, labels).tolist()
    for q in range(60):
        others = [n for n in range(60) if n != q]
        order = sorted(others, key=lambda n: (-once[copies[q]][copies[n]], n))
        place = [bool(labels[n] == labels[q]) for n in order]
        assert True in place
        assert found[q] == place.index(True)


def test_the_order_of_the_images_does_not_matter() -> None:
    generator = torch.Generator().manual_seed(2)
    points = torch.nn.functional.normalize(torch.randn(90, 8, generator=generator), dim=1)
    labels = torch.randint(9, (90,), generator=generator)
    order = torch.randperm(90, generator=generator)
    found = ranks.ranks(points, labels)
    assert torch.equal(ranks.ranks(points[order], labels[order]), found[order])


def test_only_one_tile_exists_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "_CPU_TILE", 16)
    shapes = []
    original = cross_products

    def counted(left: Tensor, right: Tensor) -> Tensor:
        shapes.append((len(left), len(right)))
        return original(left, right)

    monkeypatch.setattr(ranks, "cross_products", counted)
    generator = torch.Generator().manual_seed(3)
    points = torch.nn.functional.normalize(torch.randn(200, 8, generator=generator), dim=1)
    ranks.ranks(points, torch.arange(200) // 2)
    assert max(rows * columns for rows, columns in shapes) == 16 * 16
    # 13 x 13 tiles: those on and above the diagonal, and on it once more.
    assert len(shapes) == 13 * 14 // 2 + 13
    shapes.clear()
    ranks.ranks(points, torch.arange(200) // 2, (1,))
    assert max(rows * columns for rows, columns in shapes) == 32 * 32
    assert len(shapes) == 7 * 8 // 2


@pytest.mark.parametrize("spread", [3e-3, 5e-4, 1e-5])
def test_embeddings_that_nearly_coincide_are_told_apart(spread: float) -> None:
    """Their products in float32 are all 1, or nearly so."""
    generator = torch.Generator().manual_seed(4)
    labels = torch.arange(120) // 4
    points = torch.randn(30, 16, generator=generator)[labels]
    points += 0.5 * torch.randn(120, 16, generator=generator)
    embeddings = 1.0 + spread * points
    features = torch.nn.functional.normalize(embeddings.double(), dim=1)
    assert features.mean(0).square().sum() > 1.0 - 2.0 * spread**2
    before = [rank for rank in expected_ranks(features, labels.tolist()) if rank is not None]
    found = recall_at_k(embeddings, labels, (1, 2, 4))
    assert found.at == {k: sum(rank < k for rank in before) / 120 for k in (1, 2, 4)}
    assert recall_at_k(embeddings, labels, (1,)).at[1] == found.at[1]
    assert 0.5 < found.at[1] < 1.0


@pytest.mark.usefixtures("tile")
def test_ranks_that_decide_nothing_may_stay_undecided() -> None:
    generator = torch.Generator().manual_seed(5)
    points = torch.randint(-1, 2, (60, 3), generator=generator).double()
    labels = torch.randint(6, (60,), generator=generator)
    whole = ranks.ranks(points, labels)
    for ks in ((1,), (2, 5)):
        found = ranks.ranks(points, labels, ks)
        for k in ks:
            assert torch.equal(found < k, whole < k)


def test_all_images_alike_are_ranked_by_index_alone() -> None:
    labels = torch.tensor([2, 0, 1, 0, 2, 1])
    assert ranks.ranks(torch.ones(6, 4), labels).tolist() == [3, 2, 4, 1, 0, 2]
