"""Every image of a dataset decoded once, in threads: into a cache, or only to see that it can be.

Threads, not processes: Pillow lets go of the interpreter while it decodes and resizes, so that
four threads do 94% of what four processes do, need no second of start, and cannot outlive
this process. While training runs that does not hold: see ``decoded.py``.

Images with more than 8 bits a sample, and those alone, are read twice: once to find the range
of values of all of them, and once to bring them to 8 bits by it.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from symmcore.data.images.decoding import (
    DecodeError,
    decode_file,
    decode_or_measure,
    measure_file,
    without_pillow_warnings,
)
from symmcore.data.images.store import ImageArray
from symmcore.data.names import display_name
from symmcore.data.value_range import Extent, ValueRanges
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
_ALWAYS_8_BITS = frozenset({".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".webp"})

_Result = TypeVar("_Result")


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
        ranges: how the images of more than 8 bits were brought to 8.
    """

    digests: ImageArray
    skipped: tuple[Skipped, ...]
    ranges: ValueRanges


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
    work = _Work(root, files, size, write)
    count = len(files)
    skipped: list[Skipped] = []
    extents: dict[int, Extent] = {}
    done = 0

    def decoded(first: _First) -> None:
        extents.update(first.extents)
        taken(first.skipped, first.images - len(first.extents))

    def taken(bad: list[Skipped], images: int = 1) -> None:
        nonlocal done
        skipped.extend(bad)
        _check_share(root, files, skipped)
        done += images
        progress(done, count)

    progress(0, count)
    _in_threads(work.decode, range(0, count, _BLOCK), decoded)
    ranges = ValueRanges.of(extents.values())
    _in_threads(partial(work.scale, ranges), sorted(extents), taken)
    return Decoded(work.digests, tuple(sorted(skipped, key=lambda one: one.position)), ranges)


def measure_all(root: Path, files: Sequence[str], progress: DecodeCallback) -> ValueRanges:
    """The ranges of values that ``decode_all`` finds, without decoding what has 8 bits.

    What cannot be read is passed over, and so are files whose names say a format that never has
    more than 8 bits: of a hundred thousand JPEGs none is opened.
    """
    paths = [root / file for file in files if Path(file).suffix.lower() not in _ALWAYS_8_BITS]
    extents: list[Extent] = []
    done = 0

    def measure(start: int, stop: threading.Event) -> list[Extent]:
        found = []
        for path in paths[start : start + _BLOCK]:
            with suppress(DecodeError):
                extent = None if stop.is_set() else measure_file(path)
                found += [] if extent is None else [extent]
        return found

    def taken(found: list[Extent]) -> None:
        nonlocal done
        extents.extend(found)
        done = min(done + _BLOCK, len(paths))
        progress(done, len(paths))

    _in_threads(measure, range(0, len(paths), _BLOCK), taken)
    return ValueRanges.of(extents)


@dataclass(frozen=True, slots=True)
class _First:
    """What came of a block of files, read for the first time; ``extents`` by position."""

    images: int
    skipped: list[Skipped]
    extents: dict[int, Extent]


class _Work:
    """What the threads do."""

    def __init__(self, root: Path, files: Sequence[str], size: int, write: Write | None) -> None:
        self._root = root
        self._files = files
        self._size = size
        self._write = write
        self.digests = np.zeros((len(files), DIGEST_BYTES), dtype=np.uint8)

    def decode(self, start: int, stop: threading.Event) -> _First:
        """Decode a block, except for the images that are only measured now."""
        files = self._files[start : start + _BLOCK]
        block = np.zeros((len(files), self._size, self._size, 3), dtype=np.uint8)
        found = _First(len(files), [], {})
        for offset, file in enumerate(files):
            if stop.is_set():
                return found
            try:
                image = decode_or_measure(self._root / file, self._size)
            except DecodeError as error:
                found.skipped.append(Skipped(start + offset, error.reason))
                continue
            if isinstance(image, Extent):
                found.extents[start + offset] = image
            else:
                block[offset] = image
                self._digest(start + offset, block[offset])
        if self._write is not None:
            self._write(start, block)
        return found

    def scale(self, ranges: ValueRanges, position: int, stop: threading.Event) -> list[Skipped]:
        """Decode one of the others, now that the range is known."""
        if stop.is_set():
            return []
        try:
            image = decode_file(self._root / self._files[position], self._size, ranges)
        except DecodeError as error:  # it was changed or removed meanwhile
            return [Skipped(position, error.reason)]
        self._digest(position, image)
        if self._write is not None:
            self._write(position, image[None])
        return []

    def _digest(self, position: int, image: ImageArray) -> None:
        digest = hashlib.sha256(np.ascontiguousarray(image).data).digest()
        self.digests[position] = np.frombuffer(digest, dtype=np.uint8)


def _in_threads(
    work: Callable[[int, threading.Event], _Result],
    starts: Sequence[int],
    take: Callable[[_Result], None],
) -> None:
    """Call ``work`` for each start; the threads have ended when this returns or raises.

    Args:
        work: called in a thread each; it should end soon once the event is set.
        starts: what it is called with.
        take: called in this thread with each result, in the order in which they come.
    """
    stop = threading.Event()
    with (
        without_pillow_warnings(),
        ThreadPoolExecutor(usable_cores(), thread_name_prefix="decode") as pool,
    ):
        try:
            for future in as_completed([pool.submit(work, start, stop) for start in starts]):
                take(future.result())
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _check_share(root: Path, files: Sequence[str], skipped: list[Skipped]) -> None:
    if len(skipped) > _MOST_SKIPPED * len(files):
        first = skipped[0]
        raise InputError(
            f"More than {_MOST_SKIPPED:.0%} of the {len(files):,} images in {root} cannot be "
            f"read, such as {display_name(files[first.position])}, which {first.reason}: mend or "
            "remove them."
        )
