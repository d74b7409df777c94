"""Loads numba behind a window that must not stand still meanwhile."""

import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

_NUMBA, _PACKAGE = "numba", "llvmlite"
_LIBRARY = Path("binding", "libllvmlite.so")


@contextlib.contextmanager
def loading_numba() -> Iterator[None]:
    """Import numba, and load compiled loops, in a ``with`` block.

    LLVM's shared library, a hundred megabytes, is loaded without Python's lock: an import would
    hold it for an eighth of a second. What is imported, with all that is there by then, stays for
    as long as the process, so that no garbage collection looks for it, then or later: one that does
    holds every thread for as long. Does nothing where numba was imported before.
    """
    if _NUMBA in sys.modules:
        yield
        return
    _load_llvm()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


def _load_llvm() -> bool:
    """Load LLVM's library on Linux, where it is not loaded; elsewhere the import does it.

    A call through ctypes does not hold Python's lock, and what is loaded once is not loaded again.
    """
    found = None if _PACKAGE in sys.modules else find_spec(_PACKAGE)
    folders = None if found is None else found.submodule_search_locations
    if not folders or not sys.platform.startswith("linux"):
        return False
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return bool(load(os.fsencode(Path(folders[0]) / _LIBRARY), os.RTLD_NOW | os.RTLD_LOCAL))
