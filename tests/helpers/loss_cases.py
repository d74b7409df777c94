"""Batches and settings that the tests of all losses share."""

from dataclasses import dataclass

import oracle
import torch
from torch import Tensor

from symmcore.losses import LossResult, Symm, build_loss

SYMMS: dict[str, Symm | None] = {
    "baseline": None,
    "default": Symm(),
    "rank2": Symm(rank=2),
    "rank16": Symm(rank=16),
    "alpha": Symm(alpha=1.5),
    "far": Symm(alpha=2.6, beta=1.3),
    "beta": Symm(beta=0.5),
    "projection": Symm(alpha=1.0),
    "official": Symm(pairs="official"),
    "official-rank6": Symm(alpha=1.4, beta=0.8, rank=6, pairs="official"),
}


@dataclass(frozen=True)
class Batch:
    embeddings: Tensor
    labels: Tensor


def batch(labels: list[int], dim: int = 5, seed: int = 0, scale: float = 1.0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    embeddings = torch.randn(len(labels), dim, generator=generator, dtype=torch.float64)
    return Batch(scale * embeddings, torch.tensor(labels)[order])


BATCHES = {
    "one group a class": batch([c for c in range(5) for _ in range(2)]),
    "repeated classes and leftovers": batch([3, 3, 3, 3, 3, 7, 7, 7, 9, 9, -1, 4, 4], seed=1),
    "two classes": batch([0] * 4 + [1] * 3, dim=3, seed=2, scale=0.3),
    "collapsed": Batch(
        batch([0, 0, 1, 1, 2, 2, 2, 2], seed=3).embeddings * 1e-3 + 1.0,
        batch([0, 0, 1, 1, 2, 2, 2, 2], seed=3).labels,
    ),
}


def run(
    name: str, symm: Symm | None, embeddings: Tensor, labels: Tensor
) -> tuple[LossResult, Tensor]:
    """A loss and its gradient."""
    leaf = embeddings.clone().requires_grad_()
    result = build_loss(name, symm).detailed(leaf, labels)
    result.loss.backward()
    assert leaf.grad is not None
    return result, leaf.grad


def picks_of(result: LossResult) -> dict[tuple[int, int], oracle.Types] | None:
    selection = result.selection
    if selection is None:
        return None
    kinds = torch.cat((selection.row_types, selection.column_types[None]))
    found = selection.negatives.nonzero().tolist()
    return {(g, h): tuple(kinds[:, g, h].tolist()) for g, h in found}


def expect(
    name: str,
    symm: Symm | None,
    embeddings: Tensor,
    labels: Tensor,
    picks: dict[tuple[int, int], oracle.Types] | None = None,
) -> tuple[Tensor, Tensor, oracle.Oracle]:
    """Loss and gradient by the oracle, in float64."""
    leaf = embeddings.double().clone().requires_grad_()
    # What is picked within a class is not told.
    tolerance = 1e-5 if embeddings.dtype == torch.float32 else 1e-12
    judge = oracle.Oracle(leaf, labels.tolist(), symm, tolerance, picks)
    loss = oracle.LOSSES[name](judge)
    loss.backward()
    assert leaf.grad is not None
    return loss.detach(), leaf.grad, judge


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest difference over the largest expected value."""
    difference = (found.double() - expected).abs().max()
    return (difference / expected.abs().max().clamp_min(1e-300)).item()
