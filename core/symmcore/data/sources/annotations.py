"""What the official archives of the benchmarks have in common: lists of files, checked.

Annotations come from outside. A path in them is used only if it stays inside the dataset's
folder, and everything wrong is refused naming the file and the line.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.sources.file_tree import (
    FileTree,
    LeftOut,
    archive_file,
    existing_folder,
    find_files,
    is_inside,
)
from symmcore.data.sources.splits import check_split, drop_single_images, named, split_by_class
from symmcore.data.sources.unused_files import followed_links, unlisted_images
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import IndexArray

# The longest official list has 5 MB.
_LONGEST_LIST = 64 * 2**20
_DRIVE = re.compile(r"[A-Za-z]:")
_MOST_MISSING = 0.1
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated image.

    Attributes:
        file: its path below the dataset's folder.
        label: the archive's number of its class, from 1.
        trains: whether it trains.
        where: where that is written, for messages: "images.txt, line 7".
    """

    file: str
    label: int
    trains: bool
    where: str


@dataclass(frozen=True, slots=True)
class PublishedCounts:
    """How many images and classes the paper trains and tests on."""

    train_images: int
    train_classes: int
    test_images: int
    test_classes: int


def find_archive(path: str | Path, marker: str, *, follow_links: bool = False) -> Path:
    """The folder that holds the file ``marker``: ``path`` or a folder in it.

    Args:
        path: what the user gave.
        marker: the name of the file.
        follow_links: whether the folder in it may be a link out of it.

    Raises:
        InputError: if there is none, or more than one.
    """
    root = existing_folder(path, marker)
    try:
        if (root / marker).is_file():
            return root
        # a link beside the folder it leads to is not a second one
        found = sorted(
            {
                folder.resolve()
                for folder in root.iterdir()
                if (folder / marker).is_file() and (follow_links or is_inside(folder, root))
            }
        )
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if not found:
        raise InputError(
            f"{path} holds no {marker}: extract the whole archive and give its folder."
        )
    if len(found) > 1:
        names = " and ".join(folder.name for folder in found[:2])
        raise InputError(f"{path} holds more than one {marker}, in {names}: give one of them.")
    return found[0]


def read_lines(root: Path, name: str, *, follow_links: bool = False) -> Iterator[tuple[str, str]]:
    """Read a list of the archive.

    Args:
        root: the archive's folder.
        name: the list's name in it.
        follow_links: whether it may be a link out of the folder.

    Yields:
        Each line that is not empty, and where it is written: ("1 a.jpg", "images.txt, line 1").

    Raises:
        InputError: if the file is not there, cannot be read or is not text in UTF-8.
    """
    path = archive_file(root, name, _LONGEST_LIST, follow_links=follow_links)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {row}, is not text in UTF-8: extract it anew.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if stripped := line.strip():
            yield stripped, f"{path}, line {number},"


def fields(line: str, where: str, expected: str) -> list[str]:
    """The fields of a line; the last takes what is left, spaces too.

    Args:
        line: the line.
        where: where it is written.
        expected: the names of the fields.

    Raises:
        InputError: if there are not as many.
    """
    count = len(expected.split())
    found = line.split(maxsplit=count - 1)
    if len(found) != count:
        raise InputError(f"{where} is {_quoted(line)}: {expected} is expected.")
    return found


def whole_number(text: str, where: str, most: int | None = None) -> int:
    """A number from 1, at most ``most``.

    Raises:
        InputError: if ``text`` is anything else.
    """
    good = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not good or int(text) < 1 or (most is not None and int(text) > most):
        limit = "from 1" if most is None else f"from 1 to {most:,}"
        raise InputError(f"{where} has {_quoted(text)} where a number {limit} is expected.")
    return int(text)


def inside_path(text: str, where: str) -> str:
    """A path that stays below the dataset's folder as far as its letters tell.

    Raises:
        InputError: if it is absolute, has a drive letter, goes up or is no path.
    """
    parts = re.split(r"[/\\]", text)
    if text.startswith(("/", "\\")) or _DRIVE.match(text) or ".." in parts:
        raise InputError(f"{where} points outside the dataset's folder with {_quoted(text)}.")
    path = PurePosixPath(text).as_posix()
    if path == "." or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise InputError(f"{where} has {_quoted(text)} where the path of an image is expected.")
    return path


def list_annotated(
    name: str,
    root: Path,
    annotations: Sequence[Annotation],
    class_name: Callable[[Annotation], str],
    published: PublishedCounts,
    on_progress: ProgressCallback = ignore_progress,
    *,
    follow_links: bool = False,
) -> ImageListing:
    """Make a listing of annotated images that are there.

    Args:
        name: the dataset as the command line writes it.
        root: the archive's folder, without links.
        annotations: all images, in the order of the archive.
        class_name: what an image's class is called.
        published: what the paper has, to compare with.
        on_progress: told how many files were found.
        follow_links: whether an image may lie behind a link out of the folder.

    Raises:
        InputError: if no image is listed, one is listed twice or lies outside ``root``, if a
            class both trains and tests, if more than a tenth of the images is missing, or if
            what is there cannot be trained on.
    """
    if not annotations:
        raise InputError(f"{name} lists no images: extract the whole archive.")
    _check_listed_once(annotations)
    tree = find_files(root, on_progress, follow_links=follow_links)
    there, missing = _existing(root, annotations, tree, follow_links)
    notes = _missing_notes(name, root, annotations, missing, tree)
    labels, class_names = _classes(there, class_name)
    trains = np.array([image.trains for image in there], dtype=np.bool_)
    train, test = split_by_class(trains)
    both = np.intersect1d(labels[train], labels[test])
    if len(both):
        raise InputError(
            f"{name} lists the class {class_names[both[0]]} both for training and for testing."
        )
    lost = _lost_classes(there, missing, class_name)
    unused = unlisted_images([image.file for image in annotations], tree)
    differences = _differences(name, published, labels, train, test)
    train, singles = drop_single_images(labels, train, test, class_names)
    check_split(name, labels, train, test)
    return ImageListing(
        name=name,
        root=root,
        files=tuple(image.file for image in there),
        labels=labels,
        class_names=class_names,
        train=train,
        test=test,
        split="by class, as in the paper",
        notes=(
            *notes,
            *lost,
            *differences,
            *singles,
            *(one.sentence for one in unused),
            *followed_links(tree),
        ),
        unused=unused,
    )


def _check_listed_once(annotations: Sequence[Annotation]) -> None:
    seen: dict[str, str] = {}
    for image in annotations:
        before = seen.setdefault(image.file, image.where)
        if before is not image.where:
            raise InputError(f"{image.where} lists {_quoted(image.file)} a second time.")


def _existing(
    root: Path, annotations: Sequence[Annotation], tree: FileTree, follow_links: bool
) -> tuple[list[Annotation], list[Annotation]]:
    known = frozenset(tree.files)
    there: list[Annotation] = []
    missing: list[Annotation] = []
    for image in annotations:
        (there if _exists(image, root, known, follow_links) else missing).append(image)
    return there, missing


def _classes(
    there: Sequence[Annotation], class_name: Callable[[Annotation], str]
) -> tuple[IndexArray, tuple[str, ...]]:
    """Each image's label from 0, in the order of the archive's numbers, and the labels' names."""
    numbers, labels = np.unique([image.label for image in there], return_inverse=True)
    class_of = {image.label: image for image in reversed(there)}
    names = (display_name(class_name(class_of[number])) for number in numbers.tolist())
    return labels.astype(np.int64), tuple(names)


def _missing_notes(
    name: str,
    root: Path,
    annotations: Sequence[Annotation],
    missing: Sequence[Annotation],
    tree: FileTree,
) -> tuple[str, ...]:
    if not missing:
        return ()
    problem = (
        f"{len(missing):,} of the {len(annotations):,} images that {name} lists are not in {root}, "
        f"{_quoted(missing[0].file)} for one"
    )
    if len(missing) > _MOST_MISSING * len(annotations):
        raise InputError(f"{problem}{_unreadable(tree)}: extract the whole archive there.")
    return (f"{problem}{_unreadable(tree)}.",)


def _lost_classes(
    there: Sequence[Annotation],
    missing: Sequence[Annotation],
    class_name: Callable[[Annotation], str],
) -> tuple[str, ...]:
    """A note that names the classes of which no image is left."""
    left = {image.label for image in there}
    lost = {image.label: display_name(class_name(image)) for image in missing}
    names = [name for label, name in sorted(lost.items()) if label not in left]
    if not names:
        return ()
    classes = "1 class" if len(names) == 1 else f"{len(names):,} classes"
    return (f"No image is left of {classes}: {named(names)}.",)


def _unreadable(tree: FileTree) -> str:
    unreadable = tree.without(LeftOut.UNREADABLE)
    return f", where {display_name(unreadable[0])} cannot be read" if unreadable else ""


def _exists(image: Annotation, root: Path, known: frozenset[str], follow_links: bool) -> bool:
    if image.file in known:
        return True
    # Not found by looking into every folder: missing, or behind a link, or written in
    # another case on a file system that does not mind.
    path = root / image.file
    try:
        if not follow_links and not is_inside(path, root):
            raise InputError(
                f"{image.where} points outside the dataset's folder with "
                f"{_quoted(image.file)}, through a link: follow links (--follow-links) to use it."
            )
        return path.is_file()
    except OSError:  # links in a circle, a name that is too long, no permission
        return False


def _differences(
    name: str,
    published: PublishedCounts,
    labels: IndexArray,
    train: IndexArray,
    test: IndexArray,
) -> tuple[str, ...]:
    notes = []
    for side, positions, images, classes in (
        ("training", train, published.train_images, published.train_classes),
        ("test", test, published.test_images, published.test_classes),
    ):
        found, found_classes = len(positions), len(np.unique(labels[positions]))
        if (found, found_classes) != (images, classes):
            notes.append(
                f"{name} has {found:,} {side} images of {found_classes:,} classes here, the "
                f"paper's {images:,} of {classes:,}."
            )
    return tuple(notes)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
