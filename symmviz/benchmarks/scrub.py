"""How fast a recorded frame is on the screen once the time cursor is moved to it.

A run of generated embeddings is recorded and projected beforehand, opened in the real window,
and the cursor moved to frames at random: from the slider's signal until the points of that frame
have been painted. Afterwards the cursor wanders on, and the memory of the process is compared
before and after. It draws on the screen there is, or on Qt's offscreen one where
``QT_QPA_PLATFORM`` says so.
"""

import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from symmcore.records import PlanePoints, Projection
from symmcore.runs import Recorder, Recording
from symmviz.app import Launched, launch
from symmviz.benchmarks.event_loop import process_for

_TURN = 0.001  # seconds for the window to do what is due
_DIM = 16
_WARM_UP = 200
_PATIENCE = 20.0
_BAR_MS = 50.0
_BAR_BYTES = 10 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What was measured; times in milliseconds.

    Attributes:
        images: watched images; each has a synthetic point as well.
        frames: recorded frames.
        first: from the window's first paint to the first picture.
        p50: median time from the move to the painted points.
        p99: 99th percentile.
        longest: the longest.
        wandered: frames shown after that.
        growth: bytes by which the process grew over them, after warm-up.
    """

    images: int
    frames: int
    first: float
    p50: float
    p99: float
    longest: float
    wandered: int
    growth: int

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.images:,} images and their synthetic points, {self.frames:,} frames, platform "
            f"{QApplication.platformName()}",
            f"First picture {self.first:.0f} ms after the window",
            f"From the move to the painted points: p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms, "
            f"longest {self.longest:.1f} ms (bar: {_BAR_MS:.0f} ms)",
            f"Memory over {self.wandered:,} more frames: {self.growth / 2**20:+.1f} MB "
            f"(bar: {_BAR_BYTES / 2**20:.0f} MB)",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return dataclasses.asdict(self)


def measure(images: int, frames: int, moves: int, wandered: int) -> Report:
    """Measure with a real window.

    Args:
        images: watched images.
        frames: recorded frames.
        moves: of the cursor that are timed.
        wandered: frames that are shown while memory is watched.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication), "made just now"
    with tempfile.TemporaryDirectory() as folder:
        # the user's own settings are not to remember where this window was
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        run = Path(folder) / "run"
        _record(run, images, frames)
        launched = launch(app, (run,))
        # what _record() stores
        display = launched.controller.workspace.display
        launched.controller.workspace.display = dataclasses.replace(display, method="pca")
        bench = _Bench(launched)
        try:
            first = bench.wait_for_picture()
            bench.wait_until_warm()
            times = 1000 * np.array([bench.move() for _ in range(moves)])
            bench.wander(_WARM_UP)
            before = _resident_bytes()
            bench.wander(wandered)
            growth = _resident_bytes() - before
        finally:
            launched.window.close_without_asking()
            launched.session.close(30)
    return Report(
        images=images,
        frames=frames,
        first=1000 * first,
        p50=float(np.percentile(times, 50)),
        p99=float(np.percentile(times, 99)),
        longest=float(times.max()),
        wandered=wandered,
        growth=growth,
    )


class _Bench:
    """The window under measurement."""

    def __init__(self, launched: Launched) -> None:
        self._launched = launched
        self._random = np.random.default_rng(1)

    def wait_for_picture(self) -> float:
        """Seconds until the first picture is painted."""
        began = time.perf_counter()
        self._paint_step(None)
        return time.perf_counter() - began

    def wait_until_warm(self) -> None:
        """Wait for torch's import, which is over before a person has moved anything."""
        while not self._launched.session.warm:
            process_for(_TURN)

    def move(self) -> float:
        """Move the cursor to any frame; seconds until it is painted."""
        slider = self._launched.window.time_slider
        others = [step for step in slider.state.frames if step != slider.state.cursor]
        step = int(self._random.choice(others))
        process_for(_TURN)
        began = time.perf_counter()
        slider.moved.emit(step)
        self._paint_step(step)
        return time.perf_counter() - began

    def wander(self, count: int) -> None:
        """Show so many frames."""
        for _ in range(count):
            self.move()

    def _paint_step(self, step: int | None) -> None:
        page = self._launched.window.watch_page
        deadline = time.monotonic() + _PATIENCE
        while not self._is_shown(step):
            process_for(_TURN)
            if time.monotonic() > deadline:
                raise TimeoutError(f"step {step} was not shown")
        scatter = page.scatter(0)
        scatter.set_gliding(False)
        while not scatter.still:
            process_for(_TURN)
        scatter.viewport().repaint()

    def _is_shown(self, step: int | None) -> bool:
        (recording, *_) = self._launched.controller.workspace.recordings or (None,)
        if recording is None or not recording.state.frame_steps:
            return False
        wanted = recording.state.frame_steps[-1] if step is None else step
        projection = self._launched.session.frames.projection(recording.key, "pca", wanted)
        drawn = self._launched.window.watch_page.scatter(0).positions
        return (
            projection is not None
            and drawn is not None
            and drawn.original is projection.test.original
        )


def _record(run: Path, images: int, frames: int) -> None:
    random = np.random.default_rng(0)
    with Recorder(run) as recorder:
        for step in range(frames):
            recorder.frame(step, random.standard_normal((images, _DIM)).astype(np.float32))
            recorder.scalars(step, loss=1.0 / (1 + step))
    recording = Recording.open(run)
    for step in range(frames):
        points = random.standard_normal((2, images, 2)).astype(np.float32)
        nothing = np.zeros((0, 2), dtype=np.float32)
        recording.store_projection(
            Projection(
                step, "pca", PlanePoints(nothing, nothing), PlanePoints(points[0], points[1]), 0.5
            )
        )


def _resident_bytes() -> int:
    """Memory of this process that is in use now; 0 where the system does not tell that so."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0
