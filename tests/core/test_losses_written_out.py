"""The losses written out for reading: against explicit loops, and the losses that train with them.

No two candidates of these batches tie up to rounding, so that gradients are one and the same.
"""

from collections.abc import Callable
from functools import partial

import oracle
import pytest
import torch
from loss_cases import BATCHES, SYMMS, Batch, batch, expect, relative_error, run
from torch import Tensor

from symmcore.losses import Symm, reference

Written = Callable[[Tensor, Tensor, Tensor, Symm | None], Tensor]

WRITTEN: dict[str, Written] = {
    "npair": reference.npair,
    "angular": reference.angular,
    "triplet": reference.triplet,
    "triplet-semihard": partial(reference.triplet, semihard=True),
    "lifted": reference.lifted_structure,
}
LARGER = batch([c % 17 for c in range(75)], dim=16, seed=5, scale=0.5)
MORE_SYMMS = {**SYMMS, "rank3": Symm(rank=3), "official, far": Symm(1.7, 0.9, pairs="official")}


def written_out(name: str, symm: Symm | None, data: Batch) -> tuple[Tensor, Tensor]:
    """Loss and gradient by the formulas of ``symmcore.losses.reference``."""
    leaf = data.embeddings.clone().requires_grad_()
    pairs = torch.tensor(oracle.groups(data.labels.tolist()))
    x_i, x_j = leaf[pairs].unbind(1)
    loss = WRITTEN[name](x_i, x_j, data.labels[pairs[:, 0]], symm)
    loss.backward()
    assert leaf.grad is not None
    return loss.detach(), leaf.grad


def test_every_loss_is_written_out() -> None:
    assert set(WRITTEN) == set(oracle.LOSSES)


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("symm", MORE_SYMMS.values(), ids=MORE_SYMMS)
@pytest.mark.parametrize("name", WRITTEN)
def test_the_formulas_give_what_explicit_loops_give(
    name: str, symm: Symm | None, data: Batch
) -> None:
    loss, gradient = written_out(name, symm, data)
    expected, by_loops, _ = expect(name, symm, data.embeddings, data.labels)
    assert relative_error(loss, expected) < 1e-10
    assert relative_error(gradient, by_loops) < 1e-10


@pytest.mark.parametrize("symm", MORE_SYMMS.values(), ids=MORE_SYMMS)
@pytest.mark.parametrize("name", WRITTEN)
def test_the_losses_that_train_give_what_the_formulas_give(name: str, symm: Symm | None) -> None:
    result, gradient = run(name, symm, LARGER.embeddings, LARGER.labels)
    expected, by_formula = written_out(name, symm, LARGER)
    assert relative_error(result.loss.detach(), expected) < 1e-10
    assert relative_error(gradient, by_formula) < 1e-10
