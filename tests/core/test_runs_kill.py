"""A process that is killed while it records: whatever it said was recorded is there."""

import contextlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers_records import make_snapshot
from helpers_runs import make_checkpoint, run_lock

from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.writing.shared_past import cut

HELPERS = Path(__file__).parents[1] / "helpers"

WRITER = """
import sys
from pathlib import Path
from helpers_runs import make_checkpoint, make_gallery
from helpers_records import make_snapshot
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.metrics import scalars_line
from symmcore.runs.writing.run_writer import RunWriter

folder = Path(sys.argv[1])
lock = RunLock(folder)
writer = RunWriter(folder, 40_000, print)
writer.begin({"format": 2, "id": "x", "recorded_by": "own loop"}, (), None, ())
for step in range(1, 10**6):
    writer.add_line(scalars_line("step", step, {"loss": 1 / step}))
    print("line", step, flush=True)
    if step % 5 == 0:
        writer.add_frame(make_snapshot(step, step).frame, make_gallery(50, step))
        print("frame", step, flush=True)
        writer.add_checkpoint(make_checkpoint(step))
        writer.save_checkpoint()
        print("checkpoint", step, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("seed", range(8))
def test_nothing_acknowledged_is_lost(seed: int, tmp_path: Path) -> None:
    told = killed_after(tmp_path, 0.02 + 0.1 * random.Random(seed).random())  # noqa: S311
    recording = Recording.open(tmp_path)
    state = recording.state
    assert state.status is RunStatus.UNKNOWN
    assert not any("damaged" in warning for warning in state.warnings)
    metric = state.metrics["loss"]
    np.testing.assert_array_equal(metric.steps, np.arange(1, len(metric.steps) + 1))
    assert metric.steps[-1] >= told["line"]
    for step in state.frame_steps:
        np.testing.assert_array_equal(
            recording.frame(step).test.points.embeddings,
            make_snapshot(step, step).frame.test.points.embeddings,
        )
        recording.gallery(step)
    assert state.frame_steps[-1] >= told["frame"]
    assert state.gallery_steps[-1] >= told["frame"]
    assert state.checkpoint_steps[-1] >= told["checkpoint"]
    for step in state.checkpoint_steps:
        np.testing.assert_array_equal(
            recording.checkpoint(step).arrays["network"]["weight"],
            make_checkpoint(step).arrays["network"]["weight"],
        )
    newest = state.checkpoint_steps[-1]
    with run_lock(tmp_path):
        cut(tmp_path, newest)
    again = Recording.open(tmp_path).state
    assert list(again.metrics["loss"].steps) == list(range(1, newest + 1))
    assert again.frame_steps[-1] == again.checkpoint_steps[-1] == newest
    parts = [path for path in tmp_path.rglob(".*") if path.name != ".run.lock"]
    assert parts == []


def killed_after(folder: Path, seconds: float) -> dict[str, int]:
    """Run the writer and kill it so long after its first checkpoint; what it has told by then."""
    told = {"line": 0, "frame": 0, "checkpoint": 0}
    child = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(HELPERS)!r})\n{WRITER}",
         str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        deadline = None
        for line in child.stdout:
            what, _, step = line.partition(" ")
            told[what] = int(step)
            if told["checkpoint"] and deadline is None:
                deadline = time.monotonic() + seconds
            if deadline is not None and time.monotonic() > deadline:
                child.kill()
                break
        for line in child.stdout.read().splitlines():
            what, _, step = line.partition(" ")
            with contextlib.suppress(ValueError):  # the last may be cut
                told[what] = int(step)
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    return told
