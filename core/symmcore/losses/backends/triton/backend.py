"""The backend of Triton's kernels."""

from torch import Tensor

from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.triton import agreement
from symmcore.losses.backends.triton.log_sum import cuda_log_sum
from symmcore.mining import Groups, MinedCodes


class TritonBackend:
    """Computes a loss on a CUDA device, at rank 1 and with the paper's pairs."""

    def serves(self, loss: LogSum, embeddings: Tensor) -> bool:
        """Whether they are float32 on a CUDA device, at rank 1 with the paper's pairs."""
        return agreement.serves(embeddings, loss)

    def log_sum(
        self, loss: LogSum, embeddings: Tensor, groups: Groups
    ) -> tuple[Tensor, MinedCodes]:
        """The loss by Triton's kernels; arguments as ``Backend.log_sum``."""
        value, codes = cuda_log_sum(embeddings, groups, loss.symm, loss.candidates, loss.scales)
        return value, MinedCodes(loss.candidates, (codes,))
