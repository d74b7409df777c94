"""What ``symmviz bench loss`` compares the losses with, and how a batch for it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from symmcore.losses import MetricLoss, NPairLoss, Symm, build_loss
from symmcore.losses.backends.numba.availability import serves
from symmcore.settings.symm import PAIR_SETS

Objective = Callable[[Tensor], Tensor]  # embeddings (2 G, D) to a scalar

_NORM = 2.0  # of an embedding; no share of the softmax is then rounded to zero


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of one class each, one after the other.

    Attributes:
        embeddings: float32 of shape (2 G, D), a leaf that wants a gradient.
        labels: int64 of shape (2 G,), on the CPU.
    """

    embeddings: Tensor
    labels: Tensor

    def run(self, objective: Objective) -> None:
        """Forward and backward."""
        self.embeddings.grad = None
        # torch does not say what its backward returns.
        objective(self.embeddings).backward()


def make_batch(groups: int, dim: int, device: str = "cpu") -> Batch:
    """A batch of ``groups`` classes with two random embeddings each, always the same."""
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(2 * groups, dim, generator=generator) * (_NORM / dim**0.5)
    labels = torch.arange(groups).repeat_interleave(2)
    return Batch(embeddings.to(device).requires_grad_(), labels)


def plain(embeddings: Tensor) -> Tensor:
    """N-pair loss with nothing around it: no labels, no norm penalty (Eq. 7)."""
    first, second = embeddings.view(-1, 2, embeddings.shape[1]).unbind(1)
    products = first @ second.T
    return (products.logsumexp(1) - products.diagonal()).mean()


def plain_cross_entropy(embeddings: Tensor) -> Tensor:
    """The same, by torch's own cross entropy."""
    first, second = embeddings.view(-1, 2, embeddings.shape[1]).unbind(1)
    target = torch.arange(len(first), device=first.device)
    return torch.nn.functional.cross_entropy(first @ second.T, target)


def sixteen_matrices(embeddings: Tensor) -> Tensor:
    """Symm N-pair the obvious way: 16 products, stacked, and their maximum (Eq. 8)."""
    first, second = embeddings.view(-1, 2, embeddings.shape[1]).unbind(1)
    dot = (first * second).sum(1, keepdim=True)
    on_second = 2 * dot / (second * second).sum(1, keepdim=True)
    on_first = 2 * dot / (first * first).sum(1, keepdim=True)
    points = (first, second, on_second * second - first, on_first * first - second)
    hardest = torch.stack([p @ n.T for p in points for n in points]).max(0).values
    positive = torch.eye(len(first), dtype=torch.bool, device=first.device)
    exponents = torch.where(positive, dot, hardest)
    return (exponents.logsumexp(1) - dot[:, 0]).mean()


def plain_variants(batch: Batch) -> dict[str, Objective]:
    """The plain N-pair losses; the fastest of them is the reference."""
    return {
        "plain (logsumexp)": plain,
        "plain (cross entropy)": plain_cross_entropy,
        "plain (symmcore's baseline)": of_loss(NPairLoss(), batch),
    }


def of_loss(loss: MetricLoss, batch: Batch) -> Objective:
    """One of this library's losses as a function of the embeddings."""
    return lambda embeddings: loss(embeddings, batch.labels)


def symm_paths(batch: Batch) -> dict[str, Objective]:
    """Symm N-pair by each path that computes it on the device of the batch."""
    loss = NPairLoss(symm=Symm())
    if batch.embeddings.is_cuda:
        return {"gpu": of_loss(loss, batch)}
    eager = NPairLoss(symm=Symm())
    eager.compiled = False
    if not serves(batch.embeddings):
        return {"eager": of_loss(eager, batch)}
    return {"compiled": of_loss(loss, batch), "eager": of_loss(eager, batch)}


def own_losses(name: str, batch: Batch) -> dict[str, Objective]:
    """A loss of the catalogue, its baseline and with Symm."""
    return {
        name: of_loss(build_loss(name), batch),
        f"{name}+symm": of_loss(build_loss(name, Symm()), batch),
    }


def pair_sets(batch: Batch, rank: int) -> dict[str, Objective]:
    """Symm N-pair at a rank, among the paper's 16 pairs and among those of the authors' code."""
    return {
        pairs: of_loss(NPairLoss(symm=Symm(rank=rank, pairs=pairs)), batch) for pairs in PAIR_SETS
    }


def metric_learning_losses(batch: Batch) -> dict[str, Objective] | None:
    """pytorch-metric-learning's losses on the same batch; None if it is not installed."""
    try:
        from pytorch_metric_learning import losses as others
    except ImportError:
        return None
    labels = batch.labels.to(batch.embeddings.device)

    def call(loss: Callable[[Tensor, Tensor], Tensor], embeddings: Tensor) -> Tensor:
        return loss(embeddings, labels)

    return {
        "npair": partial(call, others.NPairsLoss()),
        "angular": partial(call, others.AngularLoss()),
        "triplet": partial(call, others.TripletMarginLoss(margin=0.2)),
        "lifted": partial(call, others.LiftedStructureLoss()),
    }
