"""A training that is killed hundreds of times: at random moments, and at every call of a save."""

import os
import random
import select
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from disk_faults import FaultyDisk
from small_training import FINISHED, Acknowledged, WholeRun, WholeTraining, check_folder, play

from symmcore.errors import InputError
from symmcore.runs.continuing.continuation import ContinuationPlan, resume_plan
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.control import Control
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

_LONGEST = 60.0
_WHILE_IT_BEGINS = 0.15
_SECONDS = (0.6, 1.0)


class Telling:
    """A sink that says on a pipe what another one has returned from."""

    def __init__(self, recorder: TrainingRecorder, pipe: int) -> None:
        self._recorder = recorder
        self._pipe = pipe
        self._asked = -1  # step of the newest checkpoint
        self._waits = False

    def begin(self, context: TrainingContext) -> None:
        self.say(f"begin {-1 if context.resumed_from is None else context.resumed_from}")
        self._recorder.begin(context)
        self.say("begun 0")

    def scalar(self, run: int, record: Any) -> None:
        self._recorder.scalar(run, record)
        self.say(f"scalar {run}")
        self._say_written()

    def snapshots(self, snapshots: Any) -> None:
        self._recorder.snapshots(snapshots)
        self.say(f"snapshots {snapshots[0].frame.step}")

    def projections(self, projections: Any) -> None:
        self._recorder.projections(projections)

    def checkpoints(self, checkpoints: Any) -> None:
        """A thread writes them: every second time it is waited for."""
        self._recorder.checkpoints(checkpoints)
        self._asked = checkpoints[0].step
        self._waits = not self._waits
        if self._waits:
            self._recorder.finish_checkpoints()
        self._say_written()

    def ended(self, run: int, message: str) -> None:
        self._recorder.ended(run, message)

    def status(self, status: Any) -> None:
        self._recorder.status(status)

    def _say_written(self) -> None:
        """Say that a checkpoint is there once the recordings of all runs show it."""
        recordings = self._recorder.recordings
        for recording in recordings:
            recording.poll()
        if all(self._asked in recording.state.checkpoint_steps for recording in recordings):
            self.say(f"checkpoints {self._asked}")
            self._asked = -1

    def say(self, word: str) -> None:
        os.write(self._pipe, f"{word}\n".encode())


@dataclass
class KilledRun:
    """A comparison that is recorded by one process after another.

    Attributes:
        said: what each run acknowledged.
        begun: whether a process has said that the runs are there.
    """

    folder: Path
    whole: WholeTraining
    said: list[Acknowledged] = field(default_factory=list)
    begun: bool = False

    def __post_init__(self) -> None:
        self.said = [Acknowledged() for _ in self.whole.runs]

    def hear(self, words: list[str]) -> None:
        """Take in what a process said before it was killed."""
        for word in words:
            what, number = word.split()
            if what == "begin" and int(number) >= 0:
                self._goes_on_from(int(number))
            elif what == "begun":
                self.begun = True
            elif what == "scalar":
                self.said[int(number)].lines += 1
            elif what in ("snapshots", "checkpoints"):
                for said in self.said:
                    (said.frames if what == "snapshots" else said.checkpoints).add(int(number))

    def _goes_on_from(self, step: int) -> None:
        for said, run in zip(self.said, self.whole.runs, strict=True):
            assert step >= max(said.checkpoints, default=0), "no acknowledged checkpoint is lost"
            said.cut(step, run)
            said.checkpoints.add(step)

    def check(self) -> None:
        """All that was acknowledged is there, and nothing that should not be."""
        thinned = self.whole.config.recording_bytes < 10**6
        folders = run_directories(self.folder, self.whole.config)
        for folder, run, said in zip(folders, self.whole.runs, self.said, strict=True):
            try:
                check_folder(folder, run, said, thinned=thinned)
            except InputError:
                # killed before it had said that anything was recorded
                if self.begun or said.lines:
                    raise

    def plan(self) -> ContinuationPlan | None:
        """How the runs go on; None where they cannot.

        Those cannot that were killed before their first checkpoint, or after their last one.
        """
        try:
            plan = resume_plan(self.folder)
        except InputError:
            if any(said.checkpoints for said in self.said):
                self.said = [self._whole_of(run) for run in self.whole.runs]
                self.check()
            return None
        for folder in run_directories(self.folder, self.whole.config):
            assert folder.is_dir()
        return plan

    def _whole_of(self, run: WholeRun) -> Acknowledged:
        return Acknowledged(len(run.lines), set(run.frames), {self.whole.config.steps})

    def check_finished(self) -> None:
        """The run equals the uninterrupted one."""
        self.said = [self._whole_of(run) for run in self.whole.runs]
        self.check()
        for folder, run in zip(
            run_directories(self.folder, self.whole.config), self.whole.runs, strict=True
        ):
            recording = check_folder(folder, run, Acknowledged(), thinned=True)
            assert recording.state.status is RunStatus.FINISHED
            assert recording.state.checkpoint_steps[-1] == max(run.checkpoints)
            assert np.isfinite(recording.state.metrics["loss"].values).all()
            parts = [path for path in folder.rglob(".*") if path.name != ".run.lock"]
            assert not parts, parts


def random_kills(folder: Path, whole: WholeTraining, count: int, seed: int) -> tuple[int, int]:
    """Kill a training so many times at random moments, each time going on with it.

    After each the runs hold what was acknowledged, and all of it, checkpoints to the last bit,
    is what the uninterrupted training has; so has each that comes to its end.

    Returns:
        How often it was killed, and how many trainings came to their end.
    """
    random_numbers = random.Random(seed)  # noqa: S311 - moments, not secrets
    kills = ends = 0
    run = KilledRun(folder, whole)
    while kills < count:
        plan = run.plan() if folder.exists() else None
        if plan is None:
            shutil.rmtree(folder, ignore_errors=True)
            run = KilledRun(folder, whole)
        moment = (
            (False, random_numbers.uniform(0, _SECONDS[0]))
            if random_numbers.random() < _WHILE_IT_BEGINS
            else (True, random_numbers.uniform(0, _SECONDS[1]))
        )
        words, killed = run_killed(partial(_train, run, plan), *moment)
        run.hear(words)
        if killed:
            kills += 1
            run.check()
        else:
            ends += 1
            run.check_finished()
            shutil.rmtree(folder)
    return kills, ends


def _train(run: KilledRun, plan: ContinuationPlan | None, pipe: int) -> None:
    """Train, in a process of its own, until killed."""
    config = run.whole.config if plan is None else plan.config
    recorder = TrainingRecorder(run.folder, config, resume=plan is not None, on_problem=_fail)
    if plan is not None:
        plan.check_newest()
    start = None if plan is None else plan.start
    status = Trainer(config, Telling(recorder, pipe), start).run(Control())
    recorder.close()
    assert status.reason is FinishReason.COMPLETED, status


def _fail(problem: str) -> None:
    raise AssertionError(problem)


def run_killed(
    work: Callable[[int], None], after_begin: bool = False, seconds: float = _LONGEST
) -> tuple[list[str], bool]:
    """Run ``work`` in a forked process, and kill that after a while.

    Args:
        work: gets a pipe to say words on.
        after_begin: whether the time begins when it says "begun".
        seconds: until it is killed.

    Returns:
        What it said, and whether it was killed, by this process or by itself.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_exit(work, read, write)
    os.close(write)
    content = bytearray()
    ends = time.monotonic() + (_LONGEST if after_begin else seconds)
    while (left := ends - time.monotonic()) > 0:
        if not select.select([read], [], [], left)[0]:
            continue
        said = os.read(read, 65536)
        if not said:
            break
        content += said
        if after_begin and b"begun" in content:
            after_begin, ends = False, time.monotonic() + seconds
    os.kill(child, signal.SIGKILL)  # of one that has ended nobody else has the number yet
    _, status = os.waitpid(child, 0)
    while said := os.read(read, 65536):
        content += said
    os.close(read)
    killed = os.WIFSIGNALED(status)
    assert killed or os.WEXITSTATUS(status) == 0, "what the process said is above"
    return content.decode().split("\n")[:-1], killed


def _work_and_exit(work: Callable[[int], None], read: int, write: int) -> None:
    os.close(read)
    code = 1
    try:
        work(write)
        code = 0
    except BaseException:  # noqa: BLE001 - said, and this process has nothing else to do
        traceback.print_exc()
    finally:
        os._exit(code)


@dataclass
class DyingDisk(FaultyDisk):
    """A disk whose process is killed at one of its calls.

    Attributes:
        share: of the call that is done before: 0, half of a write, or 1.
    """

    share: float = 0.0

    def _write(self, descriptor: int, content: bytes | memoryview) -> int:
        if self._dies("write"):
            os.write(descriptor, content[: int(self.share * len(content))])
            _die()
        return os.write(descriptor, content)

    def _fsync(self, descriptor: int) -> None:
        if self._dies("fsync"):
            _die()

    def _rename(self, source: Path, target: Path) -> None:
        dies = self._dies("rename")
        if not dies or self.share == 1:
            source.replace(target)
        if dies:
            _die()

    def _dies(self, function: str) -> bool:
        return self._number(function, "") == self.at


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kills_of(function: str) -> tuple[float, ...]:
    """How much of a call can have been done."""
    return {"write": (0.0, 0.5, 1.0), "fsync": (0.0,), "rename": (0.0, 1.0)}[function]


def kill_at_call(folder: Path, whole: WholeTraining, thread: str, at: int, share: float) -> None:
    """Kill a recording at one of a thread's calls, check the run, and record the rest of it."""
    run = KilledRun(folder, whole)
    disk = DyingDisk(at=at, share=share, thread=thread)

    def record(pipe: int) -> None:
        recorder = TrainingRecorder(folder, whole.config, on_problem=_fail)
        _tell(Telling(recorder, pipe), disk, whole.told)

    words, killed = run_killed(record)
    assert killed, "it has so many calls"
    run.hear(words)
    run.check()
    plan = run.plan() if folder.exists() else None
    if plan is not None:
        assert plan.start.step >= max(run.said[0].checkpoints, default=0)
        go_on(run, plan)


def go_on(run: KilledRun, plan: ContinuationPlan) -> None:
    """Record in this process what comes after the checkpoint that is gone on from."""
    recorder = TrainingRecorder(run.folder, plan.config, resume=True, on_problem=_fail)
    plan.check_newest()
    steps = [one.step for one in plan.start.read() if one is not None]
    assert steps == [plan.start.step] * len(run.whole.runs)
    recorder.begin(run.whole.resumed_context(plan.start.step))
    play(recorder, run.whole.told[run.whole.after(plan.start.step) :])
    recorder.close()
    run.check_finished()


def _tell(sink: Telling, disk: DyingDisk, told: Any) -> None:
    with disk.mounted():
        for name, arguments in told:
            getattr(sink, name)(*arguments)
        sink.status(FINISHED)
