"""Records embeddings that were made elsewhere as a run of one frame."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from symmcore.errors import InputError
from symmcore.export.output import whole_output
from symmcore.importing.imported import Imported, ImportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.formats.config_file import keep_warnings
from symmcore.runs.formats.files import reason
from symmcore.runs.formats.layout import CONFIG
from symmcore.runs.formats.thumbnails import ThumbnailFiles
from symmcore.runs.writing.recorder import Recorder

_STEP = 0
_SECONDS_BETWEEN_CALLS = 0.5


def write_run(
    source: Path,
    found: Imported,
    folder: Path,
    options: ImportOptions,
    progress: ProgressCallback,
    scores: Mapping[str, float] = MappingProxyType({}),
) -> tuple[str, ...]:
    """Record a run, whole or not at all.

    Args:
        source: where the embeddings are from, which the run says.
        found: what was read there.
        folder: the run directory, which must not be there yet.
        options: where the images are.
        progress: told what is being done.
        scores: by the names that ``symmcore.evaluation.summary`` gives them.

    Returns:
        sentences on what is missing, which the run says too.

    Raises:
        InputError: if some of the folder cannot be written, or an image is missing.
    """
    if os.path.lexists(folder) and not _is_empty(folder):
        raise InputError(f"{folder} exists: name a folder that is not there yet.")
    try:
        images = _images(found, options)
    except OSError as error:
        raise InputError(f"{options.images} cannot be read ({reason(error)}).") from error
    progress(Progress("Recording embeddings", 0, len(found.embeddings)))
    with whole_output(folder, overwrite=False, contents=(CONFIG,)) as made:
        warnings = _record(made, source.name, found, images, progress, scores)
        if warnings is None:
            raise InputError(
                f"{folder} cannot be written whole: make room on its disk, or name a folder on "
                "another one."
            )
        if warnings:
            keep_warnings(made, warnings)
    return warnings


def _is_empty(folder: Path) -> bool:
    try:
        return folder.is_dir() and not any(folder.iterdir())
    except OSError:
        return False


def _record(
    made: Path,
    source: str,
    found: Imported,
    images: Any,
    progress: ProgressCallback,
    scores: Mapping[str, float],
) -> tuple[str, ...] | None:
    """Record the frame and the thumbnails; returns warnings, or None if some are not written."""
    count = len(found.embeddings)
    recorder = Recorder(
        made,
        labels=found.labels,
        images=images,
        settings={"imported_from": source},
        on_problem=lambda _: None,  # they are asked for below
    )
    with recorder:
        recorder.frame(
            _STEP, found.embeddings, **{f"test_{name}": score for name, score in scores.items()}
        )
        progress(Progress("Writing thumbnails", 0, count))
        while not recorder.unsaved and not recorder.finish_thumbnails(_SECONDS_BETWEEN_CALLS):
            progress(Progress("Writing thumbnails", len(ThumbnailFiles(made).samples()), count))
        if recorder.unsaved:
            recorder.close(0.0)
    if recorder.unsaved:
        return None
    missing = 0 if images is None else count - len(ThumbnailFiles(made).samples())
    if not missing:
        return ()
    live = recorder.live()
    live.poll()
    return (f"{missing:,} of {count:,} images cannot be read.", *live.state.warnings)


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
