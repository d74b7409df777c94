"""The backend of loops that numba compiles; numba is imported when it first computes."""

from functools import lru_cache
from typing import TYPE_CHECKING

from torch import Tensor

from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.numba import availability
from symmcore.mining import Groups, MinedCodes

if TYPE_CHECKING:  # imports numba, which is optional and slow to import
    from symmcore.losses.backends.numba.log_sum import CompiledLogSum


class NumbaBackend:
    """Computes a loss on the CPU, its gradient with it.

    The first call on a machine takes seconds longer: numba keeps what it compiles.
    """

    def serves(self, loss: LogSum, embeddings: Tensor) -> bool:
        """Whether the embeddings are on the CPU, float32 or float64, and numba is installed."""
        return availability.serves(embeddings)

    def log_sum(
        self, loss: LogSum, embeddings: Tensor, groups: Groups
    ) -> tuple[Tensor, MinedCodes]:
        """The loss and its gradient by compiled loops; arguments as ``Backend.log_sum``."""
        value, codes = _compiled(loss)(embeddings, groups)
        return value, MinedCodes(loss.candidates, (codes,))


@lru_cache(maxsize=16)
def _compiled(loss: LogSum) -> "CompiledLogSum":
    from symmcore.losses.backends.numba.log_sum import CompiledLogSum

    return CompiledLogSum(loss.symm, loss.candidates, loss.scales)
