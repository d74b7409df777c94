"""The losses called as those of pytorch-metric-learning are, and what they say of themselves."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from symmcore.losses import AngularLoss, LiftedStructureLoss, NPairLoss, Symm, TripletLoss
from symmcore.losses.base import MetricLoss

LOSSES = [
    NPairLoss(),
    AngularLoss(),
    TripletLoss(),
    TripletLoss(semihard=True),
    LiftedStructureLoss(),
    NPairLoss(symm=Symm(rank=2)),
    TripletLoss(symm=Symm()),
]


def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(9, 6, generator=generator, dtype=torch.float64)
    return x, torch.tensor([0, 1, 1, 0, 2, 2, 2, 3, 2])


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_none_stands_for_no_miner_and_no_references(loss: MetricLoss) -> None:
    x, y = batch()
    assert loss(x, y, None) == loss(x, y)
    assert loss(x, y, indices_tuple=None, ref_emb=None, ref_labels=None) == loss(x, y)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_pairs_of_a_miner_and_references_are_refused(loss: MetricLoss) -> None:
    x, y = batch()
    pairs = torch.tensor([0]), torch.tensor([3]), torch.tensor([0]), torch.tensor([1])
    with pytest.raises(ValueError, match="indices_tuple must be None: the loss pairs and mines"):
        loss(x, y, pairs)
    with pytest.raises(ValueError, match="ref_emb and ref_labels must be None"):
        loss(x, y, ref_emb=x, ref_labels=y)
    with pytest.raises(ValueError, match="ref_emb and ref_labels must be None"):
        loss(x, y, ref_labels=y)


@pytest.mark.parametrize("kind", [NPairLoss, AngularLoss, TripletLoss, LiftedStructureLoss])
@pytest.mark.parametrize("name", ["miner", "reducer", "distance", "embedding_regularizer"])
def test_parts_of_other_losses_are_refused(kind: type[MetricLoss], name: str) -> None:
    with pytest.raises(TypeError, match=f"^{kind.__name__} takes no {name}: it pairs and mines"):
        kind(**{name: None})  # type: ignore[arg-type]  # what a user of other losses tries


def test_its_text_shows_the_settings() -> None:
    symm = "Symm(alpha=2.0, beta=1.0, rank=3, pairs='paper')"
    assert repr(NPairLoss(0.5, Symm(rank=3))) == f"NPairLoss(l2_reg=0.5, symm={symm})"
    assert repr(AngularLoss(30.0)) == "AngularLoss(angle_deg=30.0, l2_reg=0.002, symm=None)"
    assert repr(TripletLoss(0.3, True)) == "TripletLoss(margin=0.3, semihard=True, symm=None)"
    assert repr(LiftedStructureLoss()) == "LiftedStructureLoss(margin=1.0, symm=None)"


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_transforms_of_torch_func_are_refused_readably(loss: MetricLoss) -> None:
    x, y = batch()
    func: Any = torch.func  # which is not all typed
    calls: tuple[Callable[[], object], ...] = (
        lambda: func.grad(lambda z: loss(z, y))(x),
        lambda: func.vmap(lambda z: loss(z, y))(x[None]),
        lambda: func.jacrev(lambda z: loss(z, y))(x),
    )
    for transformed in calls:
        with pytest.raises(RuntimeError, match=r"cannot be used within torch\.func"):
            transformed()


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_copies_compute_the_same(loss: MetricLoss) -> None:
    x, y = batch()
    assert copy.deepcopy(loss)(x, y) == loss(x, y)
    assert pickle.loads(pickle.dumps(loss))(x, y) == loss(x, y)  # noqa: S301 - our own


def test_images_left_over_take_no_part() -> None:
    x, y = batch()
    alone = x.clone()
    alone[7] = 100.0  # class 3 has one image
    assert NPairLoss()(alone, y) == NPairLoss()(x, y)
    with pytest.raises(ValueError, match="no two of one class"):
        NPairLoss()(x[:2], y[:2])
