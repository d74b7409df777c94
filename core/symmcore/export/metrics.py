"""Metrics of runs as a table: one row for each value."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from symmcore.errors import InputError
from symmcore.export.frames import run_names
from symmcore.export.options import ExportOptions
from symmcore.export.tables import Columns, write_table
from symmcore.progress import ProgressCallback
from symmcore.runs.reading.recording import Recording


def write_metrics(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write every value of every metric, up to a step if one is given.

    The columns are run (its folder, as far as it tells the runs apart), name (the SPEC), seed,
    metric, step and value.

    Raises:
        InputError: if the runs hold none.
    """
    parts = list(_parts(recordings, options.step))
    if not parts:
        raise InputError(f"{recordings[0].folder} holds no metrics: nothing was recorded.")
    write_table(parts, path, progress)


def _parts(recordings: Sequence[Recording], last: int | None) -> Iterator[Columns]:
    for run, recording in zip(run_names(recordings), recordings, strict=True):
        info = recording.info
        for name, metric in recording.state.metrics.items():
            kept = metric.steps <= (float("inf") if last is None else last)
            count = int(kept.sum())
            if count:
                yield {
                    "run": [run] * count,
                    "name": [info.name] * count,
                    "seed": [None if info.seed is None else str(info.seed)] * count,
                    "metric": [name] * count,
                    "step": metric.steps[kept].astype("int64"),
                    "value": metric.values[kept],
                }
