"""A dataset's images decoded once into a file, and mapped into memory from then on.

In the cache folder, a dataset is a folder named by its key: ``images.npy`` (N, H, W, 3) uint8,
``digests.npy``, ``skipped.json`` and ``ranges.json``. It is written as ``<key>.part`` and renamed
when it is whole, under ``<key>.lock``, a lock of the operating system that ends with its process,
however that ends. What a killed process left behind is removed by the next that writes anything.
A dataset that is decoded as needed has ``<key>-checked``: the same without the images.

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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import platformdirs
from filelock import FileLock, Timeout
from numpy.lib import format as npy

from symmcore.data.decode_pass import DIGEST_BYTES, Decoded, Progress, Skipped, Write, decode_all
from symmcore.data.decoding import DECODER_VERSION
from symmcore.data.listing import ImageListing
from symmcore.data.locking import held
from symmcore.data.store import ImageArray
from symmcore.data.value_range import ValueRanges
from symmcore.doing import Doing, Tell, byte_count, tell_nobody
from symmcore.errors import InputError

_IMAGES = "images.npy"
_DIGESTS = "digests.npy"
_SKIPPED = "skipped.json"
_RANGES = "ranges.json"
_PART = ".part"
# What reading a damaged entry raises, or one that is not there.
_DAMAGED = (OSError, ValueError, EOFError, TypeError)

_Opened = TypeVar("_Opened")

_FILES_BETWEEN_TELLS = 100

# Left free on the disk, for everything else that runs.
_HEADROOM = 10**9


def default_folder() -> Path:
    """Where caches are kept: among the user's cache files."""
    return platformdirs.user_cache_path("symmviz") / "images"


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Where decoded images are kept.

    Attributes:
        folder: the folder of all caches; made when it is needed.
        limit: most bytes of all caches together. The least recently used go first; a
            dataset that takes more alone is decoded as needed.
    """

    folder: Path = field(default_factory=default_folder)
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
        where: its folder.
        made: whether it is there already.
    """

    bytes: int
    free: int
    limit: int
    where: Path
    made: bool

    @property
    def fits(self) -> bool:
        """Whether it is there or may be made; else images are decoded as needed."""
        return self.made or (self.bytes <= self.limit and self.bytes + _HEADROOM <= self.free)

    def size(self) -> str:
        """How much it takes, for people."""
        return byte_count(self.bytes)

    def sentence(self) -> str:
        """The plan for people."""
        size = self.size()
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
    listing: ImageListing, settings: CacheSettings, size: int, tell: Tell = tell_nobody
) -> CachePlan:
    """What the cache of a dataset would take.

    Args:
        listing: its files, each of which is looked at for its size and time.
        settings: where, and how much at most.
        size: height and width of the decoded images.
        tell: told how many files were looked at.
    """
    where = settings.folder / cache_key(listing, size, tell)
    return CachePlan(
        bytes=len(listing.files) * size * size * 3,
        free=_free_bytes(settings.folder),
        limit=settings.limit,
        where=where,
        made=_is_made(where),
    )


def _is_made(where: Path) -> bool:
    try:
        return (where / _IMAGES).is_file()
    except OSError:  # a folder that may not be looked into
        return False


def cache_key(listing: ImageListing, size: int, tell: Tell = tell_nobody) -> str:
    """A name that changes with the files' folder, names, order, sizes, times and readability."""
    count = len(listing.files)
    digest = hashlib.sha256(f"{DECODER_VERSION} {size} ".encode())
    digest.update(os.fsencode(listing.root.resolve()))
    for number, file in enumerate(listing.files):
        if number % _FILES_BETWEEN_TELLS == 0:
            tell(Doing("Checking the files", number, count))
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
    listing: ImageListing, plan: CachePlan, size: int, progress: Progress
) -> CachedImages:
    """Open the cache of a dataset; make it where there is none.

    While another process makes it, this one waits, and tells ``progress`` how far that is.

    Raises:
        InputError: if too many images cannot be decoded.
        OSError: if the cache cannot be written or read: no right to, no space left.
    """
    count = len(listing.files)
    shape = (count, size, size, 3)

    def make(part: Path) -> None:
        _make_room(plan)
        images = part / _IMAGES
        write = _block_writer(images, shape)
        _save_decoded(part, decode_all(listing.root, listing.files, size, progress, write))
        _finish(images)

    def waiting() -> None:
        images = _part_of(plan.where) / _IMAGES
        try:
            share = images.stat().st_size / plan.bytes
        except OSError:
            share = 0.0
        progress(min(count, int(share * count)), count)

    def opened() -> CachedImages:
        pixels = np.load(plan.where / _IMAGES, mmap_mode="r", allow_pickle=False)
        if (pixels.shape, pixels.dtype) != (shape, np.uint8):
            raise ValueError("other images")
        cached = CachedImages(_load_decoded(plan.where, count), pixels)
        os.utime(plan.where)  # used now: the last to make room for others
        return cached

    return _whole(plan.where, make, waiting, opened)


def open_checked(listing: ImageListing, plan: CachePlan, size: int, progress: Progress) -> Decoded:
    """What came of decoding each image once, remembered without the pixels.

    Raises:
        InputError: if too many images cannot be decoded.
        OSError: if the cache folder cannot be written or read.
    """

    def make(part: Path) -> None:
        _save_decoded(part, decode_all(listing.root, listing.files, size, progress, None))

    def waiting() -> None:
        progress(0, len(listing.files))

    where = plan.where.with_name(f"{plan.where.name}-checked")
    return _whole(where, make, waiting, lambda: _load_decoded(where, len(listing.files)))


def _whole(
    entry: Path,
    make: Callable[[Path], None],
    waiting: Callable[[], None],
    opened: Callable[[], _Opened],
) -> _Opened:
    """Open an entry under its lock; make it first where there is none, or a damaged one."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with held(_lock_of(entry), waiting):
        # Somebody may have tidied up in the cache folder, or a disk have lost the end of a file.
        with suppress(*_DAMAGED):
            return opened()
        _remove_leftovers(entry)
        part = _part_of(entry)
        part.mkdir()
        try:
            make(part)
            part.rename(entry)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return opened()


def _lock_of(entry: Path) -> FileLock:
    return FileLock(entry.with_name(f"{entry.name}.lock"))


def _part_of(entry: Path) -> Path:
    return entry.with_name(entry.name + _PART)


def _remove_leftovers(own: Path) -> None:
    """Remove what processes that were killed left half-written, here or in other entries."""
    if own.is_dir():
        shutil.rmtree(own)
    for part in own.parent.glob(f"*{_PART}"):
        entry = part.with_name(part.name.removesuffix(_PART))
        if entry == own:
            shutil.rmtree(part)
        else:
            _unless_locked(entry, partial(shutil.rmtree, part, ignore_errors=True))


def _make_room(plan: CachePlan) -> None:
    """Remove the least recently used caches until all stay within the limit."""
    others = [
        (images.parent.stat().st_mtime, images.stat().st_size, images.parent)
        for images in plan.where.parent.glob(f"*/{_IMAGES}")
        if not images.parent.name.endswith(_PART)
    ]
    total = plan.bytes + sum(size for _, size, _ in others)
    for _, size, entry in sorted(others):
        if total <= plan.limit:
            return
        total -= size
        _unless_locked(entry, partial(_remove, entry))


def _remove(entry: Path) -> None:
    """Remove an entry, so that no half of it can be taken for a whole one."""
    part = _part_of(entry)
    with suppress(PermissionError):  # Windows, while another process has it mapped
        entry.rename(part)
        shutil.rmtree(part, ignore_errors=True)


def _unless_locked(entry: Path, action: Callable[[], None]) -> None:
    with suppress(Timeout), _lock_of(entry).acquire(timeout=0):
        action()


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


def _finish(path: Path) -> None:
    """See that a file outlives a loss of power; it is renamed afterwards."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _save_decoded(folder: Path, decoded: Decoded) -> None:
    np.save(folder / _DIGESTS, decoded.digests, allow_pickle=False)
    content = json.dumps([[one.position, one.reason] for one in decoded.skipped])
    (folder / _SKIPPED).write_text(content, encoding="utf-8")
    ranges = json.dumps(dataclasses.asdict(decoded.ranges))
    (folder / _RANGES).write_text(ranges, encoding="utf-8")
    _finish(folder / _DIGESTS)
    _finish(folder / _SKIPPED)
    _finish(folder / _RANGES)


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
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    return shutil.disk_usage(there).free
