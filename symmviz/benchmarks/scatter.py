"""How fast a map draws its points while all of them move and a training runs beside it.

For each number of points, half of them synthetic, a window shows a map whose points glide from one
frame to another all the while. A frame's time is that from one painted picture to the next. The
former items, pyqtgraph's ScatterPlotItem for each kind, are moved and painted in turn with it, in
the same run. Meanwhile a 5 ms timer ticks in the window's thread, and a comparison of two runs
trains in another with one torch thread.

It draws on the screen there is, or on Qt's offscreen one where ``QT_QPA_PLATFORM`` says so; both
by software.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication

from symmcore.records import FloatArray
from symmviz.benchmarks.event_loop import TICK_MS, Ticker, process_for, process_until
from symmviz.benchmarks.training import EndlessTraining
from symmviz.model.display import ColourBy, PointCloud, PointPositions
from symmviz.model.map.bounds import Bounds
from symmviz.model.map.class_choice import shown_classes
from symmviz.services.projection.drawing import PointDrawing
from symmviz.views.map.scatter import EmbeddingScatter

_SIZE = 1000, 640  # logical pixels of the map
_CLASSES = 50
_SETTLE_SECONDS = 1.0
_PATIENCE = 300.0
_HOVERS = 60
_HOVER_BAR_MS = 16.0
# Frames a second, by the number of points.
_BARS = {120_000: 30.0, 1_000_000: 15.0}
_GOALS = {120_000: 60.0, 1_000_000: 30.0}


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of points; times in milliseconds.

    Attributes:
        points: how many move.
        frames: painted frames that were timed.
        p50: median time from one to the next.
        p95: 95th percentile.
        former_p50: the same of the former items.
        former_p95: the same of the former items.
        hover_p50: median time to find the point under the pointer while all move.
        hover_p95: 95th percentile.
        lateness_p50: median lateness of a tick of the window's thread.
        lateness_p99: 99th percentile.
        lateness_max: the latest tick.
        steps_per_second: of the training meanwhile.
    """

    points: int
    frames: int
    p50: float
    p95: float
    former_p50: float
    former_p95: float
    hover_p50: float
    hover_p95: float
    lateness_p50: float
    lateness_p99: float
    lateness_max: float
    steps_per_second: float

    def lines(self) -> list[str]:
        """The report for people."""
        bar = _BARS.get(self.points)
        verdict = ""
        if bar is not None:
            met = "met" if 1000.0 / self.p50 >= bar else "missed"
            verdict = f" (bar {bar:.0f}: {met}; goal {_GOALS[self.points]:.0f})"
        return [
            f"{self.points:,} points moving: p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms, "
            f"{1000 / self.p50:.0f} frames/s{verdict}",
            f"  the former items: p50 {self.former_p50:.1f} ms, p95 {self.former_p95:.1f} ms; "
            f"{self.former_p50 / self.p50:.1f} times as long",
            f"  the point under the pointer: p50 {self.hover_p50:.1f} ms, p95 "
            f"{self.hover_p95:.1f} ms (bar: {_HOVER_BAR_MS:.0f} ms)",
            f"  ticks late by p50 {self.lateness_p50:.1f}, p99 {self.lateness_p99:.1f}, max "
            f"{self.lateness_max:.0f} ms (bars: p99 30 ms, max 150 ms); training "
            f"{self.steps_per_second:.1f} steps/s",
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        platform: Qt's.
        compiled: whether the compiled loops drew.
        width: of the map, in device pixels.
        height: of the map, in device pixels.
        measured: for each number of points.
    """

    platform: str
    compiled: bool
    width: int
    height: int
    measured: tuple[Measured, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        drawn_by = "compiled loops" if self.compiled else "NumPy"
        lines = [f"{self.width} x {self.height} pixels, platform {self.platform}, by {drawn_by}"]
        for one in self.measured:
            lines += one.lines()
        return lines

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(sizes: tuple[int, ...], rounds: int) -> Report:
    """Measure with a real window.

    Args:
        sizes: numbers of points.
        rounds: frames of each size that are timed.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication), "made just now"
    drawing = PointDrawing()
    drawing.start()
    training = EndlessTraining()
    try:
        process_until(lambda: not drawing.loading, _PATIENCE)
        process_until(lambda: training.step > 0, _PATIENCE)
        measured = tuple(_measure(drawing, training, size, rounds) for size in sizes)
        ratio = app.devicePixelRatio()
        return Report(
            app.platformName(),
            drawing.compiled,
            round(_SIZE[0] * ratio),
            round(_SIZE[1] * ratio),
            measured,
        )
    finally:
        training.close()
        drawing.close(10)


def _measure(drawing: PointDrawing, training: EndlessTraining, size: int, rounds: int) -> Measured:
    cloud, frames = _moving(size)
    with_ours = _Ours(drawing, cloud, frames)
    ticker = Ticker()
    ticker.start()
    step, began = training.step, time.perf_counter()
    ours = with_ours.times(rounds)
    speed = (training.step - step) / (time.perf_counter() - began)
    lateness = np.maximum(ticker.stop() - TICK_MS, 0)
    hovers = with_ours.hover_times()
    with_ours.close()
    former = _Former(cloud, frames)
    theirs = former.times(max(rounds // 10, 5))
    former.close()
    return Measured(
        points=size,
        frames=len(ours),
        p50=_percentile(ours, 50),
        p95=_percentile(ours, 95),
        former_p50=_percentile(theirs, 50),
        former_p95=_percentile(theirs, 95),
        hover_p50=_percentile(hovers, 50),
        hover_p95=_percentile(hovers, 95),
        lateness_p50=_percentile(lateness, 50),
        lateness_p99=_percentile(lateness, 99),
        lateness_max=_percentile(lateness, 100),
        steps_per_second=speed,
    )


def _percentile(times: Sequence[float] | npt.NDArray[np.float64], which: float) -> float:
    return float(np.percentile(times, which))


def _moving(size: int) -> tuple[PointCloud, tuple[PointPositions, PointPositions]]:
    """Half as many images in classes, and their places in two frames."""
    random = np.random.default_rng(0)
    labels = np.arange(size // 2, dtype=np.int64) * _CLASSES // (size // 2)
    middles = random.uniform(-1, 1, (_CLASSES, 2))

    def places() -> FloatArray:
        there: FloatArray = (
            middles[labels] + 0.15 * random.standard_normal((size // 2, 2))
        ).astype(np.float32)
        return there

    names = tuple(map(str, range(_CLASSES)))
    rows = np.arange(size // 2, dtype=np.int64)
    cloud = PointCloud(labels, rows, np.roll(rows, 1), names)
    return cloud, (PointPositions(places(), places()), PointPositions(places(), places()))


class _Timed(EmbeddingScatter):
    """A map that notes when it has painted another picture."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[float] = []
        self._is_new = False
        self.drawn.connect(self._note)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt calls it
        """Paint, and note the time if that was another picture."""
        super().paintEvent(event)
        if self._is_new:
            self._is_new = False
            self.painted.append(time.perf_counter())

    def _note(self) -> None:
        self._is_new = True


class _Ours:
    """The map, whose points never stop."""

    def __init__(
        self,
        drawing: PointDrawing,
        cloud: PointCloud,
        frames: tuple[PointPositions, PointPositions],
    ) -> None:
        self._frames = frames
        self._at = 0
        self._scatter = _Timed()
        self._scatter.resize(*_SIZE)
        self._scatter.set_drawer(drawing)
        self._scatter.set_bounds(Bounds(-1.5, 1.5, -1.5, 1.5))
        self._scatter.set_cloud(cloud)
        self._scatter.set_colour_by(ColourBy.CLASS)
        self._scatter.set_classes(shown_classes(tuple(range(_CLASSES)), cloud.class_names, None))
        self._scatter.move_points(frames[0])
        self._scatter.drawn.connect(self._go_on)
        self._scatter.show()
        process_until(lambda: bool(self._scatter.painted), _PATIENCE)

    def times(self, rounds: int) -> list[float]:
        """Milliseconds from each painted picture to the next."""
        self._go_on()
        process_for(_SETTLE_SECONDS)
        self._scatter.painted.clear()
        process_until(lambda: len(self._scatter.painted) > rounds, _PATIENCE)
        return [1000 * float(gap) for gap in np.diff(self._scatter.painted)]

    def hover_times(self) -> list[float]:
        """Milliseconds to find the point under the pointer, anywhere in the map."""
        times = []
        for at in range(_HOVERS):
            share = (at + 0.5) / _HOVERS
            place = QPointF(_SIZE[0] * share, _SIZE[1] * share)
            began = time.perf_counter()
            self._scatter.hit_at(place)
            times.append(1000 * (time.perf_counter() - began))
            process_for(0.01)
        return times

    def close(self) -> None:
        self._scatter.drawn.disconnect(self._go_on)
        process_until(lambda: self._scatter.still, _PATIENCE)
        self._scatter.hide()
        self._scatter.deleteLater()

    def _go_on(self) -> None:
        """Set out for the other frame once the points have arrived."""
        if self._scatter.arrived:
            self._at = 1 - self._at
            self._scatter.move_points(self._frames[self._at])


class _Former:
    """A plot with an item of pyqtgraph's for each kind, as the map was before."""

    def __init__(self, cloud: PointCloud, frames: tuple[PointPositions, PointPositions]) -> None:
        self._frames = frames
        self._plot = pg.PlotWidget(enableMenu=False)
        self._plot.resize(*_SIZE)
        self._plot.setRange(xRange=(-1.5, 1.5), yRange=(-1.5, 1.5), padding=0)
        brushes = [pg.mkBrush(pg.intColor(label, _CLASSES, alpha=190)) for label in range(_CLASSES)]
        styles = [brushes[label] for label in cloud.labels]
        self._items = []
        for symbol, size in (("d", 8), ("o", 7)):
            item = pg.ScatterPlotItem(pxMode=True)
            there = frames[0].original
            item.setData(there[:, 0], there[:, 1], brush=styles, pen=None, symbol=symbol, size=size)
            self._plot.addItem(item)
            self._items.append(item)
        self._plot.show()
        process_for(_SETTLE_SECONDS / 5)

    def times(self, rounds: int) -> list[float]:
        """Milliseconds that each frame takes to be moved and painted."""
        times = []
        for at in range(rounds + 1):
            began = time.perf_counter()
            self._move((at % 20) / 20)
            self._plot.viewport().repaint()
            times.append(1000 * (time.perf_counter() - began))
            process_for(0.0)
        return times[1:]

    def close(self) -> None:
        self._plot.hide()
        self._plot.deleteLater()

    def _move(self, moved: float) -> None:
        first, second = self._frames
        pairs = (first.synthetic, second.synthetic), (first.original, second.original)
        for item, (start, end) in zip(self._items, pairs, strict=True):
            there = start + np.float32(moved) * (end - start)
            item.data["x"], item.data["y"] = there[:, 0], there[:, 1]
            item.prepareGeometryChange()
            item.bounds = [None, None]
            item.invalidate()
            item.update()
