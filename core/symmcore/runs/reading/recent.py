"""Lists the runs in a folder for a start page, without reading them whole."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from symmcore.errors import InputError, RunError
from symmcore.runs.formats.config_file import read_info
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import CONFIG, LARGEST_STEP, METRICS
from symmcore.runs.formats.metrics import finite_number
from symmcore.runs.formats.status_file import said_status
from symmcore.runs.formats.untrusted_files import open_file
from symmcore.runs.reading.finding import run_folders

_TAIL = 2**17
_MOST_LOOKED_AT = 2000


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run, or one comparison, in a list.

    Attributes:
        folder: what ``open_runs`` opens.
        names: SPECs of its runs, in order.
        dataset: the dataset as the command line writes it; empty for a user's own loop.
        steps: the largest step recorded.
        when: when it was last written.
        recall_at_1: the newest test Recall@1 of each run; None where there is none.
        status: how the first run stands.
    """

    folder: Path
    names: tuple[str, ...]
    dataset: str
    steps: int
    when: datetime
    recall_at_1: tuple[float | None, ...]
    status: RunStatus


def recent_runs(folder: Path, limit: int) -> tuple[RunSummary, ...]:
    """Runs and comparisons directly in a folder, those first that were written last.

    What cannot be read is left out.

    Args:
        folder: the folder for runs; one that is not there holds none.
        limit: how many at most.
    """
    times = []
    try:
        with os.scandir(folder) as entries:
            for entry, _ in zip(entries, range(_MOST_LOOKED_AT), strict=False):
                if entry.is_dir():
                    times.append((_last_written(Path(entry.path)), Path(entry.path)))
    except OSError:
        return ()
    summaries: list[RunSummary] = []
    for when, path in sorted(times, reverse=True):
        if when <= 0 or len(summaries) >= limit:
            break
        try:
            summaries.append(_summary(path, when))
        except (InputError, OSError):
            continue
    return tuple(summaries)


def _last_written(path: Path) -> float:
    """When a run or a comparison was last written; 0 for any other folder."""
    try:
        return max(_modified(folder) for folder in run_folders(path))
    except InputError:
        return 0.0


def _modified(folder: Path) -> float:
    times = [0.0]
    for name in (METRICS, CONFIG):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)


def _summary(path: Path, when: float) -> RunSummary:
    found = [(read_info(folder), folder) for folder in run_folders(path)]
    found.sort(key=lambda pair: pair[0].place)
    infos = [info for info, _ in found]
    ends = [_end(folder) for _, folder in found]
    first, folder = found[0]
    return RunSummary(
        folder=path,
        names=tuple(info.name for info in infos),
        dataset=first.dataset,
        steps=max(step for step, _ in ends),
        when=datetime.fromtimestamp(when, UTC),
        recall_at_1=tuple(recall for _, recall in ends),
        status=said_status(folder),
    )


def _end(folder: Path) -> tuple[int, float | None]:
    """The last step and the newest test Recall@1, from the end of the metrics alone."""
    step, recall = 0, None
    for line in _last_lines(folder):
        try:
            record = json.loads(line)
            at, value = record["step"], record.get("test_recall_at_1")
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
            continue
        if type(at) is not int or at > LARGEST_STEP:
            continue
        step = max(step, at)
        known = finite_number(value)
        recall = recall if known is None else known
    return step, recall


def _last_lines(folder: Path) -> list[bytes]:
    try:
        with os.fdopen(open_file(folder, folder / METRICS), "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            lines = stream.read(_TAIL).split(b"\n")
    except (RunError, OSError):
        return []
    return lines if size <= _TAIL else lines[1:]
