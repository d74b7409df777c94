"""Every loss and setting against explicit loops."""

from collections.abc import Callable

import oracle
import pytest
import torch
from loss_cases import BATCHES, SYMMS, Batch, batch, expect, picks_of, relative_error, run
from torch import Tensor

from symmcore.losses import Symm, build_loss
from symmcore.losses.log_sum import LogSumLoss
from symmcore.settings.symm import PairSet

NAMES = list(oracle.LOSSES)


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("symm", SYMMS.values(), ids=SYMMS)
@pytest.mark.parametrize("name", NAMES)
def test_float64_is_exact(name: str, symm: Symm | None, data: Batch) -> None:
    result, gradient = run(name, symm, data.embeddings, data.labels)
    loss, expected, judge = expect(name, symm, data.embeddings, data.labels)
    assert picks_of(result) == (judge.picked or None)
    assert relative_error(result.loss.detach(), loss) < 1e-10
    assert relative_error(gradient, expected) < 1e-10
    if result.selection is not None:
        assert result.selection.counts.tolist() == judge.counts()
        assert result.selection.synthetic_ratio == judge.synthetic_ratio()


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("symm", SYMMS.values(), ids=SYMMS)
@pytest.mark.parametrize("name", NAMES)
def test_float32_is_close_at_the_same_picks(name: str, symm: Symm | None, data: Batch) -> None:
    embeddings = data.embeddings.float()
    result, gradient = run(name, symm, embeddings, data.labels)
    loss, expected, _ = expect(name, symm, embeddings, data.labels, picks_of(result))
    assert result.loss.dtype == gradient.dtype == torch.float32
    assert relative_error(result.loss.detach(), loss) < 1e-4
    # Where embeddings nearly coincide, what pulls and what pushes cancel to a thousandth.
    assert relative_error(gradient, expected) < (1e-3 if data is BATCHES["collapsed"] else 1e-4)


@pytest.mark.parametrize("rank", [5, 12, 20, 24])
def test_every_rank_of_the_angular_loss(rank: int) -> None:
    data = BATCHES["repeated classes and leftovers"]
    for pairs in ("paper", "official") if rank <= 12 else ("paper",):
        symm = Symm(rank=rank, pairs=pairs)
        result, gradient = run("angular", symm, data.embeddings, data.labels)
        loss, expected, judge = expect("angular", symm, data.embeddings, data.labels)
        assert picks_of(result) == judge.picked
        assert relative_error(result.loss.detach(), loss) < 1e-10
        assert relative_error(gradient, expected) < 1e-10


OFFICIAL = [
    Symm(pairs="official"),
    Symm(1.4, 0.8, 2, "official"),
    Symm(2.6, rank=6, pairs="official"),
]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("data", list(BATCHES.values())[:3], ids=list(BATCHES)[:3])
@pytest.mark.parametrize("symm", OFFICIAL, ids=str)
@pytest.mark.parametrize("name", ["npair", "angular"])
def test_the_authors_loss_to_the_last_digits(
    name: str, symm: Symm, data: Batch, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive is a maximum too, and groups of one class share the target."""
    monkeypatch.setattr(LogSumLoss, "compiled", compiled)
    result, gradient = run(name, symm, data.embeddings, data.labels)
    loss, expected, judge = expect(name, symm, data.embeddings, data.labels)
    assert picks_of(result) == judge.picked
    assert relative_error(result.loss.detach(), loss) < 1e-12
    assert relative_error(gradient, expected) < 1e-12


@pytest.mark.parametrize("symm", [None, Symm(), Symm(1.6, 0.8), Symm(pairs="official")], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_gradcheck(name: str, symm: Symm | None) -> None:
    data = batch([0, 1, 0, 1, 2, 2, 2, 2, 5], dim=4, seed=4)
    loss = build_loss(name, symm)
    leaf = data.embeddings.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, data.labels), leaf)


@pytest.mark.parametrize("scale", [1e-3, 1e-4])
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", ["triplet", "triplet-semihard", "lifted"])
def test_float32_distances_survive_a_collapse(name: str, symm: Symm | None, scale: float) -> None:
    spread = batch([0, 0, 1, 1, 2, 2, 3, 3], dim=16, seed=6)
    embeddings = (torch.ones(16) + scale * spread.embeddings).float()
    result, gradient = run(name, symm, embeddings, spread.labels)
    loss, expected, _ = expect(name, symm, embeddings, spread.labels, picks_of(result))
    assert relative_error(result.loss.detach(), loss) < 1e-6
    assert relative_error(gradient, expected) < 1e-4


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
def test_float64_distances_survive_a_collapse(symm: Symm | None) -> None:
    spread = batch([0, 0, 1, 1, 2, 2, 3, 3], dim=16, seed=6)
    embeddings = 1.0 + 1e-6 * spread.embeddings
    result, gradient = run("lifted", symm, embeddings, spread.labels)
    loss, expected, _ = expect("lifted", symm, embeddings, spread.labels, picks_of(result))
    assert relative_error(result.loss.detach(), loss) < 1e-12
    # What is left is the rounding of normalised vectors that differ in their 7th digit.
    assert relative_error(gradient, expected) < 1e-8


@pytest.mark.parametrize("name", ["npair", "angular"])
@pytest.mark.parametrize("pairs", ["paper", "official"])
@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_of_a_solved_batch_do_not_vanish_in_float32(
    name: str, pairs: PairSet, compiled: bool
) -> None:
    symm = Symm(pairs=pairs)
    # Positive pairs far ahead of all negatives: 1 - exp(pos - logsumexp) would be 0 in float32.
    # So far that float64 does not lose the gradient of a cross-entropy either.
    scale = 2.0 if (name, pairs) == ("angular", "official") else 3.0
    embeddings = (scale * torch.eye(6)).repeat_interleave(2, 0)
    labels = torch.arange(6).repeat_interleave(2)
    from symmcore.losses import AngularLoss, NPairLoss

    loss = {"npair": NPairLoss, "angular": AngularLoss}[name](l2_reg=0.0, symm=symm)
    loss.compiled = compiled
    leaf = embeddings.clone().requires_grad_()
    loss(leaf, labels).backward()
    wide = embeddings.double().requires_grad_()
    picks = picks_of(loss.detailed(embeddings, labels))
    judge = oracle.Oracle(wide, labels.tolist(), symm, picks=picks)
    oracles: dict[str, Callable[..., Tensor]] = {"npair": oracle.npair, "angular": oracle.angular}
    oracles[name](judge, l2_reg=0.0).backward()
    assert leaf.grad is not None
    assert wide.grad is not None
    assert wide.grad.abs().max() > 0
    assert relative_error(leaf.grad, wide.grad) < 1e-4
