"""Every image of a dataset decoded once, in threads: into a cache, or only to see that it can be.

Threads, not processes: Pillow lets go of the interpreter while it decodes and resizes, so that
four threads do 94% of what four processes do, need no second of start, and cannot outlive
this process. While training runs that does not hold: see ``decoded.py``.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symmcore.data.images.decoding import DecodeError, decode_file, without_pillow_warnings
from symmcore.data.images.store import ImageArray
from symmcore.data.sources.file_tree import display_name
from symmcore.errors import InputError
from symmcore.processes import usable_cores

DecodeCallback = Callable[[int, int], None]
"""Told how many images are done, of how many. What it raises ends the work: cancelling."""

Write = Callable[[int, ImageArray], None]
"""Takes the position of the first image of a block, and the block (B, H, W, 3) uint8; called
from several threads at once."""

DIGEST_BYTES = 32

_BLOCK = 8  # few, so that a cancel is prompt on a slow disk too
_MOST_SKIPPED = 0.1


@dataclass(frozen=True, slots=True)
class Skipped:
    """An image that cannot be decoded: its position among the files, and why."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What came of decoding N files.

    Attributes:
        digests: (N, 32) uint8, SHA-256 of each image's pixels; zeros where it was skipped.
        skipped: what could not be decoded, by position.
    """

    digests: ImageArray
    skipped: tuple[Skipped, ...]


def decode_all(
    root: Path, files: Sequence[str], size: int, progress: DecodeCallback, write: Write | None
) -> Decoded:
    """Decode files by one thread a core.

    Args:
        root: the folder they lie in.
        files: their paths below it.
        size: height and width to resize to.
        progress: called from this thread alone. If it raises, or anything else does, the
            threads have ended when this returns.
        write: takes the pixels, zeros for a skipped image; None drops them.

    Raises:
        InputError: as soon as more than a tenth cannot be decoded.
        OSError: from ``write``.
    """
    count = len(files)
    digests = np.zeros((count, DIGEST_BYTES), dtype=np.uint8)
    skipped: list[Skipped] = []
    stop = threading.Event()

    def work(start: int) -> list[Skipped]:
        block = np.zeros((min(_BLOCK, count - start), size, size, 3), dtype=np.uint8)
        bad: list[Skipped] = []
        for offset, file in enumerate(files[start : start + len(block)]):
            if stop.is_set():
                return bad
            try:
                block[offset] = decode_file(root / file, size)
            except DecodeError as error:
                bad.append(Skipped(start + offset, error.reason))
            else:
                digest = hashlib.sha256(block[offset].data).digest()
                digests[start + offset] = np.frombuffer(digest, dtype=np.uint8)
        if write is not None:
            write(start, block)
        return bad

    progress(0, count)
    done = 0
    with (
        without_pillow_warnings(),
        ThreadPoolExecutor(usable_cores(), thread_name_prefix="decode") as pool,
    ):
        try:
            for future in as_completed(
                [pool.submit(work, start) for start in range(0, count, _BLOCK)]
            ):
                skipped += future.result()
                _check_share(root, files, skipped)
                done = min(done + _BLOCK, count)
                progress(done, count)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return Decoded(digests, tuple(sorted(skipped, key=lambda one: one.position)))


def _check_share(root: Path, files: Sequence[str], skipped: list[Skipped]) -> None:
    if len(skipped) > _MOST_SKIPPED * len(files):
        first = skipped[0]
        raise InputError(
            f"More than {_MOST_SKIPPED:.0%} of the {len(files):,} images in {root} cannot be "
            f"read, such as {display_name(files[first.position])}, which {first.reason}: mend or "
            "remove them."
        )
