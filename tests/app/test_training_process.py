"""The process that trains for the window: what it is told, what it says, and how it ends."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from helpers_training import tiny_config, tiny_dataset

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import resume_plan
from symmcore.runs.formats import files
from symmcore.runs.formats.info import RunStatus
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import Environment, TrainingContext
from symmcore.training.spec import RunSpec
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.services.training import child as training_child
from symmviz.services.training import host as training_host
from symmviz.services.training.child import spawn_child
from symmviz.services.training.host import Reporter
from symmviz.services.training.messages import Began, Order, Problem, Report
from symmviz.services.training.process import TrainingProcess
from symmviz.services.training.status_box import StatusBox

if TYPE_CHECKING:
    from symmcore.runs.writing.training_recorder import TrainingRecorder

PATIENCE = 60.0
LONG = 100_000


def config(steps: int) -> TrainingConfig:
    return TrainingConfig(specs=(RunSpec(),), steps=steps, threads=1, batch_size=8)


class Watched:
    """A process, and all that it has said."""

    def __init__(self) -> None:
        self._box = StatusBox()
        self.statuses: list[TrainingStatus] = []
        self.problems: list[str] = []
        self.process = TrainingProcess(self._box, lambda _: None)

    def wait(self, over: Callable[[TrainingStatus], bool]) -> TrainingStatus:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            updates = self._box.drain()
            self.problems += updates.problems
            if updates.status is not None:
                self.statuses.append(updates.status)
                if over(updates.status):
                    return updates.status
            time.sleep(0.01)
        raise AssertionError(f"it said {self.statuses[-3:]} {self.problems}")

    def wait_for_steps(self) -> None:
        self.wait(lambda status: status.step > 0)

    def wait_for_end(self) -> TrainingStatus:
        return self.wait(lambda status: status.state is RunState.FINISHED)


@pytest.fixture
def watched() -> Iterator[Watched]:
    """In a thread of this process, as in most tests."""
    one = Watched()
    yield one
    assert one.process.close(PATIENCE)


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch, watched: Watched) -> Watched:
    """In a process, as in the window."""
    monkeypatch.setattr(training_child, "spawn_child", spawn_child)
    return watched


def recorded(watched: Watched) -> Recording:
    (recording,) = watched.process.recordings
    return recording


def test_a_process_trains_records_and_goes_on(spawned: Watched, tmp_path: Path) -> None:
    process = spawned.process
    process.start(config(3), tmp_path / "run")
    assert process.running
    with pytest.raises(RuntimeError, match="running"):
        process.start(config(3), tmp_path / "other")
    assert spawned.wait_for_end().reason is FinishReason.COMPLETED
    recording = recorded(spawned)
    assert recording.state.status is RunStatus.FINISHED, "its end is read before it is told"
    assert recording.state.last_step == 3
    process.extend(2)
    assert spawned.wait_for_end().step == 5
    assert recorded(spawned) is recording
    assert recording.state.last_step == 5


def test_what_ends_the_process_ends_nothing_else(spawned: Watched, tmp_path: Path) -> None:
    process = spawned.process
    process.start(config(LONG), tmp_path / "run")
    spawned.wait_for_steps()
    while not Recording.open(tmp_path / "run").state.checkpoint_steps:
        time.sleep(0.05)  # it is written by a thread, at its own pace
    os.kill(writer_of(tmp_path / "run"), signal.SIGKILL)
    ended = spawned.wait_for_end()
    assert ended.reason is FinishReason.FAILED
    assert ended.message == (
        "The process that trains was ended by signal 9, for want of memory perhaps. What was "
        "recorded is kept: Go on continues from its newest checkpoint."
    )
    assert not process.can_extend
    plan = resume_plan(tmp_path / "run", LONG)
    claim = process.claim(plan.config, tmp_path / "run", plan)  # by another process
    process.go_on(claim)
    spawned.wait_for_steps()
    process.order(Order.STOP)
    assert spawned.wait_for_end().reason is FinishReason.STOPPED


def writer_of(run: Path) -> int:
    import json

    pid = json.loads((run / "status.json").read_text())["pid"]
    assert isinstance(pid, int)
    assert pid != os.getpid()
    return pid


_WINDOW = """
import sys, time
from pathlib import Path
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec
from symmviz.services.training.status_box import StatusBox
from symmviz.services.training.process import TrainingProcess

if __name__ == "__main__":
    box = StatusBox()
    config = TrainingConfig(specs=(RunSpec(),), steps=100_000, threads=1, batch_size=8)
    TrainingProcess(box, lambda _: None).start(config, Path(sys.argv[1]))
    while not ((status := box.drain().status) and status.step > 0):
        time.sleep(0.01)
    assert "torch" not in sys.modules
    print("trains", flush=True)
    time.sleep(60)
"""


def test_a_killed_window_leaves_no_process_and_a_run_that_says_it_was_stopped(
    tmp_path: Path,
) -> None:
    program = tmp_path / "window.py"
    program.write_text(_WINDOW)
    run = tmp_path / "run"
    window = subprocess.Popen(
        [sys.executable, str(program), str(run)], stdout=subprocess.PIPE, text=True
    )
    assert window.stdout is not None
    with window.stdout:
        assert window.stdout.readline() == "trains\n"
        window.kill()
        window.wait()
    until = time.monotonic() + PATIENCE
    while (recording := Recording.open(run)).state.status is RunStatus.TRAINING:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert recording.state.status is RunStatus.STOPPED
    assert recording.state.checkpoint_steps[-1] == recording.state.last_step


def test_closing_before_anything_began_ends_a_process_that_imports(spawned: Watched) -> None:
    spawned.process.open()
    time.sleep(0.2)
    assert spawned.process.close(PATIENCE)
    assert not spawned.problems


def test_a_process_that_cannot_be_started_is_said(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse() -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(training_child, "spawn_child", refuse)
    watched.process.start(config(3), tmp_path / "run")
    ended = watched.wait_for_end()
    assert ended.message == "The process that trains cannot be started: no more processes."
    assert not watched.process.running


def test_a_folder_that_holds_a_run_is_refused_at_once(watched: Watched, tmp_path: Path) -> None:
    watched.process.start(config(1), tmp_path / "run")
    watched.wait_for_end()
    with pytest.raises(InputError, match="holds a run"):
        watched.process.start(config(1), tmp_path / "run")
    assert not watched.process.running


def test_a_claim_holds_the_folder_until_it_is_left(watched: Watched, tmp_path: Path) -> None:
    out = tmp_path / "run"
    watched.process.start(config(2), out)
    watched.wait_for_end()
    plan = resume_plan(out, 4)
    claim = watched.process.claim(plan.config, out, plan)
    with pytest.raises(InputError, match="written by another process"):
        watched.process.claim(plan.config, out, plan)
    claim.close()
    again = watched.process.claim(plan.config, out, plan)
    watched.process.go_on(again)
    assert watched.wait_for_end().step == 4
    with pytest.raises(InputError, match="gone on to step 4"):
        watched.process.claim(plan.config, out, plan)


class Recorder:
    recordings: tuple[Recording, ...] = ()
    unsaved = False


def reporter(ended: frozenset[int] = frozenset()) -> tuple[Reporter, list[Report]]:
    said: list[Report] = []
    one = Reporter(cast("TrainingRecorder", Recorder()), said.append)
    training = tiny_config("npair", "triplet", "angular", dataset="digits")
    environment = Environment("cpu", 1, ())
    one.begin(TrainingContext(training, environment, tiny_dataset(0), ended=ended))
    assert said == [Began(())]
    said.clear()
    return one, said


@pytest.mark.parametrize("before", [frozenset(), frozenset({0})])
def test_a_run_that_diverges_is_said_while_others_go_on(before: frozenset[int]) -> None:
    one, said = reporter(before)
    for run in {0, 1} - before:
        one.ended(run, f"Run {run} is lost.")
        assert said.pop() == Problem(f"Run {run} is lost. Training goes on without it.")
    one.ended(2, "The last one.")
    assert not said, "the end of the training says it"


def test_of_steps_the_latest_is_reported_now_and_then_and_each_change_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training_host, "_SECONDS_BETWEEN_STATUSES", 3600.0)
    one, said = reporter()
    for step in range(1000):
        one.status(TrainingStatus(RunState.TRAINING, step, 1000))
    assert [report.step for report in said if isinstance(report, TrainingStatus)] == [0]
    monkeypatch.setattr(training_host, "_SECONDS_BETWEEN_STATUSES", 0.0)
    one.status(TrainingStatus(RunState.TRAINING, 1000, 1000))
    assert len(said) == 2
    changes = [
        TrainingStatus(RunState.EVALUATING, 1000, 1000),
        TrainingStatus(RunState.EVALUATING, 1000, 1000, message="Clustering"),
        TrainingStatus(RunState.FINISHED, 1000, 1000, reason=FinishReason.COMPLETED),
    ]
    said.clear()
    for change in changes:
        one.status(change)
    assert said == changes


def test_what_could_not_be_written_at_the_end_is_written_once_there_is_room(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    original = files.write_all

    def write_all(descriptor: int, content: bytes) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(descriptor, content)

    process = watched.process
    process.start(config(LONG), tmp_path / "run")
    watched.wait_for_steps()
    monkeypatch.setattr(files, "write_all", write_all)
    monkeypatch.setattr(training_host, "_SECONDS_BETWEEN_TRIES", 0.05)
    process.order(Order.ABORT)
    ended = watched.wait_for_end()
    assert any("in memory alone" in problem for problem in watched.problems)
    assert recorded(watched).state.status is RunStatus.TRAINING, "nothing could be written"
    full = False
    until = time.monotonic() + PATIENCE
    while recorded(watched).state.status is RunStatus.TRAINING:
        assert time.monotonic() < until
        recorded(watched).poll()
    assert recorded(watched).state.status is RunStatus.STOPPED
    assert recorded(watched).state.last_step == ended.step


def test_a_run_that_cannot_be_read_at_its_end_ends_all_the_same(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Recording) -> None:
        raise OSError("the folder has gone")

    monkeypatch.setattr(Recording, "read_whole", fail)
    watched.process.start(config(2), tmp_path / "run")
    assert watched.wait_for_end().reason is FinishReason.COMPLETED
    assert "the folder has gone" in watched.problems
    watched.process.extend(1)
    assert watched.wait_for_end().step == 3, "its process is there"


def test_claims_end_with_the_process(watched: Watched, tmp_path: Path) -> None:
    out = tmp_path / "run"
    watched.process.start(config(2), out)
    watched.wait_for_end()
    plan = resume_plan(out, 4)
    watched.process.claim(plan.config, out, plan)
    assert watched.process.close(PATIENCE)
    other = Watched()
    other.process.claim(plan.config, out, plan)
    assert other.process.close(PATIENCE)
