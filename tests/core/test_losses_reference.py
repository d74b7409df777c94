"""The baselines against pytorch-metric-learning, where its definitions coincide.

All are compared with two images a class, which is one group a class; with more it pairs every two
images of a class, and N-pair draws pairs at random. Its mean reducers then divide as ours do, but
for the triplet loss, whose sum over triplets we divide by the number of anchors.

- N-pair: the same for given pairs and without our regulariser, which it does not have.
- Angular: the same on normalised embeddings with the second images as references; without
  references both images of a class are negatives, where Eq. 9 has the second one.
- Triplet and lifted structure: the same.
- Semi-hard: the same when its batch-easy-hard miner chooses and every anchor has a negative farther
  than the positive (else it drops the anchor). Its triplet-margin miner keeps all in the margin.
"""

from collections.abc import Callable

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners, reducers
from torch import Tensor, nn

from symmcore.losses import AngularLoss, LiftedStructureLoss, NPairLoss, TripletLoss

GROUPS = 9
LABELS = torch.arange(GROUPS).repeat_interleave(2)
FIRST, SECOND = torch.arange(0, 2 * GROUPS, 2), torch.arange(1, 2 * GROUPS, 2)


@pytest.fixture(params=range(3))
def embeddings(request: pytest.FixtureRequest) -> Tensor:
    generator = torch.Generator().manual_seed(request.param)
    centres = torch.randn(GROUPS, 6, generator=generator, dtype=torch.float64)
    noise = torch.randn(2 * GROUPS, 6, generator=generator, dtype=torch.float64)
    return centres.repeat_interleave(2, 0) + 0.5 * noise


def assert_same(ours: nn.Module, theirs: Callable[[Tensor], Tensor], embeddings: Tensor) -> None:
    gradients = []
    values = []
    for function in (lambda x: ours(x, LABELS), theirs):
        leaf = embeddings.clone().requires_grad_()
        value = function(leaf)
        value.backward()
        values.append(value.detach())
        gradients.append(leaf.grad)
    assert values[0] > 0
    torch.testing.assert_close(values[0], values[1], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-7, atol=1e-10)


def test_npair(embeddings: Tensor) -> None:
    loss = losses.NPairsLoss(distance=distances.DotProductSimilarity(normalize_embeddings=False))
    none = torch.empty(0, dtype=torch.int64)
    pairs = (FIRST, SECOND, none, none)
    assert_same(NPairLoss(l2_reg=0.0), lambda x: loss(x, LABELS, pairs), embeddings)


@pytest.mark.parametrize("angle", [35.0, 45.0])
def test_angular(embeddings: Tensor, angle: float) -> None:
    loss = losses.AngularLoss(alpha=angle)
    normalised = nn.functional.normalize(embeddings)

    def theirs(x: Tensor) -> Tensor:
        # It normalises the first images and their positives, not the references as negatives.
        x = nn.functional.normalize(x)
        value: Tensor = loss(x[FIRST], LABELS[FIRST], ref_emb=x[SECOND], ref_labels=LABELS[SECOND])
        return value

    ours = AngularLoss(angle_deg=angle, l2_reg=0.0)

    class Normalised(nn.Module):
        def forward(self, x: Tensor, labels: Tensor) -> Tensor:
            value: Tensor = ours(nn.functional.normalize(x), labels)
            return value

    assert_same(Normalised(), theirs, normalised)


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_triplet(embeddings: Tensor, margin: float) -> None:
    loss = losses.TripletMarginLoss(
        margin, distance=distances.LpDistance(power=2), reducer=reducers.SumReducer()
    )
    assert_same(TripletLoss(margin), lambda x: loss(x, LABELS) / (2 * GROUPS), embeddings)


def test_semihard_triplet(embeddings: Tensor) -> None:
    miner = miners.BatchEasyHardMiner(pos_strategy="hard", neg_strategy="semihard")
    loss = losses.TripletMarginLoss(
        1.0, distance=distances.LpDistance(power=2), reducer=reducers.SumReducer()
    )
    triplets = miner(embeddings, LABELS)
    assert len(triplets[0]) == 2 * GROUPS
    assert_same(
        TripletLoss(1.0, semihard=True),
        lambda x: loss(x, LABELS, triplets) / (2 * GROUPS),
        embeddings,
    )


@pytest.mark.parametrize("margin", [0.5, 1.0])
def test_lifted_structure(embeddings: Tensor, margin: float) -> None:
    loss = losses.LiftedStructureLoss(neg_margin=margin)
    assert_same(LiftedStructureLoss(margin), lambda x: loss(x, LABELS), embeddings)
