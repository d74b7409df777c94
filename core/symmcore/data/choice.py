"""Which dataset a user's DATASET argument means.

Light to import: the catalogue imports what reads a dataset when it is read.
"""

import os
from dataclasses import replace
from pathlib import Path

from symmcore.data import catalogue
from symmcore.data.catalogue import DatasetChoice, DatasetEntry
from symmcore.data.sources.splits import SplitRule
from symmcore.errors import InputError


def dataset_entry(name: str) -> DatasetEntry:
    """Look up a dataset by name; settings may follow a colon where it takes them.

    Raises:
        InputError: if there is none of that name, or the settings are wrong.
    """
    head, colon, settings = name.partition(":")
    for entry in catalogue.DATASETS:
        if entry.name != head:
            continue
        if not colon:
            return entry
        if entry.with_settings is None:
            raise InputError(f"{head} takes no settings: write {head} instead of {name!r}.")
        return entry.with_settings(settings)
    known = ", ".join(
        (
            *(entry.name for entry in catalogue.DATASETS),
            *(f"{source.name}:{source.argument}" for source in catalogue.SOURCES),
        )
    )
    raise InputError(f"Unknown dataset {name!r}: choose one of {known}, or the path of a folder.")


def dataset_choice(
    text: str, split: str = SplitRule.AUTO, download: bool = False, follow_links: bool = False
) -> DatasetChoice:
    """Read a DATASET argument; nothing of the dataset is opened.

    Args:
        text: a name, a name with what follows its colon, or the path of a folder: anything
            with a path separator in it, "~", ".", or the name of a folder that is there.
        split: the name of a :class:`SplitRule`.
        download: fetch the dataset if it is not there.
        follow_links: follow links to folders and out of the dataset's folder.

    Raises:
        InputError: if there is no such dataset, or the split, download or links do not apply.
    """
    try:
        rule = SplitRule(split)
    except ValueError:
        known = ", ".join(SplitRule)
        raise InputError(f"Unknown split {split!r}: choose one of {known}.") from None
    choice = _source_choice(text)
    if choice is None:
        entry = dataset_entry(text)
        choice = DatasetChoice(entry, entry.name, entry.name.partition(":")[2])
    kind = choice.kind
    if not kind.can_split and rule is not SplitRule.AUTO:
        raise InputError(f"{kind.title} has a split of its own: leave out --split {rule}.")
    if download and not kind.can_download:
        raise InputError(f"{kind.title} cannot be fetched: leave out --download.")
    if follow_links and not kind.can_follow_links:
        raise InputError(f"{kind.title} holds no links of yours: leave out --follow-links.")
    return replace(choice, split=rule, download=download, follow_links=follow_links)


def whole_dataset_name(text: str) -> str:
    """A DATASET argument that means the same in any folder: with a whole path, where it has one.

    Raises:
        InputError: if there is no such dataset.
    """
    choice = dataset_choice(text)
    if not choice.kind.can_follow_links:  # it lies in no files of the user's
        return text
    head = text.removesuffix(choice.argument)
    try:
        return f"{head}{Path(choice.argument).expanduser().absolute()}"
    except (OSError, RuntimeError, ValueError):  # reading it says what is wrong with the path
        return text


def _source_choice(text: str) -> DatasetChoice | None:
    head, colon, argument = text.partition(":")
    for source in catalogue.SOURCES:
        if source.name != head:
            continue
        if not argument:
            if not colon and _is_path(text):
                break
            raise InputError(
                f"{source.title} needs a {source.argument}: write {head}:{source.argument}."
            )
        return DatasetChoice(source, text, argument)
    if head not in (entry.name for entry in catalogue.DATASETS) and _is_path(text):
        return DatasetChoice(catalogue.FOLDER, f"folder:{text}", text)
    return None


def _is_path(text: str) -> bool:
    separators = [separator for separator in (os.sep, os.altsep) if separator]
    if any(separator in text for separator in separators) or text in (".", "..", "~"):
        return True
    try:
        return bool(text) and Path(text).is_dir()
    except (OSError, ValueError):  # too long for a name; a zero byte
        return False
