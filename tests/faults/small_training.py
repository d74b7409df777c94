"""A training small enough to be recorded hundreds of times, and what a run of it must hold."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_training import add_dataset, tiny_config
from torch import Tensor, nn

from symmcore.losses.backends.numba import availability
from symmcore.records import (
    Checkpoint,
    EmbeddedSet,
    EvalRecord,
    PlanePoints,
    Projection,
    Snapshot,
    StepRecord,
)
from symmcore.runs import Recording
from symmcore.runs.formats.frames import frame_bytes, gallery_bytes, gallery_from
from symmcore.runs.formats.layout import gallery_path
from symmcore.runs.formats.metrics import metrics_line
from symmcore.runs.formats.untrusted_files import arrays_in
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training import learner
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmcore.training.trainer import Trainer

SPECS = ("npair", "npair+symm")
METHOD = "pca"


class _SmallNetwork(nn.Module):
    """One layer, and dropout, so that a random state has to be kept."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64 * channels, dim), nn.Dropout(0.2))

    def forward(self, images: Tensor) -> Tensor:
        embeddings: Tensor = self.layers(images)
        return embeddings


@contextlib.contextmanager
def tiny_dataset() -> Iterator[None]:
    """Inside, the tiny dataset is known."""
    with pytest.MonkeyPatch.context() as patch:
        add_dataset(patch)
        yield


@contextlib.contextmanager
def small_dataset_and_network() -> Iterator[None]:
    """Inside, the tiny dataset is known, and every network is one of a layer.

    Trainings go alike there in this process and in those that are forked from it.
    """
    with tiny_dataset(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            learner, "build_network", lambda name, channels, dim: _SmallNetwork(channels, dim)
        )
        # whose threads do not follow a fork: a forked process would do without, with other bits
        patch.setattr(availability, "_has_numba", lambda: False)
        yield


def small_config(steps: int, **settings: Any) -> TrainingConfig:
    """Two runs in lockstep: frames, galleries and checkpoints every few steps."""
    chosen = {
        "eval_every": 4,
        "frames": steps // 2,
        "checkpoint_every": 3,
        "watch_limit": 12,
    } | settings
    return tiny_config(*SPECS, steps=steps, **chosen)


class Events:
    """A sink that keeps what a training tells, to tell it again without training.

    Attributes:
        told: the names of the sink's methods with their arguments, in order, but for status.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []

    def begin(self, context: TrainingContext) -> None:
        self.told.append(("begin", (context,)))

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        self.told.append(("scalar", (run, record)))

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        self.told.append(("snapshots", (snapshots,)))
        there = tuple(one for one in snapshots if one is not None)
        self.told.append(("projections", (tuple(map(_projection, there)),)))

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        self.told.append(("checkpoints", (checkpoints,)))

    def ended(self, run: int, message: str) -> None:
        self.told.append(("ended", (run, message)))

    def status(self, status: TrainingStatus) -> None:
        pass


def _projection(snapshot: Snapshot) -> Projection:
    """The first two dimensions."""
    train, test = (
        PlanePoints(of.points.embeddings[:, :2].copy(), of.synthetic[:, :2].copy())
        for of in (snapshot.frame.train, snapshot.frame.test)
    )
    return Projection(snapshot.frame.step, METHOD, train, test, 0.5)


FINISHED = TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED)


@dataclass(frozen=True)
class WholeRun:
    """What one run of an uninterrupted training holds.

    Attributes:
        lines: of metrics.jsonl, wall time left out.
        lines_at: how many of them there are at each checkpoint.
        frames: files by step.
        galleries: files by step.
        checkpoints: by step.
    """

    lines: tuple[str, ...]
    lines_at: dict[int, int]
    frames: dict[int, bytes]
    galleries: dict[int, bytes]
    checkpoints: dict[int, Checkpoint]


@dataclass(frozen=True)
class WholeTraining:
    """An uninterrupted training: what it was, what it told, and what its runs hold."""

    config: TrainingConfig
    told: tuple[tuple[str, tuple[Any, ...]], ...]
    runs: tuple[WholeRun, ...]

    def after(self, step: int) -> int:
        """The position in ``told`` behind the checkpoints of a step."""
        return 1 + next(
            at
            for at, (name, told) in enumerate(self.told)
            if name == "checkpoints" and told[0][0].step == step
        )

    def resumed_context(self, step: int) -> TrainingContext:
        """What a training begins with that goes on from a step."""
        context: TrainingContext = self.told[0][1][0]
        return dataclasses.replace(context, resumed_from=step)


def train_whole(config: TrainingConfig) -> WholeTraining:
    """Train without interruption, and keep everything in memory."""
    events = Events()
    status = Trainer(config, events).run(Control())
    assert status.reason is FinishReason.COMPLETED, status
    runs = tuple(_whole_run(events, run) for run in range(len(config.specs)))
    return WholeTraining(config, tuple(events.told), runs)


def _whole_run(events: Events, run: int) -> WholeRun:
    whole = WholeRun((), {}, {}, {}, {})
    lines: list[str] = []
    for name, told in events.told:
        if name == "scalar" and told[0] == run:
            lines.append(line_of(told[1]))
        elif name == "snapshots":
            frame, gallery = told[0][run].frame, told[0][run].gallery
            whole.frames[frame.step] = frame_bytes(frame)
            if gallery is not None:
                whole.galleries[frame.step] = gallery_bytes(gallery)
        elif name == "checkpoints":
            checkpoint = told[0][run]
            whole.checkpoints[checkpoint.step] = checkpoint
            whole.lines_at[checkpoint.step] = len(lines)
    return dataclasses.replace(whole, lines=tuple(lines))


def line_of(record: StepRecord | EvalRecord) -> str:
    """A record as its line in the metrics, wall time left out."""
    return without_time(metrics_line(record))


def without_time(line: str) -> str:
    """A line of metrics without what differs from one training to the next."""
    values = json.loads(line)
    for name in ("seconds", "peak_memory_bytes"):
        values.pop(name, None)
    return json.dumps(values)


def play(
    recorder: TrainingRecorder, told: Sequence[tuple[str, tuple[Any, ...]]], *, end: bool = True
) -> None:
    """Tell a recorder what a training told."""
    for name, arguments in told:
        getattr(recorder, name)(*arguments)
    if end:
        recorder.status(FINISHED)


@dataclass
class Acknowledged:
    """What was said of one run to be recorded: no less may be in its directory."""

    lines: int = 0
    frames: set[int] = dataclasses.field(default_factory=set)
    checkpoints: set[int] = dataclasses.field(default_factory=set)

    def cut(self, step: int, whole: WholeRun) -> None:
        """A training goes on from this step: what came later is recorded again."""
        self.lines = min(self.lines, whole.lines_at[step])
        self.frames = {at for at in self.frames if at <= step}
        self.checkpoints = {at for at in self.checkpoints if at <= step}


def check_folder(folder: Path, whole: WholeRun, said: Acknowledged, *, thinned: bool) -> Recording:
    """Check that a run opens and holds what it acknowledged, all of it as it should be.

    Args:
        folder: the run directory.
        whole: what an uninterrupted run holds.
        said: what at least is to be there.
        thinned: whether a budget may have removed galleries and checkpoints.
    """
    recording = Recording.open(folder)
    while recording.poll():
        pass
    check_recording(recording, whole, said, thinned=thinned)
    metrics = folder / "metrics.jsonl"  # which comes after config.json
    content = metrics.read_bytes() if metrics.exists() else b""
    lines = [without_time(line.decode()) for line in content.split(b"\n")[:-1]]
    assert tuple(lines) == whole.lines[: len(lines)], "it is the begin of the uninterrupted run"
    for step in recording.state.gallery_steps:
        assert gallery_path(folder, step).read_bytes() == whole.galleries[step]
    assert len(lines) >= said.lines, f"{folder}: {said.lines} lines were said, {len(lines)} are"
    return recording


def check_recording(
    recording: Recording, whole: WholeRun, said: Acknowledged, *, thinned: bool
) -> None:
    """Check frames, galleries, projections and checkpoints of a recording, live or not."""
    state = recording.state
    damage = [one for one in state.warnings if "cannot be written" not in one]
    assert not damage, damage
    assert said.frames <= set(state.frame_steps), (said.frames, state.frame_steps)
    for step in state.frame_steps:
        assert frame_bytes(recording.frame(step)) == whole.frames[step]
    for step in state.gallery_steps:
        _check_gallery(recording.gallery(step), whole.galleries[step])
    for step in state.projection_steps.get(METHOD, ()):
        projection = recording.projection(METHOD, step)
        points = recording.frame(step).test.points.embeddings[:, :2]
        assert projection is not None
        np.testing.assert_array_equal(projection.test.original, points)
    found = set(state.checkpoint_steps)
    if said.checkpoints:
        newest = max(said.checkpoints)
        assert (max(found) >= newest) if thinned else (said.checkpoints <= found), (said, found)
    for step in found:
        same_checkpoint(recording.checkpoint(step), whole.checkpoints[step])


def _check_gallery(found: EmbeddedSet, content: bytes) -> None:
    """Check a gallery, of float16 or still in memory, against the file that holds it."""
    expected = gallery_from(Path("gallery"), arrays_in(Path("gallery"), content))
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(found.samples, expected.samples)
    np.testing.assert_array_equal(found.labels, expected.labels)


def same_checkpoint(found: Checkpoint, expected: Checkpoint) -> None:
    """Check that two checkpoints hold the same to the last bit, but for wall time."""
    assert found.step == expected.step
    assert found.arrays.keys() == expected.arrays.keys()
    for kind, arrays in expected.arrays.items():
        assert found.arrays[kind].keys() == arrays.keys()
        for name, array in arrays.items():
            other = found.arrays[kind][name]
            assert (other.dtype, other.shape) == (array.dtype, array.shape), (kind, name)
            assert other.tobytes() == array.tobytes(), (kind, name)
    states = (json.loads(json.dumps(dict(one.state))) for one in (found, expected))
    without = [{name: v for name, v in state.items() if name != "seconds"} for state in states]
    assert without[0] == without[1]
