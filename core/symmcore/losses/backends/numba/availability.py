"""Whether the compiled loops serve, without importing numba: it is optional, and slow to import."""

import os
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from symmcore.errors import one_line, warn_once


def serves(embeddings: Tensor) -> bool:
    """Whether the compiled loops take these embeddings: on the CPU, float32 or float64.

    Not while ``torch.compile`` traces a program: it cannot look into numba.
    """
    return (
        not torch.compiler.is_compiling()
        and embeddings.device.type == "cpu"
        and embeddings.dtype in (torch.float32, torch.float64)
        and _has_numba()
        and not _Forked.is_it
    )


class _Forked:
    """Whether this process was forked from one: OpenMP's threads do not follow it."""

    is_it = False

    @classmethod
    def note(cls) -> None:
        cls.is_it = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Forked.note)


@cache
def _has_numba() -> bool:
    """Whether numba is installed and compiles; it can be told not to, for debugging."""
    if find_spec("numba") is None:
        return False
    try:
        from numba import config

        if config.DISABLE_JIT:  # type: ignore[attr-defined]  # numba sets it by itself
            return False
        from symmcore.compiled.jit import start_threads

        start_threads()
    # It is particular about NumPy's version, and raises as many errors for what the environment
    # or a file of settings in the current folder asks of it as there are settings.
    except Exception as error:  # noqa: BLE001
        warn_once(
            f"numba cannot be used ({one_line(error)}): the losses with Symm are computed by "
            "torch's own operations, which take longer."
        )
        return False
    return True
