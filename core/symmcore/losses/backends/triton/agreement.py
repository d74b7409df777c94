"""Whether Triton's kernels are used: what they take, and that they compute what torch does."""

from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from symmcore.errors import type_and_line, warn_once
from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.torch.backend import TorchBackend
from symmcore.losses.backends.torch.terms import Scales
from symmcore.losses.backends.triton.log_sum import cuda_log_sum
from symmcore.mining import Candidates, pair_groups
from symmcore.settings.symm import Symm

_GROUPS, _DIM = 40, 48
# Different from each other, so that none can stand for another.
_SCALES = Scales(negative=0.1, positive=0.2, l2_reg=0.5)
_RELATIVE, _ABSOLUTE = 1e-3, 1e-5


def serves(embeddings: Tensor, loss: LogSum) -> bool:
    """Whether the kernels take these embeddings and this loss."""
    return (
        embeddings.device.type == "cuda"
        and embeddings.dtype == torch.float32
        and loss.symm.rank == 1
        and loss.symm.pairs == "paper"
        and has_triton()
        and agrees(embeddings.device, loss.candidates)
    )


@cache
def has_triton() -> bool:
    """Whether Triton is installed."""
    return find_spec("triton") is not None


@cache
def agrees(device: torch.device, candidates: Candidates) -> bool:
    """Whether the kernels compute on a device what eager torch does; says so if they do not.

    Looked at once for each set of candidates: a compiler may refuse a device or compile one
    kernel wrong, and eager torch then serves as well.
    """
    try:
        reason = _difference(device, candidates)
    except Exception as error:  # noqa: BLE001 - whatever a compiler or driver raises
        reason = type_and_line(error)
    if reason:
        warn_once(
            f"Symm's kernels for {device} are not used ({reason}): "
            "the loss is computed by torch's own operations."
        )
    return not reason


def _difference(device: torch.device, candidates: Candidates) -> str:
    """In what the kernels differ from eager torch on one batch; "" if in nothing."""
    loss = LogSum(Symm(), candidates, _SCALES)
    # The first batch may be one of an evaluation, without gradients.
    with torch.inference_mode(False), torch.enable_grad():
        generator = torch.Generator().manual_seed(0)
        points = torch.randn(2 * _GROUPS, _DIM, generator=generator, device="cpu").to(device)
        # Two groups a class, which are no negatives of each other.
        groups = pair_groups(torch.arange(2 * _GROUPS, device="cpu") // 4, device)
        leaf, eager_leaf = points.clone().requires_grad_(), points.requires_grad_()
        value, codes = cuda_log_sum(leaf, groups, loss.symm, candidates, _SCALES)
        eager, mined = TorchBackend().log_sum(loss, eager_leaf, groups)
        apart = ~torch.eye(_GROUPS, dtype=torch.bool, device=device)
        if not bool((mined.matrix() == codes)[apart].all()):
            return "they pick other points"
        if not torch.allclose(value, eager, rtol=_RELATIVE, atol=_ABSOLUTE):
            return "their loss is another"
        (gradient,) = torch.autograd.grad(value, leaf)
        (expected,) = torch.autograd.grad(eager, eager_leaf)
        close = torch.allclose(gradient, expected, rtol=_RELATIVE, atol=_ABSOLUTE)
        return "" if close else "their gradient is another"
