"""Base class of all losses: checks a batch, returns the loss and what mining selected."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from symmcore.mining import (
    Candidates,
    Groups,
    Mined,
    MinedCodes,
    Miner,
    check_embeddings,
    check_labels,
    class_order,
    full_precision,
    pair_groups,
)
from symmcore.mining.candidates import code_tables, synthetic_members
from symmcore.settings.symm import PairSet, Symm
from symmcore.synthesis import computing_dtype

GroupCounts = NDArray[np.float64]
"""A number of pair groups for each class of a batch, of shape (C,) float64."""

_NOT_TAKEN = ("miner", "reducer", "distance", "embedding_regularizer", "embedding_reg_weight")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which points mining picked for every ordered pair of negative groups.

    The tensors stay on the device of the embeddings; what is derived from them waits for it.

    Attributes:
        pairing: The pair groups of the batch.
        codes: Codes of the mined candidates.
    """

    pairing: Groups
    codes: MinedCodes

    @property
    def groups(self) -> Tensor:
        """Positions in the batch of each group's images i and j, int64 of shape (2, G)."""
        return self.pairing.members

    @property
    def labels(self) -> Tensor:
        """The groups' labels, of shape (G,)."""
        return self.pairing.labels

    @property
    def negatives(self) -> Tensor:
        """Which groups are negatives of each other, bool of shape (G, G)."""
        return self.labels[:, None] != self.labels

    @property
    def row_types(self) -> Tensor:
        """``PointType`` of the points picked in g, int64 of shape (1, G, G), or (2, G, G).

        The angular loss picks two. Meaningless where ``negatives`` is False.
        """
        codes = self.codes.matrix().long()
        return code_tables(self.codes.candidates, codes.device).rows[:, codes]

    @property
    def column_types(self) -> Tensor:
        """``PointType`` of the point picked in h, int64 of shape (G, G)."""
        codes = self.codes.matrix().long()
        return code_tables(self.codes.candidates, codes.device).columns[codes]

    @property
    def synthetic_ratio(self) -> float:
        """Share of synthetic points among all points picked, over all pairs (Fig. 7)."""
        picked, candidates = self._picked(), self.codes.candidates
        points = int(picked.sum()) * (len(candidates.rows[0]) + 1)
        return int(picked @ synthetic_members(candidates)) / points

    @property
    def counts(self) -> Tensor:
        """How often each type in g was picked with each type in h: int64 (4, 4), on the CPU.

        For the angular loss both p with r and q with r are counted.
        """
        picked, candidates = self._picked(), self.codes.candidates
        counts = np.zeros((4, 4), np.int64)
        for row in np.array(candidates.rows).T:
            np.add.at(counts, (row, np.array(candidates.columns)), picked)
        return torch.from_numpy(counts)

    def _picked(self) -> NDArray[np.int64]:
        """How often each candidate was picked, by code, int64 of shape (K,)."""
        codes, labels = self.codes.matrix().cpu().numpy(), self.labels.cpu().numpy()
        # Every batch of a training comes here: torch's own operations take ten times as long.
        last = len(self.codes.candidates)
        codes = np.where(labels[:, None] != labels, codes, np.uint8(last))
        return np.bincount(codes.ravel(), minlength=last + 1)[:last]


@dataclass(frozen=True, slots=True)
class Hinges:
    """The terms [z]+ that a loss sums.

    Attributes:
        values: The terms, detached, of any shape.
        left_out: Which do not count, bool of the same shape; None if all do.
    """

    values: Tensor
    left_out: Tensor | None = None

    @property
    def zero_share(self) -> float:
        """Share of the terms that are zero, so have no gradient; waits for their device."""
        if self.left_out is None:
            return int((self.values <= 0.0).count_nonzero()) / self.values.numel()
        if self.values.is_cpu:  # NumPy takes a quarter of the time for a batch's
            values, left_out = self.values.numpy(), self.left_out.numpy()
            zero = np.count_nonzero((values <= 0.0) > left_out)
            return zero / (values.size - np.count_nonzero(left_out))
        zero_ones = (self.values <= 0.0) & ~self.left_out  # a GPU counts where they are
        counted = self.left_out.numel() - int(self.left_out.count_nonzero())
        return int(zero_ones.count_nonzero()) / counted


@dataclass(frozen=True, slots=True)
class LossResult:
    """A loss and what mining selected for it.

    Attributes:
        loss: Scalar, differentiable.
        selection: What was selected; None for a baseline, which selects nothing.
        hinges: The terms it sums, where they are cut off at zero; None for the N-pair and
            angular losses, whose terms never are zero.
    """

    loss: Tensor
    selection: Selection | None
    hinges: Hinges | None = None


class MetricLoss(nn.Module, ABC):
    """A loss on a batch of embeddings and labels, with or without Symmetrical Synthesis.

    It looks at disjoint pairs of images, the groups: within each class, in batch order, the 1st
    with the 2nd, the 3rd with the 4th, and so on. An image left over takes no part. It has first
    derivatives only, and none within the transforms of ``torch.func``.

    Args:
        symm: Settings of the synthesis; None for the baseline.
        candidates: Gives what mining chooses from, for a pair set.

    Raises:
        TypeError: If symm is neither None nor a ``Symm``.
        ValueError: If its rank exceeds the number of candidates.
    """

    def __new__(cls, *_: object, **given: object) -> Self:
        """Refuse what pytorch-metric-learning's losses take and these do not."""
        for name in _NOT_TAKEN:
            if name in given:
                raise TypeError(
                    f"{cls.__name__} takes no {name}: it pairs and mines by itself and returns "
                    "the mean as the paper defines it"
                )
        return super().__new__(cls)

    def __init__(self, symm: Symm | None, candidates: Callable[[PairSet], Candidates]) -> None:
        super().__init__()
        if symm is not None and not isinstance(symm, Symm):
            raise TypeError(f"symm must be a Symm or None, not {type(symm).__name__}")
        self._symm = symm
        self._miner = None if symm is None else Miner(symm, candidates(symm.pairs))

    @property
    def symm(self) -> Symm | None:
        """Settings of the synthesis; None for the baseline."""
        return self._symm

    def extra_repr(self) -> str:
        """The settings, as they are given."""
        names = (name for name in signature(type(self)).parameters)
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        indices_tuple: None = None,
        ref_emb: None = None,
        ref_labels: None = None,
    ) -> Tensor:
        """The loss of a batch; may be called as a loss of pytorch-metric-learning.

        Args:
            embeddings: Shape (B, D), floating point, on any device; float16 and bfloat16 are
                computed in float32, also under autocast.
            labels: Integers of shape (B,). Kept on the CPU they spare a GPU the wait.
            indices_tuple: None: the loss mines by itself.
            ref_emb: None: every image is compared with the others of its batch.
            ref_labels: None, as ``ref_emb``.

        Returns:
            Scalar tensor. NaN in the embeddings of a group gives NaN.

        Raises:
            TypeError: If the embeddings are not a floating-point or the labels not an
                integer tensor.
            ValueError: If their shapes do not fit, the batch has no two pairs of images of
                different classes, or one of the others is not None.
            RuntimeError: If it is called within a transform of ``torch.func``.
        """
        if indices_tuple is not None:
            raise ValueError(
                "indices_tuple must be None: the loss pairs and mines by itself, so leave the "
                "miner out"
            )
        if ref_emb is not None or ref_labels is not None:
            raise ValueError(
                "ref_emb and ref_labels must be None: the loss compares the images of one batch"
            )
        return self.detailed(embeddings, labels).loss

    def detailed(self, embeddings: Tensor, labels: Tensor) -> LossResult:
        """The loss of a batch and what was selected; arguments and errors as ``forward``."""
        check_embeddings(embeddings)
        if is_functorch_wrapped_tensor(embeddings):
            raise RuntimeError(
                "this loss cannot be used within torch.func (grad, vmap, jacrev and so on): call "
                "backward() on it, or torch.autograd.grad"
            )
        check_labels(labels, embeddings.shape[0])
        groups = pair_groups(labels, embeddings.device)
        return self._result(embeddings.to(computing_dtype(embeddings.dtype)), groups)

    def _result(self, embeddings: Tensor, groups: Groups) -> LossResult:
        """The loss of a batch that was checked, of at least float32."""
        points = embeddings.index_select(0, groups.members.flatten())
        points = points.view(2, -1, points.shape[1])
        with full_precision(points.device):
            loss, mined, hinges = self._compute(points, groups.same_class())
        selection = None if mined is None else Selection(groups, mined.codes)
        return LossResult(loss, selection, hinges)

    def trivial_loss(self, labels: Tensor) -> float:
        """The loss of a batch whose embeddings are all zero: where it rests once they collapsed.

        Any norm penalty is zero there. The losses that normalise have the same value where all
        embeddings are equal.

        Args:
            labels: Integers of shape (B,), as for ``forward``.

        Raises:
            ValueError: If the batch has no two pairs of images of different classes.
        """
        sizes = class_order(labels.cpu().numpy()).sizes
        groups = (sizes[sizes > 1] // 2).astype(np.float64)
        if len(groups) < 2:
            pair_groups(labels, torch.device("cpu"))  # which says what is wrong
        count = groups.sum()
        return float(groups @ self._trivial_terms(groups, count - groups) / count)

    @abstractmethod
    def _trivial_terms(self, positives: GroupCounts, negatives: GroupCounts) -> GroupCounts:
        """What each group of a class adds to the mean that is :meth:`trivial_loss`.

        Args:
            positives: How many groups are of the class, for each class.
            negatives: How many are of another.
        """

    @abstractmethod
    def _compute(self, points: Tensor, same: Tensor) -> tuple[Tensor, Mined | None, Hinges | None]:
        """The loss of groups, what was mined for it unless it is a baseline, and its hinges.

        Args:
            points: Originals of the groups, of shape (2, G, D).
            same: Which groups are of one class, so no negatives of each other, bool of shape
                (G, G).
        """
