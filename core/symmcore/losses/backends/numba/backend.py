"""The backend of loops that numba compiles; numba is imported when it first computes."""

from functools import lru_cache
from typing import TYPE_CHECKING

from torch import Tensor

from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.numba import availability
from symmcore.mining import Groups, PickedCodes

if TYPE_CHECKING:  # imports numba, which is optional and slow to import
    from symmcore.losses.backends.numba.log_sum import CompiledLogSum


class NumbaBackend:
    """Computes a loss on the CPU, its gradient with it.

    The first call on a machine takes seconds longer: numba keeps what it compiles.
    """

    def serves(self, loss: LogSum, embeddings: Tensor) -> bool:
        """See :class:`Backend`: on the CPU in float32 and float64, if numba is there."""
        return availability.serves(embeddings)

    def log_sum(
        self, loss: LogSum, embeddings: Tensor, groups: Groups
    ) -> tuple[Tensor, PickedCodes]:
        """See :class:`Backend`."""
        value, codes = _compiled(loss)(embeddings, groups)
        return value, PickedCodes(loss.candidates, (codes,))


@lru_cache(maxsize=16)
def _compiled(loss: LogSum) -> "CompiledLogSum":
    from symmcore.losses.backends.numba.log_sum import CompiledLogSum

    return CompiledLogSum(loss.symm, loss.candidates, loss.scales)
