"""Frames to project: of a training, and of generated points."""

import tempfile
from pathlib import Path

import numpy as np

from symmcore.records import EmbeddedSet, Frame, WatchedSet
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import preset_config
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.spec import parse_spec
from symmcore.training.trainer import Trainer

_DIM = 64
_PER_CLASS = 40
_DRIFT = 0.35  # of a generated point from one frame to the next, against its class's spread


def trained(dataset: str, steps: int, frames: int, seed: int) -> tuple[Frame, ...]:
    """Frames of a training with every setting at its default."""
    config = preset_config(
        "quick",
        dataset=dataset,
        specs=(parse_spec("npair+symm"),),
        seed=seed,
        device="cpu",
        threads=1,
        steps=steps,
    )
    with tempfile.TemporaryDirectory() as folder:
        recorder = TrainingRecorder(Path(folder) / "run", config)
        try:
            Trainer(config, Sinks([recorder])).run(Control())
            (recording,) = recorder.recordings
            recording.read_whole()
            recorded = recording.state.frame_steps
            chosen = np.linspace(0, len(recorded) - 1, min(frames, len(recorded))).astype(int)
            return tuple(recording.frame(recorded[at]) for at in np.unique(chosen))
        finally:
            recorder.close()


def generated(count: int, frames: int, seed: int) -> tuple[Frame, ...]:
    """Points about the means of their classes, all of which drift from frame to frame."""
    random = np.random.default_rng(seed)
    index = np.arange(count, dtype=np.int64)
    labels = index // _PER_CLASS
    means = random.normal(size=(int(labels[-1]) + 1, _DIM))
    noise = random.normal(size=(count, _DIM))
    made = []
    for step in range(frames):
        rows = (means[labels] + noise).astype(np.float32)
        alone = np.full(count, -1, dtype=np.int64)
        test = WatchedSet(EmbeddedSet(index, labels, rows), alone, rows)
        none = WatchedSet(EmbeddedSet(index[:0], labels[:0], rows[:0]), alone[:0], rows[:0])
        made.append(Frame(step, none, test))
        means = means + _DRIFT * random.normal(size=means.shape)
        noise = noise + _DRIFT * random.normal(size=noise.shape)
    return tuple(made)
