"""Writes run directories: config.json, metrics.jsonl and frames/, whole or not at all."""

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from symmcore.errors import InputError, RecordingError
from symmcore.records import Checkpoint, EvalRecord, Frame, Snapshot, StepRecord
from symmcore.training.config import RunSpec, TrainingConfig
from symmcore.training.sink import TrainingContext
from symmcore.training.status import RunState, TrainingStatus

CONFIG = "config.json"
METRICS = "metrics.jsonl"
FRAMES = "frames"


class RunDirectories:
    """A sink that keeps each run of a training in a directory of its own.

    One run is written to ``out`` itself; several to ``out/<name of the run>``. Nothing
    is made before training begins. A frame and config.json appear under their name only
    when they are complete; metrics are appended line by line and flushed.
    """

    def __init__(self, out: Path, config: TrainingConfig) -> None:
        """Choose the directories.

        Raises:
            InputError: if one of them holds a run already or cannot be made.
        """
        self._directories = run_directories(out, config)
        self._metrics: list[IO[str]] = []
        self._begun = False
        check_free(out, self._directories)

    def begin(self, context: TrainingContext) -> None:
        """Make the directories and write each config.json.

        Where that fails, what it has made is removed again: half a run would only be in the
        way of the next.

        Raises:
            InputError: if a directory cannot be written, or holds a run by now.
        """
        with contextlib.ExitStack() as undo:
            for directory, spec in zip(self._directories, context.config.specs, strict=True):
                text = json.dumps(_settings(context, spec), indent=2, ensure_ascii=False)
                try:
                    self._begin_run(directory, text, undo)
                except OSError as error:
                    raise _cannot_write(directory, error) from error
            undo.pop_all()
        self._begun = True

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Append one line to the run's metrics.jsonl.

        Raises:
            RecordingError: if it cannot be written: the disk is full, the folder gone.
        """
        stream = self._metrics[run]
        with _recording(self._directories[run]):
            stream.write(metrics_line(record) + "\n")
            stream.flush()

    def snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        """Keep each run's watched frame; the gallery is not kept.

        Raises:
            RecordingError: if one cannot be written.
        """
        for directory, snapshot in zip(self._directories, snapshots, strict=True):
            path = directory / FRAMES / f"{snapshot.frame.step:08d}.safetensors"
            with _recording(directory):
                write_whole(path, frame_bytes(snapshot.frame))

    def checkpoints(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        """Not kept here."""

    def status(self, status: TrainingStatus) -> None:
        """Close the files when the training has ended."""
        if status.state is RunState.FINISHED:
            for stream in self._metrics:
                # Every line was flushed, or its failure is why the training ended: closing
                # tries again what failed, and the others must still hear of the end.
                with contextlib.suppress(OSError):
                    stream.close()
            self._metrics.clear()

    def _begin_run(self, directory: Path, config: str, undo: contextlib.ExitStack) -> None:
        _make_folders(directory, undo)
        # First of all in it, so that of two processes only one goes on from here.
        self._metrics.append(self._open_metrics(directory, undo))
        _make_folders(directory / FRAMES, undo)
        if not (directory / CONFIG).exists():
            undo.callback(_remove, (directory / CONFIG).unlink)
        # Bytes of a file name that are no text become JSON's escapes.
        write_whole(directory / CONFIG, f"{config}\n".encode(errors="backslashreplace"))

    def _open_metrics(self, directory: Path, undo: contextlib.ExitStack) -> IO[str]:
        path = directory / METRICS
        if self._begun and path.exists():
            _cut_half_line(path)
            return path.open("a", encoding="utf-8")
        try:
            stream = path.open("x", encoding="utf-8")
        except FileExistsError as error:  # another process was first
            raise InputError(_HOLDS_RUN.format(directory)) from error
        undo.callback(_remove, path.unlink)
        undo.callback(_remove, stream.close)  # before that: some systems keep what is open
        return stream


def run_directories(out: Path, config: TrainingConfig) -> tuple[Path, ...]:
    """Where each run of a training goes: ``out``, or a folder in it for each of several."""
    if len(config.specs) == 1:
        return (out,)
    return tuple(out / spec.folder_name for spec in config.specs)


def check_free(out: Path, directories: tuple[Path, ...]) -> None:
    """Make sure that writing to these directories can work and overwrites nothing.

    Raises:
        InputError: saying which directory holds a run or cannot be written.
    """
    try:
        _check_free(out, directories)
    except OSError as error:  # a name too long, or a folder that cannot be looked into
        raise _cannot_write(out, error) from error


def _check_free(out: Path, directories: tuple[Path, ...]) -> None:
    for directory in (out, *directories):
        _check_folder(directory)
    children = tuple(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else ()
    for child in children:
        if (child / METRICS).exists():
            raise InputError(_HOLDS_RUN.format(child))


def _check_folder(path: Path) -> None:
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise InputError(_CANNOT_WRITE.format(path, f"{existing} is a file"))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(_CANNOT_WRITE.format(path, f"no permission to write in {existing}"))
    if any((path / name).exists() for name in (CONFIG, METRICS, FRAMES)):
        raise InputError(_HOLDS_RUN.format(path))


def _make_folders(path: Path, undo: contextlib.ExitStack) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_remove, folder.rmdir)


def _remove(action: Callable[[], None]) -> None:
    # Why the run could not begin is worth more than why this could not be taken back.
    with contextlib.suppress(OSError):
        action()


def _cut_half_line(path: Path) -> None:
    """Take off what a full disk has left of a last line, which the next would go on from."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def metrics_line(record: StepRecord | EvalRecord) -> str:
    """A record as one line of metrics.jsonl; what is not finite or not there is null."""
    fields = dataclasses.asdict(record)
    recall_at = fields.pop("test_recall_at", ())
    fields |= {f"test_recall_at_{k}": value for k, value in recall_at}
    kind = "step" if isinstance(record, StepRecord) else "eval"
    return json.dumps({"kind": kind} | {name: _json_number(v) for name, v in fields.items()})


def frame_bytes(frame: Frame) -> bytes:
    """A frame as a safetensors file.

    For each split: embeddings (N, D) float32, partner, labels and samples (N,) int64,
    named ``train_embeddings`` and so on.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for split, watched in (("train", frame.train), ("test", frame.test)):
        arrays[f"{split}_embeddings"] = watched.points.embeddings
        arrays[f"{split}_partner"] = watched.partner
        arrays[f"{split}_labels"] = watched.points.labels
        arrays[f"{split}_samples"] = watched.points.samples
    # safetensors writes the memory as it lies, whatever the strides say
    ordered = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content: bytes = safetensors.numpy.save(ordered)
    return content


_HOLDS_RUN = "{} already holds a run: choose another output folder, nothing was overwritten."
_CANNOT_WRITE = "{} cannot be written ({}): choose another output folder."


@contextlib.contextmanager
def _recording(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordingError(
            f"{directory} cannot be written any more ({reason}): what it held until then is kept."
        ) from error


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(_CANNOT_WRITE.format(path, error.strerror or error))


def _json_number(value: float | None) -> float | None:
    return value if value is None or math.isfinite(value) else None


def _settings(context: TrainingContext, spec: RunSpec) -> dict[str, object]:
    settings = dataclasses.asdict(context.config)
    del settings["specs"]
    return {
        "name": spec.name,
        **settings,
        **dataclasses.asdict(spec),
        "learning_rate": spec.learning_rate or context.config.learning_rate,
        "device": context.environment.device,
        "threads": context.environment.threads,
        "versions": dict(context.environment.versions),
        "dataset_fingerprint": context.dataset.fingerprint(),
        "dataset_split": context.dataset.split,
        "dataset_notes": context.dataset.notes,
        "skipped_images": {one.file: one.reason for one in context.dataset.skipped},
    }


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside and rename it into place: it is whole, or what it was.

    Raises:
        OSError: if it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
