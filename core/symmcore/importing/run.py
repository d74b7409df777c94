"""Records embeddings that were made elsewhere as a run of one frame."""

from pathlib import Path, PurePosixPath
from typing import Any

from symmcore.errors import InputError
from symmcore.export.output import whole_output
from symmcore.importing.imported import Imported, ImportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.layout import CONFIG
from symmcore.runs.recorder import Recorder

_STEP = 0


def write_run(
    source: Path, found: Imported, folder: Path, options: ImportOptions, progress: ProgressCallback
) -> None:
    """Record a run, whole or not at all.

    Args:
        source: where the embeddings are from, which the run says.
        found: what was read there.
        folder: the run directory, which must not be there yet.
        options: where the images are.
        progress: told what is being done.

    Raises:
        InputError: if the folder cannot be written, or an image is missing.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists: name a folder that is not there yet.")
    images = _images(found, options)
    progress(Progress("Recording embeddings", 0, len(found.embeddings)))
    with whole_output(folder, overwrite=False, marker=CONFIG) as made:
        about = {"imported_from": source.name}
        with Recorder(made, labels=found.labels, images=images, settings=about) as recorder:
            recorder.frame(_STEP, found.embeddings)
            progress(Progress("Writing thumbnails", 0, len(found.embeddings)))


def _images(found: Imported, options: ImportOptions) -> Any:
    """What is shown of each image: its file, its part of a sprite, or nothing."""
    if options.images is None:
        return found.pictures
    if not options.images.is_dir():
        raise InputError(f"{options.images} is no folder: name the one that the images lie in.")
    if found.files is None:
        raise InputError("No column names the images' files: say with --file which one does.")
    return [_below(options.images, name) for name in found.files]


def _below(root: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/"))
    if not name or parts.is_absolute() or ".." in parts.parts or "\0" in name:
        raise InputError(f"{name!r:.80} is no file below {root}: names are to be relative to it.")
    return root / parts
