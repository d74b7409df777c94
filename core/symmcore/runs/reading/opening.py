"""Opens the runs that a user named."""

from collections.abc import Iterable
from pathlib import Path

from symmcore.runs.reading.recording import Recording, open_runs


def read_runs(paths: Iterable[Path]) -> tuple[Recording, ...]:
    """Open each path, a run or a comparison, and read what is there of it; each run once.

    Raises:
        InputError: naming the folder that is no run, or cannot be read.
    """
    found: dict[str, Recording] = {}
    for path in paths:
        for recording in open_runs(path):
            found.setdefault(recording.key, recording)
    for recording in found.values():
        recording.read_whole()
    return tuple(found.values())
