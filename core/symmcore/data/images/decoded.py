"""Images decoded each time they are read, for datasets that no cache can hold.

By processes, not threads: beside a training that keeps the interpreter busy, three threads
decoded half as much as three processes (600 against 1,200 images a second).
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path

import numpy as np

from symmcore.data.images.decoding import (
    DecodeError,
    decode_file,
    leave_out_pillow_warnings,
    without_pillow_warnings,
)
from symmcore.data.images.store import ImageArray, checked_positions
from symmcore.data.value_range import EIGHT_BITS, ValueRanges
from symmcore.errors import InputError, ProcessLostError
from symmcore.processes import spawn_context, usable_cores
from symmcore.records import IndexArray

# A click in the window shows one image at once, without waiting for processes to start.
_DECODED_HERE = 2


class DecodedImages:
    """An :class:`~symmcore.data.images.store.ImageStore` that keeps nothing but file names."""

    def __init__(
        self,
        root: Path,
        files: Sequence[str],
        size: int,
        digest: str,
        workers: int | None = None,
        ranges: ValueRanges = EIGHT_BITS,
    ) -> None:
        """Prepare; processes start with the first read.

        Args:
            root: the folder that the files lie in.
            files: N paths below it, each decoded before without an error.
            size: height and width to resize to.
            digest: the fingerprint, from when they were decoded.
            workers: number of processes; None leaves one core to training.
            ranges: how images of more than 8 bits are brought to 8, from then as well.
        """
        self._root = root
        self._files = tuple(files)
        self._size = size
        self._digest = digest
        self._ranges = ranges
        self._workers = workers or max(1, usable_cores() - 1)
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, H, W, C), C 1 or 3."""
        return len(self._files), self._size, self._size, 3

    def read(self, positions: IndexArray, out: ImageArray | None = None) -> ImageArray:
        """Decode the images at ``positions`` (B,) int64: (B, H, W, C) uint8, ``out`` if given.

        Raises:
            IndexError: if a position lies outside.
            InputError: if a file can no longer be decoded.
            ProcessLostError: if a process ended; the next read starts new ones.
        """
        paths = [self._root / self._files[i] for i in checked_positions(positions, self.shape[0])]
        if out is None:
            out = np.empty((len(paths), *self.shape[1:]), dtype=np.uint8)
        try:
            if len(paths) <= _DECODED_HERE:
                with without_pillow_warnings():
                    for image, path in zip(out, paths, strict=True):
                        image[...] = decode_file(path, self._size, self._ranges)
            else:
                self._read_by_processes(paths, out)
        except DecodeError as error:
            raise InputError(
                f"{error.path} {error.reason}, though it could be read before: put it back."
            ) from error
        return out

    def fingerprint(self) -> str:
        """A SHA-256 of shape and pixels, in hex; known without reading the pixels again."""
        return self._digest

    def release(self) -> None:
        """End worker processes, if there are any; the next read starts them anew."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _read_by_processes(self, paths: list[Path], out: ImageArray) -> None:
        # two blocks a process: one that gets large files does not keep all others waiting
        block = -(-len(paths) // (2 * self._workers))
        starts = range(0, len(paths), block)
        pool = self._running_pool()
        try:
            futures = [
                pool.submit(_decode_block, paths[start : start + block], self._size, self._ranges)
                for start in starts
            ]
            for start, future in zip(starts, futures, strict=True):
                out[start : start + block] = future.result()
        except BrokenProcessPool as error:
            self.release()
            raise ProcessLostError(
                "A process that decodes images was ended from outside, for want of memory perhaps: "
                "what was recorded stays; train again with fewer threads."
            ) from error

    def _running_pool(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._workers,
                    mp_context=spawn_context(),
                    initializer=_prepare_process,
                )
            return self._pool


def _decode_block(paths: list[Path], size: int, ranges: ValueRanges) -> ImageArray:
    return np.stack([decode_file(path, size, ranges) for path in paths])


def _prepare_process() -> None:
    # Ctrl-C reaches every process of the terminal; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_out_pillow_warnings()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent is gone; a killed one cannot end it itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        with contextlib.suppress(OSError):
            connection.wait([parent.sentinel])
        os._exit(1)
