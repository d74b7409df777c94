"""Keeps drawn images in the user's cache folder: what takes a second to draw is read in no time.

A file holds the SHA-256 of its pixels, then the pixels. Its name holds a digest of what they are
drawn by, so that no other version of that takes them for its own. What is damaged, or cannot be
read or written, is as if it were not there.
"""

import contextlib
import hashlib
import os
from collections.abc import Hashable
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from symmcore.folders import user_cache_folder

Pictures = npt.NDArray[np.uint8]

_FOLDER = "drawn"
_DIGEST_BYTES = hashlib.sha256().digest_size


def read_drawn(
    shape: tuple[int, ...], settings: Hashable, modules: tuple[ModuleType, ...]
) -> Pictures | None:
    """Return kept images, writable; None where there are none.

    Args:
        shape: of the images.
        settings: that they were drawn with; told apart by their ``repr``.
        modules: whose source draws them.
    """
    try:
        content = _path(settings, modules).read_bytes()
    except OSError:
        return None
    pixels = content[_DIGEST_BYTES:]
    if len(pixels) != int(np.prod(shape)) or content[:_DIGEST_BYTES] != _digest(pixels):
        return None
    return np.frombuffer(bytearray(pixels), dtype=np.uint8).reshape(shape)


def keep_drawn(images: Pictures, settings: Hashable, modules: tuple[ModuleType, ...]) -> None:
    """Keep images for :func:`read_drawn`; nothing happens where that cannot be."""
    with contextlib.suppress(OSError):
        path = _path(settings, modules)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            pixels = images.tobytes()
            beside.write_bytes(_digest(pixels) + pixels)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _path(settings: Hashable, modules: tuple[ModuleType, ...]) -> Path:
    """Where images are kept.

    Raises:
        OSError: if a module's source cannot be read, or there is no cache folder.
    """
    digest = hashlib.sha256(f"{settings!r} {np.__version__}".encode())
    for module in modules:
        if module.__file__ is None:
            raise FileNotFoundError(module.__name__)
        digest.update(Path(module.__file__).read_bytes())
    return user_cache_folder() / _FOLDER / digest.hexdigest()[:32]


def _digest(pixels: bytes) -> bytes:
    return hashlib.sha256(pixels).digest()
