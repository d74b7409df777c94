"""A dataset of seconds, and a sink that remembers: for tests of training and what it feeds."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from symmcore.data import catalogue as catalog
from symmcore.data.catalogue import DatasetEntry
from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.data.images.store import ArrayImages
from symmcore.data.sources.splits import split_within_classes
from symmcore.networks import build_network
from symmcore.records import (
    Checkpoint,
    EvalRecord,
    Snapshot,
    StepRecord,
)
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import TrainingContext
from symmcore.training.spec import RunSpec, parse_spec
from symmcore.training.status import RunState, TrainingStatus

CLASSES = 4
IMAGES_A_CLASS = 18


def tiny_dataset(seed: int) -> ImageDataset:
    """Four classes of 18 images of 8 x 8 pixels: a bright quarter, and noise."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(CLASSES), IMAGES_A_CLASS)
    images = random.integers(0, 120, (len(labels), 8, 8, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 100
    train, test = split_within_classes(labels, 2 / 3, seed)
    return ImageDataset(
        "tiny", ArrayImages(images), labels,
        ("upper left", "upper right", "lower left", "lower right"), train, test, "by image",
    )  # fmt: skip


def pixels(dataset: ImageDataset) -> np.ndarray:
    """All images of a dataset: (N, H, W, C) uint8."""
    return dataset.images.read(np.arange(dataset.images.shape[0]))


def training_batch(loader: BatchLoader, positions: np.ndarray) -> tuple[Tensor, Tensor]:
    """Augmented images (B, C, H, W), and labels (B,) int64."""
    return loader.start(loader.plan(positions))()


def evaluation_batch(loader: BatchLoader, positions: np.ndarray) -> Tensor:
    """The images at some positions in one batch: (B, C, H, W)."""
    return next(loader.evaluation_batches(positions, len(positions)))


def add_dataset(
    monkeypatch: pytest.MonkeyPatch,
    name: str = "tiny",
    load: Callable[[int], ImageDataset] = tiny_dataset,
) -> None:
    """Make a dataset known by name, as the catalogue's own are."""
    entry = DatasetEntry(
        name, name.title(), "Made for tests.", 72, CLASSES, "by image", lambda seed, _: load(seed)
    )
    monkeypatch.setattr(catalog, "DATASETS", (*catalog.DATASETS, entry))


def tiny_config(*specs: str, **settings: Any) -> TrainingConfig:
    """A training of milliseconds on the tiny dataset, which must be known by then."""
    chosen: dict[str, Any] = {
        "dataset": "tiny",
        "steps": 4,
        "batch_size": 12,
        "dim": 8,
        "eval_every": 2,
        "frames": 0,
        "threads": 1,
        "device": "cpu",
    } | settings
    return TrainingConfig(specs=tuple(parse_spec(spec) for spec in specs or ["npair"]), **chosen)


def with_dropout(name: str, channels: int, dim: int) -> nn.Module:
    """A network that draws random numbers in every training step."""
    return nn.Sequential(build_network(name, channels, dim), nn.Dropout(0.3))


class Recorder:
    """A sink that keeps everything in order, and lets a test act in between.

    Attributes:
        hook: called on the training thread with what was just told: a context, a
            (run, record), a tuple of snapshots or of checkpoints, or a status.
        frames: snapshots by step, of the runs that had not diverged.
        checkpointed: checkpoints by step, of these.
        lost: what was said of the runs that diverged, and after which step.
    """

    def __init__(self, hook: Callable[[object], None] = lambda told: None) -> None:
        self.hook = hook
        self.contexts: list[TrainingContext] = []
        self.records: list[tuple[int, StepRecord | EvalRecord]] = []
        self.frames: list[tuple[Snapshot, ...]] = []
        self.checkpointed: list[tuple[Checkpoint, ...]] = []
        self.statuses: list[TrainingStatus] = []
        self.lost: dict[int, str] = {}

    def begin(self, context: TrainingContext) -> None:
        self.contexts.append(context)
        self.hook(context)

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        self.records.append((run, record))
        self.hook((run, record))

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        self._check_places(snapshots)
        self.frames.append(tuple(one for one in snapshots if one is not None))
        self.hook(snapshots)

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        self._check_places(checkpoints)
        self.checkpointed.append(tuple(one for one in checkpoints if one is not None))
        self.hook(checkpoints)

    def ended(self, run: int, message: str) -> None:
        assert run not in self.lost, "once"
        self.lost[run] = message

    def status(self, status: TrainingStatus) -> None:
        self.statuses.append(status)
        self.hook(status)

    def steps(self, run: int = 0) -> list[StepRecord]:
        """The step records of one run, wall times left out."""
        return [r for r in self._of(run) if isinstance(r, StepRecord)]

    def evaluations(self, run: int = 0) -> list[EvalRecord]:
        """The evaluations of one run, wall times and memory left out."""
        return [
            dataclasses.replace(r, peak_memory_bytes=None)
            for r in self._of(run)
            if isinstance(r, EvalRecord)
        ]

    def states(self) -> list[RunState]:
        """The states told, repetitions left out."""
        states: list[RunState] = []
        for status in self.statuses:
            if states[-1:] != [status.state]:
                states.append(status.state)
        return states

    def _check_places(self, told: tuple[object, ...]) -> None:
        """Just those that have ended are left out, in a place of their own."""
        gone = {*self.lost, *self.contexts[-1].ended}
        assert [run for run, one in enumerate(told) if one is None] == sorted(gone)
        assert len(told) == len(self.contexts[-1].config.specs)

    def _of(self, run: int) -> list[StepRecord | EvalRecord]:
        return [
            dataclasses.replace(record, seconds=0.0) for of, record in self.records if of == run
        ]


def spec(text: str) -> RunSpec:
    """A run by its SPEC."""
    return parse_spec(text)
