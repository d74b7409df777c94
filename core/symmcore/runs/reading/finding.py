"""Finds the runs in folders, and says why a folder is none."""

from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.formats.files import reason
from symmcore.runs.formats.layout import CONFIG, FRAMES, METRICS, SEEDS, is_run, seed_folders


def check_run(folder: Path) -> None:
    """Check that a folder is a run directory.

    Raises:
        InputError: if it is none, or cannot be looked into.
    """
    try:
        if is_run(folder):
            return
        exists, empty = folder.is_dir(), folder.is_dir() and not any(folder.iterdir())
        is_file = folder.is_file()
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {reason(error)}.") from error
    if is_file:
        raise InputError(f"{folder} is a file: name the folder of a run.")
    if empty:
        raise InputError(f"{folder} is empty: name a folder that a training has written.")
    if exists and (folder / FRAMES).exists():
        raise InputError(f"{folder} is no whole run: neither {CONFIG} nor {METRICS} is in it.")
    raise InputError(f"{folder} holds no run: there is no {METRICS} in it.")


def run_folders(path: Path) -> tuple[Path, ...]:
    """The run directories in a folder, by name; the folder itself where it holds none.

    Those of several seeds come by seed.

    Raises:
        InputError: if it cannot be looked into.
    """
    try:
        if not path.is_dir() or is_run(path):
            return (path,)
        if (path / SEEDS).exists():
            found = [run for seed in seed_folders(path) for run in _runs_in(seed)]
        else:
            found = _runs_in(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}.") from error
    return tuple(found) or (path,)


def _runs_in(folder: Path) -> list[Path]:
    """The folder where it is a run, else the runs in it by name."""
    if is_run(folder):
        return [folder]
    return sorted(child for child in folder.iterdir() if child.is_dir() and is_run(child))


def holds_run(path: Path) -> bool:
    """Whether a folder is a run or a comparison, which may be damaged."""
    try:
        for folder in run_folders(path):
            check_run(folder)
    except InputError:
        return False
    return True
