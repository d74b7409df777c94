"""Loads torch's shared libraries before torch is imported, while other threads go on.

An import holds Python's lock while the system loads and relocates half a gigabyte of code: a window
stands still for a quarter of a second. A call through ctypes does not hold it, and what is loaded
once is not loaded again.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

# In the order of what they need; the first is loaded for all to see, as torch does. That of its
# Python functions is left to the import: what it does as it is loaded may need the lock.
_GLOBAL = "libtorch_global_deps.so"
_NAMES = (_GLOBAL, "libc10.so", "libtorch_cpu.so", "libtorch.so")


def load_torch_libraries() -> tuple[str, ...]:
    """Load them on Linux; does nothing elsewhere, or where torch is imported by now.

    Returns:
        Names of those that were loaded. Any other is left to the import, which then says why.
    """
    folder = _folder()
    if folder is None or not sys.platform.startswith("linux") or "torch" in sys.modules:
        return ()
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return tuple(
        name
        for name in _NAMES
        if load(
            os.fsencode(folder / name),
            os.RTLD_NOW | (os.RTLD_GLOBAL if name == _GLOBAL else os.RTLD_LOCAL),
        )
    )


def _folder() -> Path | None:
    """Where torch keeps its libraries; None where it is not installed, or not as usual."""
    found = find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "lib"
