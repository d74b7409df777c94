"""Names of new run directories."""

from datetime import datetime
from pathlib import Path

from symmcore.errors import InputError
from symmcore.training.config import TrainingConfig

# File systems allow 255 bytes; a folder is still to be read at a glance.
_LONGEST_LOSSES = 100


def run_folder(runs_folder: Path, config: TrainingConfig, now: datetime) -> Path:
    """A folder for a new training: date, time, dataset and losses; one not there yet.

    Raises:
        InputError: if the folder for runs cannot be looked into.
    """
    losses = "-vs-".join(spec.folder_name for spec in config.specs)
    if len(losses) > _LONGEST_LOSSES:
        losses = f"{len(config.specs)}-runs"
    stem = f"{now:%Y%m%d-%H%M%S}-{config.dataset_choice().folder_name}-{losses}"
    candidate, number = runs_folder / stem, 2
    try:
        while candidate.exists():
            candidate = runs_folder / f"{stem}-{number}"
            number += 1
    except OSError as error:
        raise InputError(
            f"{runs_folder} cannot be written ({error.strerror}): choose another folder for runs."
        ) from error
    return candidate
