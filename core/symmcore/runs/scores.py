"""Reads the scores that a run directory holds."""

import json
import stat
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.directory import METRICS

Scores = dict[str, float | int | None]


def last_evaluation(run: Path) -> Scores:
    """The newest evaluation in a run's metrics.jsonl, as it stands there.

    A line that a crash cut short is passed over.

    Args:
        run: a run directory.

    Raises:
        InputError: if it is none, cannot be read, or the run was never evaluated.
    """
    scores: Scores | None = None
    metrics = run / METRICS
    try:
        if not stat.S_ISREG(metrics.stat().st_mode):  # reading a pipe would wait for ever
            raise InputError(f"{metrics} is not a file: name a folder that a training has written.")
        with metrics.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                scores = _evaluation_in(line) or scores
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{run} holds no run: there is no {METRICS} in it.") from error
    except OSError as error:
        raise _cannot_read(run, error) from error
    if scores is None:
        raise InputError(f"{metrics} holds no evaluation: the run ended before its first.")
    return scores


def runs_in(folder: Path) -> tuple[Path, ...]:
    """The run directories of a comparison, by name; the folder itself where it holds none.

    Raises:
        InputError: if the folder cannot be looked into.
    """
    try:
        if not folder.is_dir() or (folder / METRICS).exists():
            return (folder,)
        runs = tuple(sorted(path for path in folder.iterdir() if (path / METRICS).is_file()))
    except OSError as error:
        raise _cannot_read(folder, error) from error
    return runs or (folder,)


def _cannot_read(run: Path, error: OSError) -> InputError:
    return InputError(f"{run} cannot be read: {error.strerror or error}.")


def _evaluation_in(line: str) -> Scores | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # no JSON; brackets by the thousand
        return None
    if not isinstance(record, dict) or record.pop("kind", None) != "eval":
        return None
    return record
