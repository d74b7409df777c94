"""One shared plot: a few lines a run over training steps."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QVBoxLayout, QWidget

from symmviz.model.display import Curve, Diagnostic, Panel, PanelKey, Reading, Variant
from symmviz.model.outline import Values
from symmviz.views.axis_range import (
    Range,
    finite_range,
    joined_range,
    share_axis,
    step_axis,
    value_axis,
)
from symmviz.views.elided_label import ElidedLabel
from symmviz.views.plain_tip import plain_tip
from symmviz.views.readings import ReadingsLabel
from symmviz.views.theme import current_theme

_STROKES = {Variant.SOLID: Qt.PenStyle.SolidLine, Variant.DASHED: Qt.PenStyle.DashLine}
_LEGENDS = {
    Panel.RECALL: ("test", "train"),
    Panel.SYNTHETIC_RECALL: ("test", "train"),
    Panel.RATIO: ("synthetic", "original"),
    Panel.LOSS: ("of each batch", ""),
    Diagnostic.TRIVIAL: ("of each batch", "trivial value"),
    Diagnostic.NORM: ("batch", "test images"),
    Diagnostic.COSINES: ("within classes", "between"),
    Diagnostic.RANK: ("of the test images", ""),
    Diagnostic.GRADIENT: ("of all weights", ""),
    Diagnostic.ZERO_TERMS: ("of each batch", ""),
}
_TIPS = {
    Panel.RECALL: (
        "Share of images whose nearest neighbour is of their class. Training: among the "
        "watched training images. Test: among all test images. The axis fits the curves."
    ),
    Panel.SYNTHETIC_RECALL: (
        "The same among synthetic points alone: each image's mirror image (alpha 2, beta 1 in "
        "every run) about the next image of its class, in a random order that ends where it "
        "began (Fig. 6 of the paper). Every image is an axis once."
    ),
    Panel.RATIO: (
        "Which points are picked as the hardest negative pairs: synthetic or original "
        "(Fig. 7 of the paper). A run without Symm picks nothing and has no line here."
    ),
    Panel.LOSS: (
        "The loss of each batch. Losses of different methods are not on one scale: with Symm "
        "the negatives are harder, so its loss is larger."
    ),
    Diagnostic.TRIVIAL: (
        "The loss of each batch, and the value it has where all embeddings are zero, or equal for "
        "the losses that normalise: log(1 + negatives) for N-pair and angular, the margin for "
        "semi-hard triplets. A loss that rests there has collapsed."
    ),
    Diagnostic.NORM: "Mean L2 norm of the embeddings, before they are normalised.",
    Diagnostic.COSINES: (
        "Mean cosine similarity over all pairs of images of one class, and of different classes, "
        "in each batch. If both go to 1, all images point the same way."
    ),
    Diagnostic.RANK: (
        "How many directions the normalised test embeddings use: exp of the entropy of their "
        "singular values (Roy and Vetterli 2007), on at most 1,000 images."
    ),
    Diagnostic.GRADIENT: "L2 norm of the gradient of all weights together, before any clipping.",
    Diagnostic.ZERO_TERMS: (
        "Share of the terms of a triplet or lifted structure loss that are zero: they teach "
        "nothing any more."
    ),
}
_OWN_TIP = "A number that this run's own training loop records."
_AXES: dict[PanelKey, Callable[[Range | None], Range]] = {
    Panel.RECALL: share_axis,
    Panel.SYNTHETIC_RECALL: share_axis,
    Panel.RATIO: share_axis,
    Panel.LOSS: value_axis,
}
# Qt draws antialiased lines of exactly one pixel many times faster than any other: four
# lines of 3,000 points took 5 ms at width 1 and over 200 ms at 1.6.
_POINT = 6  # pixels
_WIDTH = 1.0
_LEAST_HEIGHT = 80  # pixels of a plot
_HEIGHT_FOR_LABEL = 110  # pixels from which an axis is labelled


class _Line:
    """A line, and the values of it that have no neighbour to draw a line to."""

    def __init__(self, plot: pg.PlotWidget, pen: QPen) -> None:
        self.strokes = pg.PlotDataItem(
            connect="finite", antialias=True, autoDownsample=True, downsampleMethod="peak"
        )
        self.points = pg.ScatterPlotItem(size=_POINT, pen=None)
        self.steps: Range | None = None
        self.values: Range | None = None
        self.set_pen(pen)
        for item in (self.strokes, self.points):
            plot.addItem(item)

    def set_pen(self, pen: QPen) -> None:
        self.strokes.setPen(pen)
        self.points.setBrush(pen.color())

    def set_data(self, steps: Values, values: Values) -> None:
        self.steps, self.values = finite_range(steps), finite_range(values)
        self.strokes.setData(steps, values)
        alone = _alone(values)
        if alone.any() or len(self.points.data):  # most lines have none, ever
            self.points.setData(steps[alone], values[alone])

    def keep_picture(self, keep: bool) -> None:
        """Draw the line from a picture of it, as long as a cursor moves over it.

        Under a moving cursor a line of 3,000 points takes 0.4 ms with it and 13 ms without;
        where the line itself changes, the picture would only be more to draw.
        """
        mode = QGraphicsItem.CacheMode
        self.strokes.curve.setCacheMode(mode.DeviceCoordinateCache if keep else mode.NoCache)

    def remove_from(self, plot: pg.PlotWidget) -> None:
        for item in (self.strokes, self.points):
            plot.removeItem(item)


class CurvePanel(QWidget):
    """A titled plot whose axes fit its lines until the user moves or zooms it."""

    def __init__(self, panel: PanelKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._lines: dict[tuple[int, Variant], _Line] = {}
        self._following = True
        title = panel if isinstance(panel, str) else panel.value
        self._title = ElidedLabel(title, self, Qt.TextElideMode.ElideRight)
        self._title.setProperty("title", True)
        self._legend = ElidedLabel(_legend(panel), self, Qt.TextElideMode.ElideRight)
        share = isinstance(panel, Panel) and panel is not Panel.LOSS
        self._readings = ReadingsLabel(".3f" if share else ".4g", self)
        self._legend.setProperty("muted", True)
        self.setToolTip(plain_tip(_OWN_TIP) if isinstance(panel, str) else _TIPS[panel])
        self._plot = pg.PlotWidget(self, enableMenu=False)
        self._plot.setMinimumHeight(_LEAST_HEIGHT)
        self._plot.hideButtons()
        self._plot.getPlotItem().setContentsMargins(0, 6, 0, 0)  # or the top number is cut
        self._plot.setLabel("bottom", "step")
        self._plot.getAxis("left").setWidth(46)
        self._plot.getAxis("bottom").enableAutoSIPrefix(False)
        for name in ("left", "bottom"):
            self._plot.getAxis(name).setStyle(maxTickLevel=0)  # half the time of a drawing
        box = self._plot.getViewBox()
        # Steps begin at 0; a single evaluation is not worth an axis in fractions of a step.
        box.setLimits(xMin=0, minXRange=10)
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(self._on_moved)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self._plot.addItem(self._cursor, ignoreBounds=True)
        self._plot.scene().sigMouseClicked.connect(self._on_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._title)
        under = QHBoxLayout()
        under.setSpacing(6)
        under.addWidget(self._legend)
        under.addWidget(self._readings, 1)
        layout.addLayout(under)
        layout.addWidget(self._plot, 1)
        self._apply_theme()
        self._fit()

    def clear(self) -> None:
        """Drop every line."""
        for line in self._lines.values():
            line.remove_from(self._plot)
        self._lines.clear()
        self.set_readings(())
        self.fit()  # not to the run before

    def fit(self) -> None:
        """Show all of every line, and what comes."""
        self._following = True
        self._fit()

    def set_cursor(self, step: int | None) -> None:
        """Mark the step that is shown; None where the newest is."""
        if step is not None:
            self._cursor.setValue(step)
        if self._cursor.isVisible() != (step is not None):
            self._cursor.setVisible(step is not None)
            for line in self._lines.values():
                line.keep_picture(step is not None)

    def cursor_step(self) -> float | None:
        """The step that is marked; None where none is."""
        return float(self._cursor.value()) if self._cursor.isVisible() else None

    def set_note(self, text: str) -> None:
        """Say why there are no lines, in place of what the strokes mean; empty for nothing."""
        self._legend.setText(text or _legend(self._panel))

    def set_readings(self, readings: tuple[Reading, ...]) -> None:
        """Say the value of each line at the step that is shown."""
        self._readings.set_readings(readings)

    def readings(self) -> str:
        """The values at the step that is shown, as markup."""
        return self._readings.text()

    def note(self) -> str:
        """What is said under the title: what the strokes mean, or why there are no lines."""
        return self._legend.text()

    def set_curve(self, curve: Curve) -> None:
        """Draw one line anew."""
        key = (curve.run, curve.variant)
        if key not in self._lines:
            self._lines[key] = _Line(self._plot, self._pen(*key))
            self._lines[key].keep_picture(self._cursor.isVisible())
        self._lines[key].set_data(curve.steps, curve.values)
        if self._following:
            self._fit()

    @property
    def lines(self) -> set[tuple[int, Variant]]:
        """The lines there are: run and stroke."""
        return set(self._lines)

    def line_data(self, run: int, variant: Variant) -> tuple[list[float], list[float]]:
        """What is drawn of a line now: its steps and values; empty before there is one."""
        if (run, variant) not in self._lines:
            return [], []
        steps, values = self._lines[run, variant].strokes.getOriginalDataset()
        return list(steps), list(values)

    def marked_steps(self, run: int, variant: Variant) -> list[float]:
        """The steps whose values are drawn as points, as no line leads to them."""
        return list(self._lines[run, variant].points.getData()[0])

    @property
    def plot(self) -> pg.PlotWidget:
        """The plot without its title."""
        return self._plot

    def view_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What the axes show: the steps, and the values."""
        steps, values = self._plot.getViewBox().viewRange()
        return tuple(steps), tuple(values)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the axis unlabelled where that would take the room of the lines."""
        super().resizeEvent(event)
        self._plot.getAxis("bottom").showLabel(self._plot.height() >= _HEIGHT_FOR_LABEL)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._apply_theme()

    def _fit(self) -> None:
        lines = self._lines.values()
        steps = step_axis(joined_range([line.steps for line in lines]))
        values = _AXES.get(self._panel, value_axis)(joined_range([line.values for line in lines]))
        if (steps, values) != self.view_range():
            self._plot.getViewBox().setRange(xRange=steps, yRange=values, padding=0)

    def _on_moved(self) -> None:
        self._following = False

    def _pen(self, run: int, variant: Variant) -> QPen:
        pen = QPen(QColor(current_theme().run_colour(run)), _WIDTH, _STROKES[variant])
        pen.setCosmetic(True)
        return pen

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.double():
            self.fit()

    def _apply_theme(self) -> None:
        theme = current_theme()
        self._plot.setBackground(theme.raised)
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(QColor(theme.border))
            axis.setTextPen(QColor(theme.muted))
        cursor = QPen(QColor(theme.text), _WIDTH)
        cursor.setCosmetic(True)
        self._cursor.setPen(cursor)
        self._readings.show_again()
        for (run, variant), line in self._lines.items():
            line.set_pen(self._pen(run, variant))


def _alone(values: Values) -> npt.NDArray[np.bool_]:
    """Which values are numbers between two that are none."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone: npt.NDArray[np.bool_] = there[1:-1] & ~there[:-2] & ~there[2:]
    return alone


def _legend(panel: PanelKey) -> str:
    """What each stroke means."""
    if isinstance(panel, str):
        return ""
    solid, dashed = _LEGENDS[panel]
    return f"━ {solid}   ╌ {dashed}" if dashed else f"━ {solid}"
