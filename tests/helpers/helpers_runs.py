"""Runs on disk for tests: recorded by a loop, and written by hand as format 1 had them."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from symmcore.records import (
    Checkpoint,
    EmbeddedSet,
    Frame,
    PlanePoints,
    Projection,
    Snapshot,
    WatchedSet,
)
from symmcore.runs import Recorder
from symmcore.runs.formats.lock import RunLock

COUNT, DIM, CLASSES = 30, 6, 5


def labels() -> npt.NDArray[np.int64]:
    return np.arange(COUNT) % CLASSES


def embeddings(step: int) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(step)
    return random.standard_normal((COUNT, DIM)).astype(np.float32)


def images(side: int = 12) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (COUNT, side, side, 3), dtype=np.uint8)


def record_loop(folder: Path, steps: int = 4, *, close: bool = True) -> Recorder:
    """A loop that records a loss with every step and a frame with every second."""
    recorder = Recorder(folder, labels=labels(), images=images(), on_problem=_unwanted)
    for step in range(1, steps + 1):
        recorder.scalars(step, loss=1 / step)
        if step % 2 == 0:
            recorder.frame(step, embeddings(step))
    if close:
        recorder.close()
    return recorder


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    lock = RunLock(folder)
    try:
        yield
    finally:
        lock.release()


def make_checkpoint(step: int) -> Checkpoint:
    random = np.random.default_rng(step)
    return Checkpoint(
        step,
        {
            "network": {"weight": random.standard_normal((3, 4)).astype(np.float32)},
            "random": {"torch": random.integers(0, 255, 64, dtype=np.uint8)},
        },
        {"step": step, "seconds": 0.1 + step, "network": {"name": "small"}},
    )


def make_gallery(count: int, step: int = 0, scale: float = 1.0) -> EmbeddedSet:
    random = np.random.default_rng([step, count])
    points = scale * random.standard_normal((count, DIM))
    return EmbeddedSet(
        np.arange(100, 100 + count), np.arange(count) % CLASSES, points.astype(np.float32)
    )


def make_projection(step: int, train: int = 12, test: int = 9, method: str = "pca") -> Projection:
    random = np.random.default_rng(step)

    def plane(count: int) -> PlanePoints:
        original, synthetic = random.standard_normal((2, count, 2)).astype(np.float32)
        return PlanePoints(original, synthetic)

    return Projection(step, method, plane(train), plane(test), 0.75)


def with_gallery(snapshot: Snapshot, gallery: EmbeddedSet) -> Snapshot:
    return Snapshot(snapshot.frame, gallery)


def same_points(left: EmbeddedSet, right: EmbeddedSet) -> None:
    np.testing.assert_array_equal(left.samples, right.samples)
    np.testing.assert_array_equal(left.labels, right.labels)
    np.testing.assert_array_equal(left.embeddings, right.embeddings)


def same_frame(left: Frame, right: Frame) -> None:
    """Compare all but synthetic points, which rounding may tell apart."""
    assert left.step == right.step
    for one, other in ((left.train, right.train), (left.test, right.test)):
        same_points(one.points, other.points)
        np.testing.assert_array_equal(one.partner, other.partner)


def write_format_1(folder: Path, frame: Frame, **config: object) -> None:
    """A run as format 1 was written: no format, no identity, no thumbnails."""
    (folder / "frames").mkdir(parents=True)
    settings = {
        "name": "npair+symm:rank=2,lr=0.01",
        "dataset": "digits",
        "split": "auto",
        "download": False,
        "cache_bytes": 1,
        "steps": 4,
        "seed": 3,
        "device": "cuda:0",
        "preset": "quick",
        "network": "small",
        "weights": "none",
        "dim": 5,
        "batch_size": 8,
        "learning_rate": 0.01,
        "schedule": {"halve_every": None, "final_after": None, "final_rate": None},
        "weight_decay": 0.0,
        "transform": {"resize": None, "crop": None, "flip": False, "shift": 1},
        "bf16": False,
        "eval_every": 2,
        "watch_limit": 50,
        "threads": 1,
        "loss": "npair",
        "symm": {"alpha": 1.5, "beta": 0.5, "rank": 2, "pairs": "paper"},
        "loss_settings": {"margin": None, "angle_deg": None, "l2_reg": 0.01},
        "versions": {"python": "3.11.7"},
        "dataset_fingerprint": "abc",
        "dataset_split": "by image",
        "dataset_notes": [],
        "skipped_images": {},
    }
    (folder / "config.json").write_text(json.dumps(settings | config))
    lines = [
        {"kind": "eval", "step": 0, "test_recall_at_1": 0.5, "test_nmi": None, "seconds": 0.0},
        {"kind": "step", "step": 1, "loss": 2.0, "synthetic_ratio": 0.25, "seconds": 0.5},
        {"kind": "step", "step": 2, "loss": None, "synthetic_ratio": None, "seconds": 0.6},
        {"kind": "eval", "step": 2, "test_recall_at_1": 0.75, "test_nmi": 0.5, "seconds": 1.0},
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_frame(folder / "frames" / f"{frame.step:08d}.safetensors", frame)


def write_frame(path: Path, frame: Frame, **others: npt.NDArray[np.generic]) -> None:
    """A frame as both formats have it."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}

    def add(split: str, watched: WatchedSet) -> None:
        arrays[f"{split}_embeddings"] = watched.points.embeddings
        arrays[f"{split}_partner"] = watched.partner
        arrays[f"{split}_labels"] = watched.points.labels
        arrays[f"{split}_samples"] = watched.points.samples

    add("train", frame.train)
    add("test", frame.test)
    safetensors.numpy.save_file(arrays | others, path)


def _unwanted(problem: str) -> None:
    raise AssertionError(problem)
