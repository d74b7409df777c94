"""Finds out whether a folder holds the trainings of several seeds, and whether some are left."""

import dataclasses
from pathlib import Path

from symmcore.runs.continuing.seed_folder import SeedFolder
from symmcore.runs.formats.layout import SEEDS, seed_folders
from symmcore.runs.reading.recording import Recording, open_runs
from symmcore.training.config import TrainingConfig


def unfinished_seeds(out: Path) -> SeedFolder | None:
    """The folder of seeds of which some are left to train; None for any other.

    Args:
        out: what was opened.

    Raises:
        InputError: if the folder or a run in it cannot be read.
        OSError: if it cannot be looked into.
    """
    folder = recorded_seeds(out)
    return None if folder is None or folder.is_whole else folder


def recorded_seeds(out: Path) -> SeedFolder | None:
    """The folder of seeds, of which one at least was begun; None for any other.

    Args:
        out: what was opened.

    Raises:
        InputError: if the folder or a run in it cannot be read.
        OSError: if it cannot be looked into.
    """
    if not (out / SEEDS).is_file():
        return None
    for one in seed_folders(out):
        recordings = open_runs(one)
        config = _training(recordings)
        if config is not None:
            return SeedFolder(out, config, ())  # for no others: to look changes nothing
    return None


def _training(recordings: tuple[Recording, ...]) -> TrainingConfig | None:
    """The training of a seed's runs as it was chosen; None where they do not tell."""
    first = recordings[0].info
    specs = {one.info.name: one.info.config.specs for one in recordings if one.info.config}
    names = first.compared or (first.name,)
    if first.config is None or set(names) != set(specs):
        return None
    return dataclasses.replace(first.config, specs=tuple(s for name in names for s in specs[name]))
