"""The images that an archive lists, as a listing of those that are there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.sources.annotations import Annotation, quoted
from symmcore.data.sources.file_tree import FileTree, LeftOut, find_files, is_inside
from symmcore.data.sources.splits import check_split, drop_single_images, named, split_by_class
from symmcore.data.sources.unused_files import followed_links, unlisted_images
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import IndexArray

_MOST_MISSING = 0.1


@dataclass(frozen=True, slots=True)
class PublishedCounts:
    """How many images and classes the paper trains and tests on."""

    train_images: int
    train_classes: int
    test_images: int
    test_classes: int


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
    train, test = split_by_class(np.array([image.trains for image in there], dtype=np.bool_))
    _check_classes_apart(name, labels[train], labels[test], class_names)
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
            raise InputError(f"{image.where} lists {quoted(image.file)} a second time.")


def _check_classes_apart(
    name: str, train: IndexArray, test: IndexArray, class_names: Sequence[str]
) -> None:
    both = np.intersect1d(train, test)
    if len(both):
        raise InputError(
            f"{name} lists the class {class_names[both[0]]} both for training and for testing."
        )


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
        f"{quoted(missing[0].file)} for one"
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
                f"{quoted(image.file)}, through a link: follow links (--follow-links) to use it."
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
