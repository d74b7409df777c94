"""The backend of torch's own operations."""

from torch import Tensor

from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.torch.terms import (
    log_one_plus_sums,
    norm_penalty,
    shared_cross_entropy,
)
from symmcore.mining import Groups, MinedCodes, Miner, full_precision, measure


class TorchBackend:
    """Computes a loss on any device and in any floating type, with temporary tensors."""

    def serves(self, loss: LogSum, embeddings: Tensor) -> bool:
        """Always true."""
        return True

    def log_sum(
        self, loss: LogSum, embeddings: Tensor, groups: Groups
    ) -> tuple[Tensor, MinedCodes]:
        """The loss by torch's operations; arguments as ``Backend.log_sum``."""
        points = embeddings.index_select(0, groups.members.flatten())
        points = points.view(2, -1, points.shape[1])
        with full_precision(points.device):
            geometry = measure(points)
            miner, scales = Miner(loss.symm, loss.candidates), loss.scales
            mined, same = miner.products(geometry), groups.same_class()
            if loss.symm.pairs == "official":
                own = scales.positive * miner.own_products(geometry)
                terms = shared_cross_entropy(mined.values, scales.negative, own, same)
            else:
                positive = scales.positive * geometry.dot
                terms = log_one_plus_sums(mined.values, scales.negative, positive, same)
            return terms.mean() + norm_penalty(geometry, scales.l2_reg), mined.codes
