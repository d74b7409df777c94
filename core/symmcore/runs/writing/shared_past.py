"""Cuts a run back to one of its steps, and gives a branch the past of its parent."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from symmcore.errors import RunError
from symmcore.runs.formats import files
from symmcore.runs.formats.checkpoints import metrics_bytes_at
from symmcore.runs.formats.layout import (
    CLASSES,
    FRAMES,
    METRICS,
    PROJECTIONS,
    SAFETENSORS,
    THUMBNAILS,
    checkpoint_step,
    frame_step,
    gallery_step,
    is_method,
)
from symmcore.runs.formats.metrics import LONGEST_LINE
from symmcore.runs.formats.untrusted_files import open_file
from symmcore.settings.checkpoint_files import CHECKPOINTS


def cut(run: Path, step: int) -> None:
    """Take away everything that was recorded after the checkpoint of ``step``.

    In an order that leaves a run to go on from whenever it is interrupted: the checkpoints go
    first, newest first, and metrics last.

    Raises:
        OSError: if something cannot be removed.
        RunError: if the metrics are no file of this run.
    """
    files.restore_replaced(run / CHECKPOINTS)
    for at, folder in sorted(_entries(run / CHECKPOINTS, checkpoint_step), reverse=True):
        if at > step:
            files.remove_folder(folder)
    for folder, step_of in _step_folders(run):
        for at, path in _entries(folder, step_of):
            if at > step and path.is_dir():  # which no run has made
                files.remove_whatever(path)
            elif at > step:
                path.unlink(missing_ok=True)
    _cut_metrics(run, step)
    stepped = {folder for folder, _ in _step_folders(run)}
    for folder in (run, run / CHECKPOINTS, run / THUMBNAILS, *stepped):
        files.remove_leftovers(folder)


def share_past(parent: Path, child: Path, step: int) -> None:
    """Give a new run what its parent holds up to ``step``: links where possible, else copies.

    Raises:
        OSError: if something cannot be read or written.
        RunError: if the metrics are no file of the parent.
    """
    for folder, step_of in _step_folders(parent):
        target = child / folder.relative_to(parent)
        entries = _entries(folder, step_of)
        _link(target, (path for at, path in entries if at <= step and path.is_file()))
    _link(child / THUMBNAILS, _files(parent / THUMBNAILS))
    for at, folder in _entries(parent / CHECKPOINTS, checkpoint_step):
        if at <= step and folder.is_dir():
            with files.folder_in_place(child / CHECKPOINTS / folder.name) as part:
                _link(part, _files(folder))
    if (parent / CLASSES).is_file():
        files.link_or_copy(parent / CLASSES, child / CLASSES)
    files.write_whole(child / METRICS, _metrics_until(parent, step))


def _step_folders(run: Path) -> Iterator[tuple[Path, Callable[[str], int | None]]]:
    yield run / FRAMES, frame_step
    yield run / FRAMES, gallery_step
    projections = run / PROJECTIONS
    if projections.is_dir():
        for folder in projections.iterdir():
            if is_method(folder.name) and folder.is_dir() and not folder.is_symlink():
                yield folder, frame_step


def _entries(folder: Path, step_of: Callable[[str], int | None]) -> Iterator[tuple[int, Path]]:
    """Entries of a folder by step; links are none, wherever they lead."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        step = step_of(path.name)
        if step is not None and not path.is_symlink():
            yield step, path


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix in (SAFETENSORS, ".json") and path.is_file() and not path.is_symlink():
                yield path


def _link(folder: Path, sources: Iterator[Path]) -> None:
    for source in sources:
        folder.mkdir(parents=True, exist_ok=True)
        files.link_or_copy(source, folder / source.name)


def _cut_metrics(run: Path, step: int) -> None:
    path = run / METRICS
    if not os.path.lexists(path):
        return
    size = metrics_bytes_at(run, step)
    os.close(_opened(run, path))  # no link out of the run, no pipe
    if size is not None and size <= path.stat().st_size:
        with path.open("r+b") as stream:
            os.ftruncate(stream.fileno(), size)
            files.fsync(stream.fileno())
    else:
        files.write_whole(path, _metrics_until(run, step))


def _metrics_until(run: Path, step: int) -> bytes:
    """The lines of a metrics.jsonl up to a checkpoint, or up to a step where it has none."""
    path = run / METRICS
    if not os.path.lexists(path):
        return b""
    size = metrics_bytes_at(run, step)
    with os.fdopen(_opened(run, path), "rb") as stream:
        if size is not None and size <= path.stat().st_size:
            return stream.read(size)
        lines = iter(partial(stream.readline, LONGEST_LINE), b"")
        # what has no end is no line
        return b"".join(line for line in lines if line.endswith(b"\n") and _step_in(line) <= step)


def _opened(run: Path, path: Path) -> int:
    try:
        return open_file(run, path)
    except OSError as error:
        raise RunError(f"{path} cannot be read ({files.reason(error)}).") from error


def _step_in(line: bytes) -> int:
    try:
        step = json.loads(line)["step"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return 0  # damaged: costs that line, wherever it is
    return step if type(step) is int else 0
