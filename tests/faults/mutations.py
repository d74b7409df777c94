"""Runs whose files are damaged in thousands of ways are read: nothing worse than a sentence."""

import contextlib
import dataclasses
import os
import pickle
import random
import resource
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from damage import Damage, damages_of
from helpers_training import tiny_config
from small_training import METHOD, Events, play

from symmcore.errors import InputError
from symmcore.networks import load_network
from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import ContinuationPlan, branch_plan, resume_plan
from symmcore.runs.reading.recent import recent_runs
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.control import Control
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

MOST_SECONDS = 2.0  # of a core: a busy machine is no fault, and what waits for ever hangs
MOST_BYTES = 512 * 2**20
# of addresses that are asked for much is never used, and so takes no memory
_MORE_ADDRESSES = 2 * 2**30
_HANGS = 20
_COPIED = ("metrics.jsonl", ".run.lock")


@dataclass(frozen=True)
class Original:
    """A whole run, with files of every kind, and a copy of it outside.

    Attributes:
        folder: holds both: "run" and "outside".
        context: of its training.
    """

    folder: Path
    context: TrainingContext

    @property
    def run(self) -> Path:
        """Its directory."""
        return self.folder / "run"


def make_run(folder: Path) -> Original:
    """Record a run in a folder, by a training of seconds on the tiny dataset."""
    config = tiny_config(
        "npair+symm", steps=4, checkpoint_every=2, watch_limit=12, network="small", seed=1
    )
    events = Events()
    assert Trainer(config, events).run(Control()).reason is FinishReason.COMPLETED
    context: TrainingContext = events.told[0][1][0]
    recorder = TrainingRecorder(folder / "run", config, on_problem=pytest.fail)
    play(recorder, events.told)
    recorder.finish_thumbnails(10.0)
    recorder.close()
    for path in (folder / "run").rglob("*"):
        _make_old(path)
    shutil.copytree(folder / "run", folder / "outside")
    return Original(folder, context)


def things_in(run: Path) -> list[Path]:
    """Every file and folder of a run, relative to it, but for its lock."""
    return sorted(path.relative_to(run) for path in run.rglob("*") if path.name != ".run.lock")


@dataclass
class Outcome:
    """What came of looking at a damaged run.

    Attributes:
        said: errors and warnings for the user.
        faults: what should not have been.
        seconds: of a core, that the longest of all that was done took.
        bytes: most memory above what the process had before.
    """

    said: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    bytes: int = 0


def look_at(run: Path, context: TrainingContext, outcome: Outcome) -> None:
    """Do with a run all that the program does with one that it is given."""
    attempt = _Attempts(outcome)
    attempt(lambda: recent_runs(run.parent, 3))
    recording = attempt(lambda: Recording.open(run))
    if recording is not None:
        _look_at_recording(recording, attempt)
        said = (recording.state.warnings, recording.info.problems, recording.info.warnings)
        outcome.said += [sentence for sentences in said for sentence in sentences]
    attempt(lambda: load_network(run))
    plan = attempt(lambda: branch_plan(run, 4, "npair", steps=9))
    if plan is not None and attempt(plan.start.read) is not None:
        child = run.with_name("child")
        branched = dataclasses.replace(context, parents=plan.start.parents)
        attempt(lambda: _record(child, plan, branched))
        shutil.rmtree(child, ignore_errors=True)
    plan = attempt(lambda: resume_plan(run, steps=9))
    if plan is not None and attempt(plan.start.read) is not None:
        resumed = dataclasses.replace(context, resumed_from=plan.start.step)
        attempt(lambda: _record(run, plan, resumed))


class _Attempts:
    """Calls what reads a run, and sorts what comes of it."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def __call__(self, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        try:
            return work()
        except InputError as error:
            self._outcome.said.append(str(error))
        except Exception:  # noqa: BLE001 - whatever it is, it is a fault
            self._outcome.faults.append(traceback.format_exc(limit=-5))
        finally:
            took = time.process_time() - began
            self._outcome.seconds = max(self._outcome.seconds, took)
        return None


def _record(folder: Path, plan: ContinuationPlan, context: TrainingContext) -> None:
    resume = context.resumed_from is not None
    recorder = TrainingRecorder(folder, plan.config, resume=resume, on_problem=pytest.fail)
    try:
        recorder.begin(dataclasses.replace(context, config=plan.config))
    finally:
        recorder.close()


def _look_at_recording(recording: Recording, attempt: _Attempts) -> None:
    for step in (*recording.state.frame_steps, 2):
        attempt(partial(recording.frame, step))
        attempt(partial(recording.gallery, step))
        attempt(partial(recording.projection, METHOD, step))
    for sample in range(0, 72, 5):
        attempt(partial(recording.thumbnail, sample))
    for step in recording.state.checkpoint_steps:
        attempt(partial(recording.checkpoint, step))
    attempt(recording.poll)


def check_mutation(original: Original, thing: Path, damage: Damage, seed: int) -> Outcome:
    """Damage one file or folder of a copy of the run, and look at it."""
    outcome = Outcome()
    run = original.folder / "work" / "run"
    shutil.rmtree(run.parent, ignore_errors=True)
    shutil.copytree(original.run, run, copy_function=_link)
    (run.parent / "outside").symlink_to(original.folder / "outside")
    outside = _signature(original.folder / "outside")
    try:
        damage.do(run / thing, random.Random(seed))  # noqa: S311 - damage, not secrets
    except (IndexError, KeyError, ValueError, TypeError):
        return outcome  # it has nothing that could be damaged like this
    for path in (run / thing, *(run / parent for parent in thing.parents)):
        _make_old(path)
    idle = _reset_peak()
    with _hanging(outcome):
        look_at(run, original.context, outcome)
    outcome.bytes = _peak() - idle
    _judge(outcome, run, thing, damage)
    if _signature(original.folder / "outside") != outside:
        outcome.faults.append("a file outside of the run was changed")
    return outcome


def _judge(outcome: Outcome, run: Path, thing: Path, damage: Damage) -> None:
    if outcome.seconds > MOST_SECONDS:
        outcome.faults.append(f"it took {outcome.seconds:.1f} s")
    if outcome.bytes > MOST_BYTES:
        outcome.faults.append(f"it took {outcome.bytes / 2**20:.0f} MiB")
    for sentence in outcome.said:
        if str(run) not in sentence and "metrics.jsonl" not in sentence:
            outcome.faults.append(f"names no file: {sentence}")
        if "\n" in sentence or len(sentence) > 1000:
            outcome.faults.append(f"is no sentence: {sentence[:300]}")
    named = [thing.name]
    if thing.parts[0] == "checkpoints":  # which are whole or not
        named.append(str(Path(*thing.parts[:2])))
    # a run may have no metrics
    must = damage.noticed and (thing.name, damage.name) != ("metrics.jsonl", "empty")
    if must and not any(name in said for name in named for said in outcome.said):
        outcome.faults.append(f"nobody says that {thing} is damaged: {outcome.said}")


def _make_old(path: Path) -> None:
    """Let it seem hours old: what is half there is waited for while it is new."""
    paths = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    for one in paths:
        if os.path.lexists(one):
            os.utime(one, (0, time.time() - 10_000), follow_symlinks=False)


def _link(source: str, target: str) -> None:
    if Path(source).name in _COPIED:  # what is written in place
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def _signature(folder: Path) -> list[tuple[str, int, int]]:
    return [
        (path.name, path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    ]


def _reset_peak() -> int:
    """Forget the most memory that this process had; returns what it has."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) * 1024


class _HangsError(BaseException):
    """It does not come back; no error of the system, which the program would take for one."""


@contextlib.contextmanager
def _hanging(outcome: Outcome) -> Iterator[None]:
    """End what waits for ever, with a fault."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _HangsError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(_HANGS)
    try:
        yield
    except _HangsError:
        outcome.faults.append(traceback.format_exc(limit=-5))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Inside, nothing unpickles, and allocations of gigabytes fail."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something is unpickled")

    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((pickle, "loads"), (pickle, "load"), (torch, "load")):
            patch.setattr(module, name, refuse)
        resource.setrlimit(resource.RLIMIT_AS, (used + _MORE_ADDRESSES, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)


def mutate(
    original: Original, count: int, seed: int, tell: Callable[[str], None]
) -> tuple[int, float, int]:
    """Damage a run in so many ways, spread over all files and all ways.

    Args:
        original: the run.
        count: how many mutations.
        seed: of their choice.
        tell: told of each fault.

    Returns:
        How many mutations had faults, the most seconds of a core and the most bytes of one.
    """
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    things = things_in(original.run)
    faulty, seconds, most = 0, 0.0, 0
    with guarded():
        for number in range(count):
            thing = things[number % len(things)]
            damage = chance.choice(damages_of(original.run / thing))
            outcome = check_mutation(original, thing, damage, seed=chance.getrandbits(32))
            seconds, most = max(seconds, outcome.seconds), max(most, outcome.bytes)
            faulty += bool(outcome.faults)
            for fault in outcome.faults:
                tell(f"mutation {number}, {thing}: {damage.name}: {fault}")
    return faulty, seconds, most
