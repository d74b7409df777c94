"""Metrics of runs as TensorBoard's event files."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symmcore.errors import InputError
from symmcore.export.frames import run_names
from symmcore.export.optional_modules import optional_module
from symmcore.export.options import ExportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.formats.metrics import Metric
from symmcore.runs.reading.recording import Recording

EVENTS = "events.out.tfevents.0.symmviz"
"""What TensorBoard looks for in a folder: any file with "tfevents" in its name."""

_SECONDS = "seconds"
_WHAT = "TensorBoard's event files"
_EVENTS_BETWEEN_CALLS = 10_000


def write_tensorboard(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write all metrics, up to a step if one is given, into a new folder; one in it a run.

    The times of the events are seconds of training, counted from 1970. What is NaN is left out.

    Raises:
        InputError: if TensorBoard is not installed, or no run holds a metric.
    """
    if not any(recording.state.metrics for recording in recordings):
        raise InputError(f"{recordings[0].folder} holds no metrics: nothing was recorded.")
    path.mkdir()
    for name, recording in zip(run_names(recordings), recordings, strict=True):
        folder = path / name.replace("/", "_")
        folder.mkdir()
        _write_events(recording, folder / EVENTS, options.step, progress)


def _write_events(
    recording: Recording, path: Path, last: int | None, progress: ProgressCallback
) -> None:
    writers: Any = optional_module("tensorboard.summary.writer.record_writer", _WHAT)
    events: Any = optional_module("tensorboard.compat.proto.event_pb2", _WHAT)
    metrics = recording.state.metrics
    seconds = metrics.get(_SECONDS)
    points = _points(metrics, last)
    with path.open("wb") as file:
        writer = writers.RecordWriter(file)
        writer.write(events.Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
        for done, (step, name, value) in enumerate(points):
            if done % _EVENTS_BETWEEN_CALLS == 0:
                progress(Progress("Writing events", done, len(points)))
            at = None if seconds is None else seconds.at(step)
            event = events.Event(wall_time=float(step) if at is None else at, step=step)
            event.summary.value.add(tag=name, simple_value=value)
            writer.write(event.SerializeToString())
        writer.flush()


def _points(metrics: "dict[str, Metric] | Any", last: int | None) -> list[tuple[int, str, float]]:
    """Every value with its step, by step."""
    found = [
        (int(step), name, value)
        for name, metric in metrics.items()
        if name != _SECONDS
        for step, value in zip(metric.steps.tolist(), metric.values.tolist(), strict=True)
        if math.isfinite(value) and (last is None or step <= last)
    ]
    return sorted(found)
