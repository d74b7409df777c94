"""Mining of products and its gradient by Triton's kernels, on a CUDA device.

For all candidates of the paper at rank 1 in float32. Nothing here waits for the device.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, code_tables
from symmcore.mining.geometry import measure
from symmcore.mining.miner import tie_tolerance
from symmcore.settings.symm import Symm

_BLOCK, _DEPTH, _ROW = 32, 32, 1024


@dataclass(frozen=True, slots=True)
class Forward:
    """What the forward pass leaves for the backward pass.

    Attributes:
        loss: The mean over the groups of log(1 + sum_h exp(...)), a scalar.
        codes: Codes of the picks, uint8 of shape (G, G).
        shares: exp of the scaled products less the largest of their row, of shape (G, G).
        slopes: As ``kernels.log_one_plus`` writes them, of shape (2, G).
    """

    loss: Tensor
    codes: Tensor
    shares: Tensor
    slopes: Tensor


def log_sum(
    points: Tensor,
    symm: Symm,
    candidates: Candidates,
    labels: Tensor,
    scales: tuple[float, float],
) -> Forward:
    """The loss of groups, without a norm penalty.

    Args:
        points: Originals, contiguous float32 of shape (2, G, D).
        symm: How to reflect.
        candidates: What to choose from.
        labels: Class of each group, int64 of shape (G,), on the device.
        scales: Factors on the products of negatives, and on that of the positive pair.
    """
    import triton

    from symmcore.losses.backends.triton import kernels

    groups, dim = points.shape[1:]
    geometry = measure(points)
    weights = _stacked(*geometry.reflections(symm))
    values = points.new_empty(groups, groups)
    codes = torch.zeros(groups, groups, dtype=torch.uint8, device=points.device)
    tables = code_tables(candidates, points.device)
    # what is not symmetric exchanges nothing, and the kernel then reads nothing of it
    exchanged = codes if tables.exchanged is None else tables.exchanged
    blocks = triton.cdiv(groups, _BLOCK)
    kernels.pick[blocks, blocks](
        points, weights, tie_tolerance(points.dtype), values, codes, exchanged,
        groups, dim, triplets=not candidates.symmetric, block=_BLOCK, depth=_DEPTH,
    )  # fmt: skip
    terms, slopes = points.new_empty(groups), points.new_empty(2, groups)
    kernels.log_one_plus[(groups,)](
        values, labels, geometry.dot, terms, slopes, groups, *scales, block=_ROW
    )
    return Forward(terms.mean(), codes, values, slopes)


def gradient(
    points: Tensor,
    symm: Symm,
    candidates: Candidates,
    kept: tuple[Tensor, Tensor, Tensor],
    grads: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """The gradient on the originals, of shape (2, G, D).

    Args:
        points: As in ``log_sum``.
        symm: As there.
        candidates: As there.
        kept: ``codes``, ``shares`` and ``slopes`` of its result.
        grads: Gradients on the picked products, to be multiplied by shares and slopes; on
            x_i . x_j, of shape (G,); and on each squared norm: the first and last scalars.
    """
    import triton

    from symmcore.losses.backends.triton import kernels

    codes, shares, slopes = kept
    on_value, on_dot, on_square = grads
    groups, dim = points.shape[1:]
    leaf = points.detach().requires_grad_()
    with torch.enable_grad():
        geometry = measure(leaf)
        own, other = geometry.reflections(symm)
    weights = _stacked(own, other)
    sums = points.new_empty(4, groups, dim)
    tables = code_tables(candidates, points.device)
    # With 64 bits the compiled kernel takes half as much shared memory again: more than some have.
    row_types, column_types = tables.rows.int(), tables.columns.int()
    grid = triton.cdiv(groups, _BLOCK), triton.cdiv(dim, _DEPTH), 4
    kernels.add_picked[grid](
        points, weights, shares, (slopes[0] * on_value).contiguous(), codes, row_types,
        column_types, sums, groups, dim, len(candidates), triplets=not candidates.symmetric,
        block=_BLOCK, depth=_DEPTH,
    )  # fmt: skip
    originals, synthetic = sums[:2], sums[2:]
    # x_i' = own x_i + other x_j: what it gets goes to both, and to the two weights.
    direct = originals + own.detach()[..., None] * synthetic
    direct += (other.detach()[..., None] * synthetic).flip(0)
    on_own = (synthetic * points).sum(-1)
    on_other = (synthetic * points.flip(0)).sum(-1)
    outputs = [geometry.dot, geometry.squares, other]
    upstream = [on_dot, on_square.expand_as(geometry.squares), on_other]
    if own.requires_grad:  # at alpha = 2 it is a constant
        outputs.append(own)
        upstream.append(on_own)
    (through,) = torch.autograd.grad(outputs, leaf, upstream)
    return direct + through


def _stacked(own: Tensor, other: Tensor) -> Tensor:
    """own and other of x_i', then of x_j', contiguous of shape (4, G)."""
    return torch.stack((own, other), 1).flatten(0, 1).detach().contiguous()
