"""A folder of images: one sub-folder a class."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from symmcore.data.listing import ImageListing
from symmcore.data.sources.file_tree import FileTree, display_name, existing_folder, find_files
from symmcore.data.sources.natural_order import natural_key
from symmcore.data.sources.splits import (
    SplitRule,
    check_split,
    drop_single_images,
    named,
    split_by_class,
    split_listed,
)
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import IndexArray

_EXPECTED = "one sub-folder of images for each class"
_TRAIN, _TEST = "train", "test"
# Pillow opens these but decodes them only with the help of other programs, one of which
# would run a program that is part of the image (EPS). Others the decoder never opens: what lies
# in them (BLP, IPTC) may be of any size.
_NOT_DECODED = frozenset({"BLP", "BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})


def list_folder(
    path: str | Path,
    rule: SplitRule,
    seed: int,
    name: str = "",
    on_progress: ProgressCallback = ignore_progress,
) -> ImageListing:
    """List the images of a folder, by class.

    The sub-folders of the folder, or of its folders train and test, are the classes;
    images may lie at any depth below. Every format that Pillow decodes counts, told by the
    ending of the name. Classes and the images of each are in natural order.

    Args:
        path: the folder.
        rule: how to split; AUTO uses the folders train and test if both hold classes.
        seed: decides a split by image.
        name: of the dataset; "folder:" and the path by default.
        on_progress: told how many files were found.

    Raises:
        InputError: naming what is wrong with the folder.
    """
    root = existing_folder(path, _EXPECTED)
    tree = find_files(root, on_progress)
    images = [file for file in tree.files if has_image_name(file)]
    if rule in (SplitRule.AUTO, SplitRule.FOLDERS):
        found = _has_train_and_test(images)
        if rule is SplitRule.FOLDERS and not found:
            raise InputError(
                f"{path} has no folders train and test with {_EXPECTED}: choose another split."
            )
        rule = SplitRule.FOLDERS if found else rule
    depth = 1 if rule is SplitRule.FOLDERS else 0
    inside = [file for file in images if file.count("/") > depth and _is_used(file, rule)]
    _check_any(path, images, inside, tree)
    labels, class_names, files = _by_class(inside, depth)
    if rule is SplitRule.FOLDERS:
        train, test = split_by_class(np.array([file.startswith(f"{_TRAIN}/") for file in files]))
        split = "by the folders train and test"
    else:
        train, test, split = split_listed(labels, len(class_names), rule, seed)
    train, notes = drop_single_images(labels, train, class_names)
    check_split(str(path), labels, train, test)
    return ImageListing(
        name=name or f"folder:{path}",
        root=root,
        files=files,
        labels=labels,
        class_names=class_names,
        train=train,
        test=test,
        split=split,
        notes=(*notes, *_tree_notes(tree, len(images) - len(inside))),
    )


def has_image_name(file: str) -> bool:
    """Whether a file's name ends as those of images that Pillow decodes."""
    _, dot, ending = file.rpartition(".")
    return bool(dot) and f".{ending.lower()}" in _image_endings()


@cache
def _image_endings() -> frozenset[str]:
    known = Image.registered_extensions()
    return frozenset(
        ending
        for ending, format_name in known.items()
        if format_name in Image.OPEN and format_name not in _NOT_DECODED
    )


def _has_train_and_test(images: Iterable[str]) -> bool:
    with_classes = {file.split("/", 1)[0] for file in images if file.count("/") > 1}
    return {_TRAIN, _TEST} <= with_classes


def _is_used(file: str, rule: SplitRule) -> bool:
    return rule is not SplitRule.FOLDERS or file.split("/", 1)[0] in (_TRAIN, _TEST)


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


def _check_any(path: str | Path, images: list[str], inside: list[str], tree: FileTree) -> None:
    if inside:
        return
    if images:
        raise InputError(
            f"The {len(images):,} images of {path} lie in no sub-folder: {_EXPECTED} is needed."
        )
    reasons = _tree_notes(tree, 0)
    because = f" ({' '.join(reasons).rstrip('.')})" if reasons else ""
    raise InputError(f"{path} holds no images{because}: {_EXPECTED} is needed.")


def _tree_notes(tree: FileTree, beside: int) -> tuple[str, ...]:
    notes = []
    if beside:
        notes.append(f"Left out: {_count(beside, 'image')} outside the folders of the classes.")
    if tree.links:
        links = named(sorted(map(display_name, tree.links)))
        notes.append(
            f"Left out: {_count(len(tree.links), 'link')} to a folder, to nothing or out of the "
            f"dataset: {links}."
        )
    if tree.unreadable:
        folders = named(sorted(map(display_name, tree.unreadable)))
        notes.append(f"Left out: {_count(len(tree.unreadable), 'unreadable folder')}: {folders}.")
    return tuple(notes)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
