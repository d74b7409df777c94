"""A recording in memory that tests fill step by step."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from helpers_records import make_snapshot
from helpers_training import CLASSES, tiny_dataset

from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError
from symmcore.records import EmbeddedSet, Frame, ImageFiles, PickedPairs, PlanePoints, Projection
from symmcore.runs.formats.info import RecordingState, RunInfo, RunStatus
from symmcore.runs.formats.metrics import Metric
from symmcore.runs.reading.recording import Recording
from symmcore.training.spec import parse_spec

if TYPE_CHECKING:
    from symmviz.model.loaded import (
        LivePicture,
        RunImages,
        Shares,
        ShareTarget,
        SplitImages,
        Verdicts,
    )
    from symmviz.model.map.pair_cosines import PairCosines
    from symmviz.model.retrieval.query import Split


def make_projection(step: int, size: float = 1.0, seed: int = 0) -> Projection:
    """Points of the tiny dataset's watch set that reach as far as ``size``."""
    random = np.random.default_rng([seed, step])

    def plane(count: int) -> PlanePoints:
        points = random.uniform(-1, 1, (2, count, 2)).astype(np.float32)
        points *= size / np.abs(points).max()
        return PlanePoints(points[0], points[1])

    return Projection(step, "pca", plane(12), plane(9), 0.5 + seed / 8)


class FakeRecording(Recording):
    """A recording without a directory; notes what is read of it."""

    def __init__(self, spec: str = "npair", key: str = "", **info: Any) -> None:
        name = key or spec
        self.folder = Path("/runs") / name
        parsed = parse_spec(spec)
        made = RunInfo(
            key=name, folder=self.folder, format=2, name=spec, spec=parsed, config=None,
            settings={}, dataset="tiny", fingerprint="tiny-0",
            class_names=tiny_dataset(0).class_names, device="cpu", seed=0, total_steps=100,
            parent=None, group=Path("/runs"), warnings=(), problems=(), train_count=48,
            test_count=24,
        )  # fmt: skip
        self._info = replace(made, **info)
        self._state = RecordingState(
            revision=0, metrics={}, frame_steps=(), gallery_steps=(), checkpoint_steps=(),
            projection_steps={}, last_step=0, status=RunStatus.TRAINING, warnings=(),
        )  # fmt: skip
        self.live = True
        self.seed = 1
        self.projections: dict[int, Projection] = {}
        self.broken: set[int] = set()
        self.reads: list[tuple[str, int]] = []

    @property
    def state(self) -> RecordingState:
        return self._state

    @state.setter
    def state(self, state: RecordingState) -> None:
        self._state = state

    def change(self, **changes: Any) -> None:
        self.state = replace(self.state, revision=self.state.revision + 1, **changes)

    def add_frame(self, *steps: int, projected: bool = True) -> None:
        for step in steps:
            frames = tuple(sorted({*self.state.frame_steps, step}))
            self.change(frame_steps=frames, gallery_steps=frames, last_step=frames[-1])
            if projected:
                self.store_projection(make_projection(step))

    def add_metric(self, name: str, step: float, value: float) -> None:
        old = self.state.metrics.get(name)
        steps = [] if old is None else list(old.steps)
        values = [] if old is None else list(old.values)
        metric = Metric(np.array([*steps, float(step)]), np.array([*values, value]))
        self.change(metrics={**self.state.metrics, name: metric})

    def poll(self) -> bool:
        return False

    def frame(self, step: int) -> Frame:
        self.reads.append(("frame", step))
        if step in self.broken:
            raise InputError(f"frame {step} is broken")
        return make_snapshot(step, self.seed).frame

    def gallery(self, step: int) -> EmbeddedSet:
        self.reads.append(("gallery", step))
        return make_snapshot(step, self.seed).searched

    def projection(self, method: str, step: int) -> Projection | None:
        self.reads.append(("projection", step))
        return self.projections.get(step)

    def store_projection(self, projection: Projection) -> None:
        self.projections[projection.step] = projection
        self.change(projection_steps={projection.method: tuple(sorted(self.projections))})

    def image_files(self) -> ImageFiles | None:
        return None

    def checkpoint_folder(self, step: int) -> Path:
        return self.folder / "checkpoints" / f"{step:08d}"

    def thumbnail(self, sample: int) -> ImageArray:
        self.reads.append(("thumbnail", sample))
        return np.full((8, 8, 1), sample % 256, dtype=np.uint8)

    def find_thumbnail(self, sample: int) -> ImageArray | None:
        return self.thumbnail(sample)

    def find_image(self, sample: int) -> ImageArray | None:
        return self.image(sample)

    def image(self, sample: int) -> ImageArray:
        self.reads.append(("image", sample))
        return np.full((100, 50, 3), sample, dtype=np.uint8)


class FakeLoaded:
    """Looks up what a test has put there; see :class:`symmviz.model.loaded.Loaded`."""

    def __init__(self) -> None:
        self.known_images: dict[str, RunImages] = {}
        self.known_galleries: dict[str, SplitImages] = {}
        self.moving: dict[tuple[str, str, Split], LivePicture] = {}
        self.known: dict[tuple[str, str, int], Projection] = {}
        self.failures: dict[tuple[str, int], str] = {}
        self.found_right: dict[tuple[str, int], Verdicts] = {}
        self.known_files: dict[str, ImageFiles] = {}
        self.known_picks: dict[tuple[str, int], PickedPairs] = {}
        self.known_shares: dict[ShareTarget, Shares] = {}
        self.known_cosines: dict[tuple[str, int, Split], PairCosines] = {}

    def images(self, key: str) -> "RunImages | None":
        return self.known_images.get(key)

    def gallery(self, key: str) -> "SplitImages | None":
        return self.known_galleries.get(key)

    def files(self, key: str) -> ImageFiles | None:
        return self.known_files.get(key)

    def projection(self, key: str, method: str, step: int) -> Projection | None:
        return self.known.get((key, method, step))

    def live(self, key: str, method: str, split: "Split") -> "LivePicture | None":
        return self.moving.get((key, method, split))

    def verdicts(self, key: str, step: int) -> "Verdicts | None":
        return self.found_right.get((key, step))

    def picked(self, key: str, step: int) -> PickedPairs | None:
        return self.known_picks.get((key, step))

    def shares(self, target: "ShareTarget") -> "Shares | None":
        return self.known_shares.get(target)

    def cosines(self, key: str, step: int, split: "Split") -> "PairCosines | None":
        return self.known_cosines.get((key, step, split))

    def unusable_methods(self) -> dict[str, str]:
        return {}

    def failure(self, key: str, step: int) -> str:
        return self.failures.get((key, step), "")

    def load(self, recording: FakeRecording, *steps: int, size: float = 1.0) -> None:
        """Have these frames of a recording in memory."""
        from symmviz.model.loaded import SplitImages, run_images

        snapshot = make_snapshot(0, recording.seed)
        if recording.key not in self.known_images:
            self.known_images[recording.key] = run_images(snapshot.frame)
            gallery = snapshot.searched
            self.known_galleries[recording.key] = SplitImages(gallery.samples, gallery.labels, 0)
        for step in steps:
            projection = make_projection(step, size, seed=len(recording.key) % 2)
            self.known[recording.key, "pca", step] = projection


assert len(tiny_dataset(0).class_names) == CLASSES
