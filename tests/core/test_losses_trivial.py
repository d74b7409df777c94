"""Where a loss rests once an embedding has collapsed, and which of its terms are zero."""

import math

import pytest
import torch
from loss_cases import BATCHES, SYMMS, Batch
from oracle import groups
from torch import Tensor

from symmcore.losses import Symm, build_loss

NAMES = ["npair", "angular", "triplet", "triplet-semihard", "lifted"]
NORMALISED = NAMES[2:]


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("symm", SYMMS.values(), ids=SYMMS)
@pytest.mark.parametrize("name", NAMES)
def test_is_the_loss_of_zero_embeddings(name: str, symm: Symm | None, data: Batch) -> None:
    loss = build_loss(name, symm)
    expected = float(loss(torch.zeros_like(data.embeddings), data.labels))
    assert loss.trivial_loss(data.labels) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", NORMALISED)
def test_is_the_loss_of_equal_embeddings_where_they_are_normalised(
    name: str, symm: Symm | None
) -> None:
    labels = torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])
    equal = torch.full((8, 4), 0.7, dtype=torch.float64)
    loss = build_loss(name, symm)
    assert float(loss(equal, labels)) == pytest.approx(loss.trivial_loss(labels), rel=1e-6)


def test_is_what_people_know_it_as() -> None:
    labels = torch.arange(64).repeat_interleave(2)
    assert build_loss("npair").trivial_loss(labels) == pytest.approx(math.log(64))
    assert build_loss("triplet-semihard").trivial_loss(labels) == pytest.approx(0.2)
    assert build_loss("lifted", Symm()).trivial_loss(labels) == pytest.approx(
        (math.log(63) + 1.0) ** 2
    )


def test_a_batch_without_two_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two classes"):
        build_loss("npair").trivial_loss(torch.zeros(6, dtype=torch.int64))


def zero_terms(name: str, symm: Symm | None, embeddings: Tensor, labels: Tensor) -> float:
    hinges = build_loss(name, symm).detailed(embeddings, labels).hinges
    assert hinges is not None
    assert not hinges.values.requires_grad
    return hinges.zero_share


def test_zero_terms_of_the_triplet_loss_are_counted() -> None:
    data = BATCHES["repeated classes and leftovers"]
    unit = data.embeddings / data.embeddings.norm(dim=1, keepdim=True)
    labels = data.labels.tolist()
    grouped = [row for group in groups(labels) for row in group]
    terms = []
    for i, j in groups(labels):
        for a, p in ((i, j), (j, i)):
            for k in grouped:
                if labels[k] != labels[a]:
                    d_ap = float((unit[a] - unit[p]).square().sum())
                    d_ak = float((unit[a] - unit[k]).square().sum())
                    terms.append(max(d_ap - d_ak + 0.2, 0.0))
    zero = sum(term == 0.0 for term in terms)
    assert 0 < zero < len(terms)
    found = zero_terms("triplet", None, data.embeddings, data.labels)
    assert found == pytest.approx(zero / len(terms))


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", NORMALISED)
def test_all_terms_are_zero_where_classes_are_far_apart_and_none_where_they_are_one(
    name: str, symm: Symm | None
) -> None:
    labels = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]) * 3.0
    # The lifted structure loss has log(4 negatives) to make up for, with a margin of 1.
    expected = 0.0 if name == "lifted" and symm is None else 1.0
    assert zero_terms(name, symm, apart, labels) == expected
    assert zero_terms(name, symm, torch.ones(4, 2), labels) == 0.0


@pytest.mark.parametrize("name", ["npair", "angular"])
def test_a_sum_of_exponentials_has_no_zero_terms(name: str) -> None:
    data = BATCHES["one group a class"]
    for symm in (None, Symm()):
        assert build_loss(name, symm).detailed(data.embeddings, data.labels).hinges is None
