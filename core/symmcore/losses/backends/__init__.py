"""Backends of the N-pair and angular losses with Symm, behind one signature.

All compute what ``symmcore.losses.reference`` writes out: ``torch`` anywhere, ``numba`` several
times as fast on the CPU, ``triton`` on a CUDA device.
"""

from torch import Tensor

from symmcore.losses.backends.base import Backend, LogSum
from symmcore.losses.backends.numba.backend import NumbaBackend
from symmcore.losses.backends.torch.backend import TorchBackend
from symmcore.losses.backends.triton.backend import TritonBackend

BACKENDS: tuple[Backend, ...] = (NumbaBackend(), TritonBackend(), TorchBackend())
"""In order of preference; the last one serves always."""


def backend_for(loss: LogSum, embeddings: Tensor) -> Backend:
    """The first backend that can compute a loss of these embeddings."""
    return next(backend for backend in BACKENDS if backend.serves(loss, embeddings))
