"""A dataset's images decoded once into a file, and mapped into memory from then on.

In the cache folder, a dataset is a folder named by its key: ``images.npy`` (N, H, W, 3) uint8,
``digests.npy``, ``skipped.json`` and ``ranges.json``. A dataset that is decoded as needed has
``<key>-checked``: the same without the images.

The key is made of the files' names, sizes, times and places on the disk, not of their bytes: to
read SOP's 2.9 GB at every start would take as long as training some hundred steps, and a file
that is changed or renamed has another time of its last change, which nobody can set. The range of
values by which images of more than 8 bits were brought to 8 needs no place in the key: it
follows from all of the files, each of which is in the key, and the decoder's version.
"""

import dataclasses
import hashlib
import json
import operator
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from symmcore.data.images.cache_entries import finish, make_room, open_whole, part_of
from symmcore.data.images.decode_pass import (
    DIGEST_BYTES,
    DecodeCallback,
    Decoded,
    Skipped,
    Write,
    decode_all,
)
from symmcore.data.images.decoding import DECODER_VERSION
from symmcore.data.images.store import ImageArray
from symmcore.data.listing import ImageListing
from symmcore.data.value_range import ValueRanges
from symmcore.errors import InputError
from symmcore.folders import NoCacheFolderError, user_cache_folder
from symmcore.progress import Progress, ProgressCallback, byte_count, ignore_progress

_IMAGES = "images.npy"
_DIGESTS = "digests.npy"
_SKIPPED = "skipped.json"
_RANGES = "ranges.json"

_FILES_BETWEEN_TELLS = 100

# Left free on the disk, for everything else that runs.
_HEADROOM = 10**9


def default_folder() -> Path | None:
    """Where caches are kept: among the user's cache files; None if there is no such folder."""
    try:
        return user_cache_folder() / "images"
    except NoCacheFolderError:
        return None


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Where decoded images are kept.

    Attributes:
        folder: the folder of all caches; made when it is needed. None to keep none.
        limit: most bytes of all caches together. The least recently used go first; a
            dataset that takes more alone is decoded as needed.
    """

    folder: Path | None = field(default_factory=default_folder)
    limit: int = 32 * 10**9

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise InputError(f"The cache limit is {self.limit} bytes: it must be at least 0.")


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What a dataset's cache would take, known before it is made.

    Attributes:
        bytes: its size.
        free: bytes free on the disk.
        limit: most bytes that caches may take.
        where: its folder; None where no folder may hold any.
        made: whether it is there already.
    """

    bytes: int
    free: int
    limit: int
    where: Path | None
    made: bool

    @property
    def fits(self) -> bool:
        """Whether it is there or may be made; else images are decoded as needed."""
        if self.where is None:
            return False
        return self.made or (self.bytes <= self.limit and self.bytes + _HEADROOM <= self.free)

    def size(self) -> str:
        """How much it takes, for people."""
        return byte_count(self.bytes)

    def sentence(self) -> str:
        """The plan for people."""
        size = self.size()
        if self.where is None:
            return f"The images are decoded as needed, since {NoCacheFolderError()}."
        if self.made:
            return f"The decoded images ({size}) are in {self.where.parent}."
        if self.fits:
            return f"The decoded images will take {size} in {self.where.parent}."
        reason = (
            f"more than the limit of {self.limit / 1e9:.1f} GB"
            if self.bytes > self.limit
            else f"and only {self.free / 1e9:.1f} GB are free"
        )
        return f"The decoded images would take {size}, {reason}: they are decoded as needed."


@dataclass(frozen=True, slots=True, eq=False)
class CachedImages:
    """A cache that is whole.

    Attributes:
        decoded: what came of decoding.
        pixels: (N, H, W, 3) uint8, mapped from the file; zeros where one was skipped.
    """

    decoded: Decoded
    pixels: ImageArray


def plan_cache(
    listing: ImageListing,
    settings: CacheSettings,
    size: int,
    on_progress: ProgressCallback = ignore_progress,
) -> CachePlan:
    """What the cache of a dataset would take.

    Args:
        listing: its files, each of which is looked at for its size and time.
        settings: where, and how much at most.
        size: height and width of the decoded images.
        on_progress: told how many files were looked at.
    """
    folder, total = settings.folder, len(listing.files) * size * size * 3
    if folder is None:
        return CachePlan(total, free=0, limit=settings.limit, where=None, made=False)
    where = folder / cache_key(listing, size, on_progress)
    return CachePlan(total, _free_bytes(folder), settings.limit, where, _is_made(where))


def _is_made(where: Path) -> bool:
    try:
        return (where / _IMAGES).is_file()
    except OSError:  # a folder that may not be looked into
        return False


def cache_key(
    listing: ImageListing, size: int, on_progress: ProgressCallback = ignore_progress
) -> str:
    """A name that changes with the files' folder, names, order, sizes, times and readability."""
    count = len(listing.files)
    digest = hashlib.sha256(f"{DECODER_VERSION} {size} ".encode())
    digest.update(os.fsencode(listing.root.resolve()))
    for number, file in enumerate(listing.files):
        if number % _FILES_BETWEEN_TELLS == 0:
            on_progress(Progress("Checking the files", number, count))
        path = listing.root / file
        try:
            status = path.stat()
            times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
            state = f"{status.st_size} {status.st_ino} {times} {os.access(path, os.R_OK)}"
        except OSError as error:
            state = f"{error.errno}"
        digest.update(os.fsencode(f"\0{file}\0{state}"))
    return digest.hexdigest()[:32]


def open_cache(
    listing: ImageListing, plan: CachePlan, size: int, progress: DecodeCallback
) -> tuple[CachedImages, bool]:
    """Open the cache of a dataset; make it where there is none, or a damaged one.

    While another process makes it, this one waits, and tells ``progress`` how far that is.

    Returns:
        The cache, and whether a damaged one was made anew.

    Raises:
        InputError: if too many images cannot be decoded.
        OSError: if the cache cannot be written or read: no right to, no space left.
    """
    count = len(listing.files)
    shape = (count, size, size, 3)
    where = plan.where
    assert where is not None, "it fits"

    def make(part: Path) -> None:
        make_room(where, _IMAGES, plan.bytes, plan.limit)
        images = part / _IMAGES
        write = _block_writer(images, shape)
        _save_decoded(part, decode_all(listing.root, listing.files, size, progress, write))
        finish(images)

    def waiting() -> None:
        images = part_of(where) / _IMAGES
        try:
            share = images.stat().st_size / plan.bytes
        except OSError:
            share = 0.0
        progress(min(count, int(share * count)), count)

    def opened() -> CachedImages:
        pixels = np.load(where / _IMAGES, mmap_mode="r", allow_pickle=False)
        if (pixels.shape, pixels.dtype) != (shape, np.uint8):
            raise ValueError("other images")
        cached = CachedImages(_load_decoded(where, count), pixels)
        with suppress(OSError):  # a folder that may only be read
            os.utime(where)  # used now: the last to make room for others
        return cached

    return open_whole(where, make, waiting, opened)


def open_checked(
    listing: ImageListing, plan: CachePlan, size: int, progress: DecodeCallback
) -> tuple[Decoded, bool]:
    """What came of decoding each image once, remembered without the pixels.

    Returns:
        That, and whether what was remembered was damaged.

    Raises:
        InputError: if too many images cannot be decoded.
        OSError: if the cache folder cannot be written or read.
    """

    def make(part: Path) -> None:
        _save_decoded(part, decode_all(listing.root, listing.files, size, progress, None))

    def waiting() -> None:
        progress(0, len(listing.files))

    if plan.where is None:
        raise NoCacheFolderError
    where = plan.where.with_name(f"{plan.where.name}-checked")
    return open_whole(where, make, waiting, lambda: _load_decoded(where, len(listing.files)))


def _block_writer(path: Path, shape: tuple[int, int, int, int]) -> Write:
    """Writes blocks into a new .npy file.

    Through the file, not a mapping: where the disk is full that is an error, not the end of
    the process.
    """
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, header)
        offset = file.tell()

    def write(start: int, block: ImageArray) -> None:
        with path.open("r+b", buffering=0) as file:
            file.seek(offset + start * block[0].nbytes)
            left = block.data.cast("B")
            while left:
                left = left[file.write(left) :]

    return write


def _save_decoded(folder: Path, decoded: Decoded) -> None:
    np.save(folder / _DIGESTS, decoded.digests, allow_pickle=False)
    content = json.dumps([[one.position, one.reason] for one in decoded.skipped])
    (folder / _SKIPPED).write_text(content, encoding="utf-8")
    ranges = json.dumps(dataclasses.asdict(decoded.ranges))
    (folder / _RANGES).write_text(ranges, encoding="utf-8")
    finish(folder / _DIGESTS)
    finish(folder / _SKIPPED)
    finish(folder / _RANGES)


def _load_decoded(folder: Path, count: int) -> Decoded:
    """What was saved of ``count`` files.

    Raises:
        OSError, ValueError, EOFError, TypeError: if it is not there or damaged.
    """
    digests = np.load(folder / _DIGESTS, allow_pickle=False)
    if (digests.shape, digests.dtype) != ((count, DIGEST_BYTES), np.uint8):
        raise ValueError("other digests")
    entries = json.loads((folder / _SKIPPED).read_text(encoding="utf-8"))
    skipped = tuple(Skipped(operator.index(at), str(reason)) for at, reason in entries)
    if any(not 0 <= one.position < count for one in skipped):
        raise ValueError("other images are skipped")
    ranges = ValueRanges.from_json(json.loads((folder / _RANGES).read_text(encoding="utf-8")))
    return Decoded(digests, skipped, ranges)


def _free_bytes(folder: Path) -> int:
    for there in (folder, *folder.absolute().parents):
        with suppress(OSError):  # it is not there yet, or may not be looked into
            return shutil.disk_usage(there).free
    return 0
