"""A folder of images: one sub-folder a class."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from symmcore.data.images.formats import has_image_name
from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.sources.file_tree import FileTree, existing_folder, find_files
from symmcore.data.sources.layout import EXPECTED, Layout, find_layout
from symmcore.data.sources.natural_order import natural_key
from symmcore.data.sources.splits import (
    SplitRule,
    check_split,
    drop_single_images,
    one_sided,
    split_by_class,
    split_listed,
)
from symmcore.data.sources.unused_files import (
    followed_links,
    twins,
    undecoded_images,
    unfollowed_links,
    unused_in_folder,
    unused_in_tree,
)
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import IndexArray


def list_folder(
    path: str | Path,
    rule: SplitRule,
    seed: int,
    name: str = "",
    on_progress: ProgressCallback = ignore_progress,
    *,
    follow_links: bool = False,
) -> ImageListing:
    """List the images of a folder, by class.

    The sub-folders of the folder, or of the folders of its split, are the classes (see
    :func:`symmcore.data.sources.layout.find_layout`); images may lie at any depth below. Every
    format that Pillow or an installed optional decoder reads counts, told by the name's ending.
    Classes and the images of each are in natural order. All else is counted in ``unused``.

    Args:
        path: the folder.
        rule: how to split; AUTO uses the folders of a split if there are such.
        seed: decides a split by image.
        name: of the dataset; "folder:" and the path by default.
        on_progress: told how many files were found.
        follow_links: whether to follow links to folders and out of the folder.

    Raises:
        InputError: naming what is wrong with the folder.
    """
    root = existing_folder(path, EXPECTED)
    tree = find_files(root, on_progress, follow_links=follow_links)
    twin = twins(tree.files)
    images = [file for file in tree.files if has_image_name(file) and file not in twin]
    _check_any(path, images, tree)
    with _saying_what_is_lost(tree):
        layout = find_layout(path, images, rule)
        inside = [file for file in images if layout.holds(file)]
        labels, class_names, files = _by_class(inside, layout.depth)
        train, test, split = _split(layout, rule, labels, class_names, files, seed)
        sides = one_sided(layout.sides, labels, train, test, class_names)
        train, notes = drop_single_images(labels, train, test, class_names)
        check_split(str(path), labels, train, test)
    unused = unused_in_folder(tree, layout, images, twin)
    return ImageListing(
        name=name or f"folder:{path}",
        root=root,
        files=files,
        labels=labels,
        class_names=class_names,
        train=train,
        test=test,
        split=split,
        notes=(
            *layout.notes,
            *notes,
            *sides,
            *(one.sentence for one in unused),
            *followed_links(tree),
        ),
        unused=unused,
    )


@contextmanager
def _saying_what_is_lost(tree: FileTree) -> Iterator[None]:
    """Add to a refusal what may be its reason: images or folders that are there, not used."""
    try:
        yield
    except InputError as error:
        lost = (*undecoded_images(tree.files), *unfollowed_links(tree))
        if not lost:
            raise
        sentences = " ".join(one.sentence for one in lost)
        raise InputError(f"{error} {sentences}") from error


def _split(
    layout: Layout,
    rule: SplitRule,
    labels: IndexArray,
    class_names: tuple[str, ...],
    files: tuple[str, ...],
    seed: int,
) -> tuple[IndexArray, IndexArray, str]:
    if not layout.train:
        return split_listed(labels, len(class_names), rule, seed)
    trains = np.array([file.startswith(f"{layout.train}/") for file in files], dtype=np.bool_)
    return *split_by_class(trains), layout.split


def _by_class(
    images: Iterable[str], depth: int
) -> tuple[IndexArray, tuple[str, ...], tuple[str, ...]]:
    """Labels, names of the classes and files, all in natural order."""
    classes: dict[str, list[str]] = {}
    for file in images:
        # one class, though one of its folders may be written in another Unicode form
        folder = file.split("/", depth + 1)[depth]
        classes.setdefault(unicodedata.normalize("NFC", folder), []).append(file)
    names = sorted(classes, key=natural_key)
    labels = np.repeat(np.arange(len(names)), [len(classes[name]) for name in names])
    files = (file for name in names for file in sorted(classes[name], key=natural_key))
    return labels, tuple(map(display_name, names)), tuple(files)


def _check_any(path: str | Path, images: list[str], tree: FileTree) -> None:
    if any("/" in image for image in images):
        return
    if images:
        problem = f"The {len(images):,} images of {path} lie in no sub-folder"
    else:
        problem = f"{path} holds no images"
    reasons = (*undecoded_images(tree.files), *unused_in_tree(tree))
    sentences = " ".join(one.sentence for one in reasons).rstrip(".")
    because = f" ({sentences})" if sentences else ""
    raise InputError(f"{problem}{because}: {EXPECTED} is needed.")
