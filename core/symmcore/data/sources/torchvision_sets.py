"""Datasets that torchvision can fetch, read from the user's cache folder.

What lies there may be anything, and torchvision's own readers of some sets unpickle files. So
torchvision only fetches (``torchvision_fetch``); the files are read here, as those of any other
folder. Sets that exist only pickled are not offered.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.formats import has_image_name
from symmcore.data.images.store import ArrayImages
from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.sources.annotations import fields, inside_path, read_lines
from symmcore.data.sources.file_tree import find_files
from symmcore.data.sources.folder import list_folder
from symmcore.data.sources.matlab import read_matlab
from symmcore.data.sources.natural_order import natural_key
from symmcore.data.sources.splits import (
    SplitRule,
    check_split,
    drop_single_images,
    split_by_class,
    split_listed,
)
from symmcore.data.sources.torchvision_catalog import (
    CIFAR100,
    DTD,
    FGVC_AIRCRAFT,
    FLOWERS102,
    FOOD101,
    OMNIGLOT,
    TorchvisionEntry,
    cache_folder,
    torchvision_entry,
)
from symmcore.data.sources.torchvision_fetch import fetch_set
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import IndexArray

Read = ImageDataset | ImageListing
Reader = Callable[[str, Path, SplitRule, int, ProgressCallback], Read]

_ANEW = "remove the folder and fetch the dataset again."


@dataclass(frozen=True, slots=True)
class TorchvisionSet:
    """How a dataset that torchvision can fetch is read.

    Attributes:
        entry: which one.
        read: lists or reads it from the set's folder: name, folder, split and seed; told how many
            files were found.
    """

    entry: TorchvisionEntry
    read: Reader


def read_torchvision_set(
    name: str,
    rule: SplitRule,
    seed: int,
    *,
    download: bool,
    on_progress: ProgressCallback = ignore_progress,
) -> Read:
    """Read a set from the cache folder, after fetching it if that was asked for.

    Args:
        name: torchvision's name, in any case.
        rule: how to split; AUTO takes a zero-shot split of the set's own, if it has one.
        seed: decides a split by image.
        download: fetch it if it is not there.
        on_progress: told how far that and reading are.

    Raises:
        InputError: if there is no such set; if it is not there and was not to be fetched;
            if fetching failed; if what is there is damaged.
    """
    chosen = torchvision_set(name)
    entry = chosen.entry
    if not entry.is_fetched:
        if not download:
            raise InputError(
                f"torchvision:{entry.name} is not in {cache_folder()}: add --download to fetch it."
            )
        fetch_set(entry, on_progress)
    data = chosen.read(f"torchvision:{entry.name}", entry.folder.resolve(), rule, seed, on_progress)
    return replace(data, notes=(*data.notes, *_differences(entry, data)))


def _differences(entry: TorchvisionEntry, data: Read) -> tuple[str, ...]:
    """A note if some of the set is not there any more, or more than it."""
    images, classes = len(data.labels), len(data.class_names)
    if (images, classes) == (entry.images, entry.classes):
        return ()
    return (
        f"{data.name} has {images:,} images of {classes:,} classes here, as published "
        f"{entry.images:,} of {entry.classes:,}.",
    )


def torchvision_set(name: str) -> TorchvisionSet:
    """Look up a set by torchvision's name, in any case.

    Raises:
        InputError: if it is not offered.
    """
    entry = torchvision_entry(name)
    return next(known for known in TORCHVISION_SETS if known.entry is entry)


def _read_folders(below: str) -> Reader:
    def read(
        name: str, folder: Path, rule: SplitRule, seed: int, on_progress: ProgressCallback
    ) -> Read:
        return list_folder(folder / below, rule, seed, name, on_progress)

    return read


def _read_omniglot(
    name: str, folder: Path, rule: SplitRule, seed: int, on_progress: ProgressCallback
) -> Read:
    """1,623 characters of 50 alphabets; the authors' background set trains."""
    root = folder / "omniglot-py"
    sides = ("images_background", "images_evaluation")
    files = sorted(
        (
            file
            for file in find_files(root, on_progress).files
            if file.startswith(sides) and file.count("/") == 3 and has_image_name(file)
        ),
        key=natural_key,
    )
    characters = [file.rpartition("/")[0] for file in files]
    labels, classes = _labels(characters)
    own = None
    if rule is SplitRule.AUTO:
        own = np.array([file.startswith(sides[0]) for file in files], dtype=np.bool_)
    names = tuple(character.partition("/")[2] for character in classes)
    return _listing(name, root, tuple(files), labels, names, rule, seed, own)


def _read_flowers(
    name: str, folder: Path, rule: SplitRule, seed: int, on_progress: ProgressCallback
) -> Read:
    """8,189 flowers of 102 kinds, numbered."""
    root = folder / "flowers-102"
    kinds = read_matlab(root, "imagelabels.mat", ("labels",))["labels"]
    if not kinds or not all(isinstance(kind, int) and kind > 0 for kind in kinds):
        raise InputError(f"{root / 'imagelabels.mat'} holds no numbers of classes: {_ANEW}")
    known = frozenset(find_files(root, on_progress).files)
    numbered = [(f"jpg/image_{number:05d}.jpg", kind) for number, kind in enumerate(kinds, 1)]
    there = [(file, kind) for file, kind in numbered if file in known]
    _check_complete(name, root, len(there), len(numbered))
    numbers, labels = np.unique([kind for _, kind in there], return_inverse=True)
    names = tuple(f"flower {number}" for number in numbers)
    files = tuple(file for file, _ in there)
    return _listing(name, root, files, labels.astype(np.int64), names, rule, seed)


def _read_aircraft(
    name: str, folder: Path, rule: SplitRule, seed: int, on_progress: ProgressCallback
) -> Read:
    """10,000 pictures of 100 variants of aircraft."""
    root = folder / "fgvc-aircraft-2013b" / "data"
    known = frozenset(find_files(root, on_progress).files)
    listed: list[tuple[str, str]] = []
    for part in ("train", "val", "test"):
        for line, where in read_lines(root, f"images_variant_{part}.txt"):
            number, variant = fields(line, where, "image variant")
            listed.append((f"images/{inside_path(f'{number}.jpg', where)}", variant))
    there = [(file, variant) for file, variant in listed if file in known]
    _check_complete(name, root, len(there), len(listed))
    labels, variants = _labels([variant for _, variant in there])
    files = tuple(file for file, _ in there)
    return _listing(name, root, files, labels, variants, rule, seed)


def _read_cifar100(
    name: str, folder: Path, rule: SplitRule, seed: int, _on_progress: ProgressCallback
) -> Read:
    """60,000 images of 32 x 32 pixels, split anew: the authors' parts share all classes."""
    root = folder / "cifar-100-binary"
    names = tuple(line for line, _ in read_lines(root, "fine_label_names.txt"))
    records = np.concatenate([_cifar_records(root / part) for part in ("train.bin", "test.bin")])
    labels = records[:, 1].astype(np.int64)  # byte 0 is the coarse class
    if not len(labels) or labels.max() >= len(names):
        raise InputError(f"{root} has images of classes without a name: {_ANEW}")
    images = records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    train, test, split = split_listed(labels, len(names), _without_folders(name, rule), seed)
    train, _ = drop_single_images(labels, train, test, names)
    check_split(name, labels, train, test)
    return ImageDataset(
        name=name,
        images=ArrayImages(np.ascontiguousarray(images)),
        labels=labels,
        class_names=names,
        train=train,
        test=test,
        split=split,
    )


def _cifar_records(path: Path) -> npt.NDArray[np.uint8]:
    """The records of a file, (N, 3074) uint8: coarse class, class, red, green, blue."""
    size = 2 + 3 * 32 * 32
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {_ANEW}") from error
    if len(content) == 0 or len(content) % size:
        raise InputError(f"{path} is cut short: {_ANEW}")
    return content.reshape(-1, size)


def _labels(classes: list[str]) -> tuple[IndexArray, tuple[str, ...]]:
    names = sorted(set(classes), key=natural_key)
    number = {name: label for label, name in enumerate(names)}
    return np.array([number[name] for name in classes], dtype=np.int64), tuple(names)


def _check_complete(name: str, root: Path, there: int, listed: int) -> None:
    if there < listed:
        raise InputError(
            f"{listed - there:,} of the {listed:,} images of {name} are not in {root}: remove the "
            "folder and fetch it again."
        )


def _without_folders(name: str, rule: SplitRule) -> SplitRule:
    if rule is SplitRule.FOLDERS:
        raise InputError(f"{name} has no folders train and test: choose another split.")
    return rule


def _listing(
    name: str,
    root: Path,
    files: tuple[str, ...],
    labels: IndexArray,
    class_names: tuple[str, ...],
    rule: SplitRule,
    seed: int,
    own: npt.NDArray[np.bool_] | None = None,
) -> ImageListing:
    if not files:
        raise InputError(f"{root} holds no images: remove the folder and fetch {name} again.")
    if own is not None:
        train, test = split_by_class(own)
        split = "by class, as its authors did"
    else:
        rule = _without_folders(name, rule)
        train, test, split = split_listed(labels, len(class_names), rule, seed)
    train, notes = drop_single_images(labels, train, test, class_names)
    check_split(name, labels, train, test)
    return ImageListing(
        name=name,
        root=root,
        files=files,
        labels=labels,
        class_names=tuple(map(display_name, class_names)),
        train=train,
        test=test,
        split=split,
        notes=notes,
    )


TORCHVISION_SETS = (
    TorchvisionSet(OMNIGLOT, _read_omniglot),
    TorchvisionSet(FLOWERS102, _read_flowers),
    TorchvisionSet(FGVC_AIRCRAFT, _read_aircraft),
    TorchvisionSet(CIFAR100, _read_cifar100),
    TorchvisionSet(FOOD101, _read_folders("food-101/images")),
    TorchvisionSet(DTD, _read_folders("dtd/dtd/images")),
)
