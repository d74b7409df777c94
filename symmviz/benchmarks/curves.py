"""How fast plots of many steps are: every step drawn.

Runs of generated numbers are recorded beforehand. Then they are opened and drawn in the real
plots, and a plot is panned and zoomed: the time of a frame is that of drawing all its lines anew
in another part of the axis, until they are painted. Beside it: the same with every point handed
to pyqtgraph, which is what a plot does that samples nothing and knows no pixels.
"""

import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication

from symmcore.runs import Recorder, Recording
from symmviz.benchmarks.event_loop import process_for
from symmviz.model.curve import CurveLook, Panel
from symmviz.model.resolve import curves
from symmviz.views.curves.plot import CurvePanel

_TURN = 0.05  # seconds for the window to do what is due
_SIZE = 620, 300
_BAR_OPEN_SECONDS = 2.0
_BAR_FRAME_MS = 1000 / 30
_WHOLE_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; times in milliseconds.

    Attributes:
        runs: lines in the plot.
        steps: of each.
        opened: until all runs are read and their lines painted.
        p50: median time of a frame while panning and zooming.
        p95: 95th percentile.
        whole: median time of a frame with every point given to pyqtgraph.
    """

    runs: int
    steps: int
    opened: float
    p50: float
    p95: float
    whole: float

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.runs} runs of {self.steps:,} steps, a plot of {_SIZE[0]} x {_SIZE[1]} pixels, "
            f"platform {QApplication.platformName()}",
            f"Opened and drawn in {self.opened / 1000:.2f} s (bar: {_BAR_OPEN_SECONDS:.0f} s)",
            f"Panned and zoomed: p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms a frame "
            f"(bar: {_BAR_FRAME_MS:.0f} ms)",
            f"With every point handed to pyqtgraph: {self.whole:.0f} ms a frame, "
            f"{self.whole / self.p50:.0f} times as long",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(runs: int, steps: int, rounds: int) -> Report:
    """Measure with a real plot.

    Args:
        runs: how many lines.
        steps: of each run.
        rounds: frames while panning and zooming.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / f"run-{number}" for number in range(runs)]
        for number, run in enumerate(folders):
            _record(run, steps, number)
        panel = CurvePanel(Panel.LOSS)
        panel.resize(*_SIZE)
        panel.show()
        process_for(_TURN)
        began = time.perf_counter()
        recordings = tuple(Recording.open(run) for run in folders)
        panel.set_curves(curves(recordings, Panel.LOSS, CurveLook()), ())
        _paint(panel)
        opened = time.perf_counter() - began
        moved = [_move(panel, steps, at / rounds) for at in range(rounds)]
        whole = _whole(panel, recordings)
        panel.close()
        panel.deleteLater()
    assert app is not None, "made above"
    return Report(
        runs=runs,
        steps=steps,
        opened=1000 * opened,
        p50=1000 * float(np.percentile(moved, 50)),
        p95=1000 * float(np.percentile(moved, 95)),
        whole=1000 * whole,
    )


def _record(run: Path, steps: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    losses = 4 / (1 + np.arange(steps) / 1000) + random.standard_normal(steps) / 5
    with Recorder(run) as recorder:
        for step, loss in enumerate(losses.tolist()):
            recorder.scalars(step, loss=loss)


def _move(panel: CurvePanel, steps: int, at: float) -> float:
    """Show another part of the axis, now wide, now narrow; seconds until it is painted."""
    width = steps * (0.05 + 0.95 * abs(np.cos(7 * at)))
    left = (steps - width) * at
    began = time.perf_counter()
    panel.show_places((left, left + width))
    _paint(panel)
    return time.perf_counter() - began


def _whole(panel: CurvePanel, recordings: tuple[Recording, ...]) -> float:
    """Seconds of a frame in which every point of every line is drawn."""
    plot = pg.PlotWidget()
    plot.resize(panel.plot.size())
    plot.show()
    for recording in recordings:
        metric = recording.state.metrics["loss"]
        plot.addItem(pg.PlotCurveItem(metric.steps, metric.values, antialias=True))
    process_for(_TURN)
    times = []
    for at in range(_WHOLE_FRAMES):
        began = time.perf_counter()
        plot.setXRange(at, len(recordings[0].state.metrics["loss"].steps) + at, padding=0)
        plot.viewport().repaint()
        times.append(time.perf_counter() - began)
    plot.close()
    plot.deleteLater()
    return float(np.median(times))


def _paint(panel: CurvePanel) -> None:
    panel.plot.viewport().repaint()
