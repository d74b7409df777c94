"""How fast images come: from disk, from the cache, augmented, against ImageFolder and DataLoader.

All four read the same files in the same run, in a random order and in batches of one size, in
an order that rotates from round to round; a ratio is the median of the rounds' ratios. The
DataLoader applies the same transforms, from the files, with as many workers. A first, unmeasured
round starts all processes and brings the files into the system's memory, for everyone.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Subset
from torchvision import datasets
from torchvision.transforms import v2

from symmcore.data.feed.batches import BatchLoader, finished
from symmcore.data.images.cache import CacheSettings
from symmcore.data.images.decoded import DecodedImages
from symmcore.data.images.formats import has_image_name
from symmcore.data.listing import ImageListing
from symmcore.data.loading import IMAGE_SIZE, load_listing
from symmcore.data.sources.file_tree import find_files
from symmcore.errors import InputError
from symmcore.processes import default_threads, spawn_context
from symmcore.settings.transforms import PHOTOGRAPHS

_REFERENCE = "ImageFolder, DataLoader"
_DISK = "from disk, decoded"
_CACHE = "from cache"
_AUGMENTED = "from cache, augmented"
_BARS = {_CACHE: 3.0}
_GENERATED_CLASSES = 8
_GENERATED_SIZE = (500, 400)  # pixels, as most of CUB-200


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        path: a folder with a folder for each class; None generates images.
        images: how many are read, at most.
        batch: images in a batch.
        workers: processes that decode; what needs none has training's torch threads.
        rounds: alternations.
    """

    path: Path | None
    images: int = 1024
    batch: int = 128
    workers: int = 4
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One way to get images.

    Attributes:
        what: the way.
        speed: images a second, the median.
        ratio: that over the DataLoader's.
        bar: what the ratio should be at least; None if nothing is asked of it.
    """

    what: str
    speed: float
    ratio: float
    bar: float | None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None if there is none."""
        return None if self.bar is None else self.ratio >= self.bar

    def line(self) -> str:
        """The row for people."""
        bar = "" if self.bar is None else f"bar: at least {self.bar:g}x"
        verdict = {None: "", True: "met", False: "NOT met"}[self.met]
        return (
            f"{self.what:<24} {self.speed:>9,.0f} {self.ratio:>7.2f}x  {bar:<18} {verdict}".rstrip()
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        sizes: what was asked for.
        source: what the images are.
        device: where batches went.
        rows: the ways.
    """

    sizes: Sizes
    source: str
    device: str
    rows: tuple[Row, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.source}, batches of {self.sizes.batch} on {self.device}, "
            f"{self.sizes.workers} workers, medians of {self.sizes.rounds} alternations",
            f"{'what':<24} {'images/s':>9} {'ratio':>8}",
            *(row.line() for row in self.rows),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        sizes = asdict(self.sizes) | {"path": str(self.sizes.path) if self.sizes.path else None}
        rows = [asdict(row) | {"met": row.met} for row in self.rows]
        return {"sizes": sizes, "source": self.source, "device": self.device, "rows": rows}


def measure(sizes: Sizes) -> Report:
    """Measure on the GPU where there is one, else on the CPU.

    Raises:
        InputError: if the folder has no class folders with images, or too many bad ones.
    """
    before = torch.get_num_threads()
    # as training does: with as many as cores, one that is held up holds up all others
    torch.set_num_threads(default_threads())
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = sizes.path or _generate(Path(temporary) / "images", sizes.images)
            return _measure(sizes, folder, Path(temporary) / "cache")
    finally:
        torch.set_num_threads(before)


def _measure(sizes: Sizes, folder: Path, cache: Path) -> Report:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tree = _image_folder(folder)
    listing, chosen = _listing(tree, folder, sizes.images)
    dataset = load_listing(listing, CacheSettings(cache))
    bad = {one.file for one in dataset.skipped}
    good = [i for i, file in zip(chosen, listing.files, strict=True) if file not in bad]
    files = [file for file in listing.files if file not in bad]
    disk = DecodedImages(folder, files, IMAGE_SIZE, "", sizes.workers)
    loader = BatchLoader(dataset, device, 0, PHOTOGRAPHS, resident_bytes=0)
    reference: DataLoader[tuple[torch.Tensor, int]] = DataLoader(
        Subset(tree, good),
        sizes.batch,
        shuffle=True,
        num_workers=sizes.workers,
        persistent_workers=True,
        multiprocessing_context=spawn_context(),  # there are threads here, which a fork would break
        pin_memory=device.type == "cuda",
    )
    ways: dict[str, Callable[[], int]] = {
        _REFERENCE: lambda: sum(
            len(images.to(device, non_blocking=True)) for images, _ in reference
        ),
        _DISK: lambda: sum(len(disk.read(part)) for part in _parts(len(files), sizes.batch)),
        _CACHE: lambda: sum(
            len(torch.from_numpy(dataset.images.read(part)))
            for part in _parts(len(files), sizes.batch)
        ),
        _AUGMENTED: lambda: _augmented(loader, _parts(len(files), sizes.batch)),
    }
    try:
        speeds = _alternate(ways, sizes.rounds)
    finally:
        loader.release()
        disk.release()
    source = f"{len(files):,} images" + (
        f" of {folder}" if sizes.path else " (generated, {} x {} JPEG)".format(*_GENERATED_SIZE)
    )
    return Report(sizes, source, str(device), tuple(_row(way, speeds) for way in ways))


def _row(way: str, speeds: dict[str, list[float]]) -> Row:
    ratios = [own / other for own, other in zip(speeds[way], speeds[_REFERENCE], strict=True)]
    return Row(way, statistics.median(speeds[way]), statistics.median(ratios), _BARS.get(way))


def _alternate(ways: dict[str, Callable[[], int]], rounds: int) -> dict[str, list[float]]:
    """Images a second of each way, one number a round."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(-1, rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            began = time.perf_counter()
            count = ways[name]()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number >= 0:
                speeds[name].append(count / (time.perf_counter() - began))
    return speeds


def _parts(count: int, batch: int) -> Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The positions of an epoch in random order, in batches."""
    order = np.random.default_rng(0).permutation(count)
    return (order[begin : begin + batch] for begin in range(0, count, batch))


def _augmented(
    loader: BatchLoader, parts: Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]
) -> int:
    started = (loader.start(loader.plan(part)) for part in parts)
    return sum(len(images) for images, _ in finished(started, loader.ahead))


class _ImageFolder(datasets.ImageFolder):  # type: ignore[misc]  # torchvision has no types
    """An ImageFolder of files already found: its own search follows links, out and in circles."""

    def __init__(self, folder: Path, files: Sequence[str], transform: v2.Transform) -> None:
        self._files = files
        super().__init__(str(folder), transform)

    def find_classes(self, _: str) -> tuple[list[str], dict[str, int]]:
        """Names of the classes, sorted, and the label of each."""
        names = sorted({_class_of(file) for file in self._files})
        return names, {name: label for label, name in enumerate(names)}

    def make_dataset(
        self, directory: str, class_to_idx: dict[str, int], **_: object
    ) -> list[tuple[str, int]]:
        """The path and the label of each file."""
        return [(f"{directory}/{file}", class_to_idx[_class_of(file)]) for file in self._files]


def _class_of(file: str) -> str:
    return file.partition("/")[0]


def _image_folder(folder: Path) -> _ImageFolder:
    assert PHOTOGRAPHS.crop is not None, "the paper crops"
    transform = v2.Compose(
        [
            v2.Resize((IMAGE_SIZE, IMAGE_SIZE)),
            v2.RandomCrop(PHOTOGRAPHS.crop),
            v2.RandomHorizontalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ]
    )
    return _ImageFolder(folder, _images_in(folder), transform)


def _images_in(folder: Path) -> list[str]:
    """The images in the folders of classes, as training lists them, below the folder."""
    found = find_files(folder.resolve()).files if folder.is_dir() else ()
    files = sorted(file for file in found if "/" in file and has_image_name(file))
    if not files:
        raise InputError(
            f"{folder} has no folders of images: give one that holds a folder for each class."
        )
    return files


def _listing(tree: _ImageFolder, folder: Path, most: int) -> tuple[ImageListing, list[int]]:
    """Images of the tree, drawn at random where there are more, and their numbers in it."""
    order = np.random.default_rng(0).permutation(len(tree.samples))
    chosen = [int(i) for i in np.sort(order[:most])]
    every = np.arange(len(chosen))
    listing = ImageListing(
        name="bench",
        root=folder,
        files=tuple(Path(tree.samples[i][0]).relative_to(folder).as_posix() for i in chosen),
        labels=np.array([tree.samples[i][1] for i in chosen], dtype=np.int64),
        class_names=tuple(tree.classes),
        train=every,
        test=every[:0],
        split="all for training",
    )
    return listing, chosen


def _generate(folder: Path, count: int) -> Path:
    """JPEGs of coloured patches under noise, in folders of classes; always the same."""

    def save(number: int) -> None:
        random = np.random.default_rng(number)
        patches = random.integers(0, 256, (20, 25, 3), dtype=np.uint8)
        image = Image.fromarray(patches).resize(_GENERATED_SIZE, Image.Resampling.BICUBIC)
        pixels = np.asarray(image) + random.normal(0, 12, (*_GENERATED_SIZE[::-1], 3))
        path = folder / f"class{number % _GENERATED_CLASSES}" / f"{number}.jpg"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=88)

    for label in range(_GENERATED_CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(save, range(count)))
    return folder
