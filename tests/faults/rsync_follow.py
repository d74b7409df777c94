"""Follows a comparison that is copied again and again by rsync while it trains.

    python tests/faults/rsync_follow.py [STEPS]

Needs rsync, and is run by hand for that. Prints what was seen, and fails where a file that was half
there became a warning, or where the copy does not end as the original does.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.reading.recording import open_runs

_SECONDS_BETWEEN_COPIES = 1.0
_SECONDS_BETWEEN_LOOKS = 0.1
_PARTS_VANISHED = 24  # rsync's word for files that were renamed into place under its eyes


def main(steps: int) -> None:
    """Train, copy and look until all runs of the copy are finished."""
    with tempfile.TemporaryDirectory() as text:
        server, laptop = Path(text, "server"), Path(text, "laptop")
        server.mkdir()
        command = ["train", "digits", "--compare", "npair", "npair+symm", "--steps", str(steps)]
        training = subprocess.Popen(
            [sys.executable, "-m", "symmviz", *command, "--out", str(server / "runs")],
            stderr=subprocess.DEVNULL,
        )
        states = _follow(server, laptop)
        if training.wait():
            raise SystemExit("The training failed.")
        for original, copy in zip(open_runs(server / "runs"), states, strict=True):
            _check_equal(original, copy)
        sys.stdout.write("The copies ended as the originals did.\n")


def _follow(server: Path, laptop: Path) -> tuple[Recording, ...]:
    recordings: tuple[Recording, ...] = ()
    copied, seen = 0.0, 0
    before: list[tuple[int, tuple[int, ...]]] = []
    while not recordings or any(one.state.status is RunStatus.TRAINING for one in recordings):
        if time.monotonic() - copied > _SECONDS_BETWEEN_COPIES:
            _copy(server, laptop)
            copied = time.monotonic()
        recordings = recordings or _opened(laptop / "runs")
        for recording in recordings:
            recording.poll()
            for step in recording.state.frame_steps[-2:]:
                recording.frame(step)
            if recording.state.warnings:
                raise SystemExit(recording.state.warnings[0])
        now = [(one.state.last_step, one.state.frame_steps) for one in recordings]
        seen, before = seen + (now != before), now
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    sys.stdout.write(f"Seen in {seen} states, to step {recordings[0].state.last_step}.\n")
    return recordings


def _copy(server: Path, laptop: Path) -> None:
    command = ["rsync", "--archive", "--delete", f"{server}/", f"{laptop}/"]
    done = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, _PARTS_VANISHED):
        raise SystemExit(f"rsync ended with {done.returncode}.")


def _opened(folder: Path) -> tuple[Recording, ...]:
    """The runs as soon as both are there."""
    try:
        runs = open_runs(folder)
    except InputError:
        return ()
    return runs if len(runs) > 1 else ()


def _check_equal(original: Recording, copy: Recording) -> None:
    for recording in (original, copy):
        recording.read_whole()
    one, other = original.state, copy.state
    same = one.frame_steps == other.frame_steps and one.checkpoint_steps == other.checkpoint_steps
    same = same and set(one.metrics) == set(other.metrics)
    for name, metric in one.metrics.items():
        same = same and np.array_equal(metric.values, other.metrics[name].values, equal_nan=True)
    if not same:
        raise SystemExit(f"{copy.folder} is not what {original.folder} is.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
