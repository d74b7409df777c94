"""What was named on the command line for the window to open."""

import os
from collections.abc import Sequence
from pathlib import Path

from symmcore.data.images.formats import has_image_name
from symmcore.runs.formats.config_file import read_info
from symmcore.runs.reading.finding import check_run, holds_run, run_folders


def images_folder(paths: Sequence[Path]) -> Path | None:
    """The one folder of images that was named; None for runs, and for nothing.

    Raises:
        InputError: if a path is neither a run nor a folder of images, or such a folder was
            named beside others.
    """
    if len(paths) == 1 and not holds_run(paths[0]) and _holds_images(paths[0]):
        return paths[0]
    for path in paths:
        check_runs(path)
    return None


def check_runs(path: Path) -> None:
    """Check that a path is a run or a comparison that can be opened; reads no more of it.

    Raises:
        InputError: if it is not.
    """
    for folder in run_folders(path):
        check_run(folder)
        read_info(folder)


def _holds_images(path: Path) -> bool:
    return any(any(map(has_image_name, names)) for _, _, names in os.walk(path))
