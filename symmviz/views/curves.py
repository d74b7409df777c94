"""One shared plot: a few lines a run over training steps."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from symmviz.model.display import Curve, Panel, PanelKey, Reading, Variant
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import current_theme

_STROKES = {Variant.SOLID: Qt.PenStyle.SolidLine, Variant.DASHED: Qt.PenStyle.DashLine}
_LEGENDS = {
    Panel.RECALL: ("test", "train"),
    Panel.SYNTHETIC_RECALL: ("test", "train"),
    Panel.RATIO: ("synthetic", "original"),
    Panel.LOSS: ("of each batch", ""),
}
_TIPS = {
    Panel.RECALL: (
        "Share of images whose nearest neighbour is of their class. Training: among the "
        "watched training images. Test: among all test images. The axis fits the curves."
    ),
    Panel.SYNTHETIC_RECALL: (
        "The same among synthetic points alone: each image's mirror image (alpha 2, beta 1 in "
        "every run) about another image of its class (Fig. 6 of the paper)."
    ),
    Panel.RATIO: (
        "Which points are picked as the hardest negative pairs: synthetic or original "
        "(Fig. 7 of the paper). A run without Symm picks nothing and has no line here."
    ),
    Panel.LOSS: (
        "The loss of each batch. Losses of different methods are not on one scale: with Symm "
        "the negatives are harder, so its loss is larger."
    ),
}
_OWN_TIP = "A number that this run's own training loop records."
# Qt draws antialiased lines of exactly one pixel many times faster than any other: four
# lines of 3,000 points took 5 ms at width 1 and over 200 ms at 1.6.
_POINT = 6  # pixels
_WIDTH = 1.0


class CurvePanel(QWidget):
    """A titled plot whose axes fit its lines."""

    def __init__(self, panel: PanelKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._lines: dict[tuple[int, Variant], pg.PlotDataItem] = {}
        title = panel.value if isinstance(panel, Panel) else panel
        self._note = ""
        self._readings: tuple[Reading, ...] = ()
        self._title = QLabel(title, self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)  # a user's own loop may name it
        self._title.setProperty("title", True)
        self._legend = QLabel(_legend(panel, ()), self)
        self._legend.setProperty("muted", True)
        self.setToolTip(_TIPS[panel] if isinstance(panel, Panel) else plain_tip(_OWN_TIP))
        self._plot = pg.PlotWidget(self, enableMenu=False)
        self._plot.hideButtons()
        self._plot.getPlotItem().setContentsMargins(0, 6, 0, 0)  # or the top number is cut
        self._plot.setLabel("bottom", "step")
        self._plot.getAxis("left").setWidth(46)
        self._plot.getAxis("bottom").enableAutoSIPrefix(False)
        for name in ("left", "bottom"):
            self._plot.getAxis(name).setStyle(maxTickLevel=0)  # half the time of a drawing
        # Steps begin at 0; a single evaluation is not worth an axis in fractions of a step.
        self._plot.getViewBox().setLimits(xMin=0, minXRange=10)
        self._plot.getViewBox().setDefaultPadding(0.04)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self._plot.addItem(self._cursor, ignoreBounds=True)
        self._plot.scene().sigMouseClicked.connect(self._on_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._title)
        layout.addWidget(self._legend)
        layout.addWidget(self._plot, 1)
        self._apply_theme()

    def clear(self) -> None:
        """Drop every line."""
        for line in self._lines.values():
            self._plot.removeItem(line)
        self._lines.clear()
        self.set_readings(())
        self._plot.setRange(xRange=(0, 10), yRange=(0, 1))  # not those of the run before
        self._plot.enableAutoRange()

    def set_cursor(self, step: int | None) -> None:
        """Mark the step that is shown; None where the newest is."""
        if step is not None:
            self._cursor.setValue(step)
        self._cursor.setVisible(step is not None)

    def cursor_step(self) -> float | None:
        """The step that is marked; None where none is."""
        return float(self._cursor.value()) if self._cursor.isVisible() else None

    def set_note(self, text: str) -> None:
        """Say why there are no lines, in place of what the strokes mean; empty for nothing."""
        self._note = text
        self._show_legend()

    def set_readings(self, readings: tuple[Reading, ...]) -> None:
        """Say the value of each line at the step that is shown."""
        if readings != self._readings:
            self._readings = readings
            self._show_legend()

    def note(self) -> str:
        """What is said under the title: what the strokes mean, or why there are no lines."""
        return self._legend.text()

    def set_curve(self, curve: Curve) -> None:
        """Draw one line anew."""
        key = (curve.run, curve.variant)
        if key not in self._lines:
            self._lines[key] = self._add_line(*key)
        # A line of one point has no length: that point is marked until there is a second.
        alone = np.isfinite(curve.values).sum() == 1
        self._lines[key].setData(curve.steps, curve.values, symbol="o" if alone else None)

    @property
    def lines(self) -> set[tuple[int, Variant]]:
        """The lines there are: run and stroke."""
        return set(self._lines)

    def line_data(self, run: int, variant: Variant) -> tuple[list[float], list[float]]:
        """What is drawn of a line now: its steps and values; empty before there is one."""
        if (run, variant) not in self._lines:
            return [], []
        steps, values = self._lines[run, variant].getOriginalDataset()
        return list(steps), list(values)

    def view_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """What the axes show: the steps, and the values."""
        steps, values = self._plot.getViewBox().viewRange()
        return tuple(steps), tuple(values)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._apply_theme()

    def _add_line(self, run: int, variant: Variant) -> pg.PlotDataItem:
        line = pg.PlotDataItem(
            connect="finite", antialias=True, autoDownsample=True, downsampleMethod="peak"
        )
        line.setPen(self._pen(run, variant))
        line.setSymbolSize(_POINT)
        line.setSymbolPen(None)
        line.setSymbolBrush(QColor(current_theme().run_colour(run)))
        self._plot.addItem(line)
        return line

    def _pen(self, run: int, variant: Variant) -> QPen:
        pen = QPen(QColor(current_theme().run_colour(run)), _WIDTH, _STROKES[variant])
        pen.setCosmetic(True)
        return pen

    def _show_legend(self) -> None:
        self._legend.setText(self._note or _legend(self._panel, self._readings))

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.double():
            self._plot.enableAutoRange()

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
        self._show_legend()
        for (run, variant), line in self._lines.items():
            line.setPen(self._pen(run, variant))


def _legend(panel: PanelKey, readings: tuple[Reading, ...]) -> str:
    """What each stroke means, and the lines' values in the colours of their runs."""
    solid, dashed = _LEGENDS[panel] if isinstance(panel, Panel) else ("", "")
    parts = [f"━ {solid}{_values(readings, Variant.SOLID, panel)}"]
    if dashed:
        parts.append(f"╌ {dashed}{_values(readings, Variant.DASHED, panel)}")
    return " &nbsp; ".join(parts)


def _values(readings: tuple[Reading, ...], variant: Variant, panel: PanelKey) -> str:
    digits = ".3f" if isinstance(panel, Panel) and panel is not Panel.LOSS else ".4g"
    return "".join(
        f" <span style='color:{current_theme().run_colour(one.run)}'>{one.value:{digits}}</span>"
        for one in readings
        if one.variant is variant
    )
