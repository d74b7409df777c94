"""One shared plot: a few lines a run over training."""

import math
from collections.abc import Callable
from functools import partial

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from symmviz.model.curve import (
    Abscissa,
    Curve,
    CurveLook,
    Panel,
    PanelKey,
    PaperLine,
    Reading,
    Variant,
)
from symmviz.views.curves.axis_range import Range, joined_range, place_axis, share_axis, value_axis
from symmviz.views.curves.cursors import PlotCursors
from symmviz.views.curves.line import CurveLine
from symmviz.views.curves.paper_scores import PaperScores
from symmviz.views.curves.readings import ReadingsLabel
from symmviz.views.curves.symbols import PlotSymbols, SymbolsOfLine
from symmviz.views.curves.words import LOG_TIP, strokes, tip, titles
from symmviz.views.style.run_colours import RunColours
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.picture_menu import PictureMenu

_AXES: dict[PanelKey, Callable[[Range | None], Range]] = {
    Panel.RECALL: share_axis,
    Panel.SYNTHETIC_RECALL: share_axis,
    Panel.RATIO: share_axis,
    Panel.LOSS: value_axis,
}
_LEAST_HEIGHT = 80  # pixels of a plot
_HEIGHT_FOR_LABEL = 110  # pixels from which an axis is labelled
# From this width on there is room for the strokes and values of two runs in one line; narrower
# plots have two lines from this height on.
_WIDTH_FOR_BOTH, _HEIGHT_FOR_TWO = 270, 126
_LEAST_RANGE = {Abscissa.STEP: 10.0, Abscissa.TIME: 1.0, Abscissa.EPOCH: 0.1}


class CurvePanel(QWidget):
    """A titled plot whose axes fit its lines until the user moves or zooms it."""

    log_toggled = Signal(bool)
    """The user wants a logarithmic vertical axis, or not."""
    pointed = Signal(object)
    """The pointer is at this place of the horizontal axis; None: it has left."""
    place_chosen = Signal(float)
    """The user clicked at this place of the horizontal axis."""
    moved = Signal(tuple)
    """The user has moved or zoomed: the part of the horizontal axis that is shown now."""
    fit_wanted = Signal()
    """The user wants to see all of it again."""

    def __init__(
        self, panel: PanelKey, parent: QWidget | None = None, colours: RunColours | None = None
    ) -> None:
        super().__init__(parent)
        self._panel, self._colours = panel, colours or RunColours()
        self._lines: dict[tuple[int, Variant], CurveLine] = {}
        self._look, self._note, self._place = CurveLook(), "", ""
        self._following, self._drawing, self._keeps_pictures = True, False, False
        title, *shorter = titles(panel)
        self._title = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._title.setText(title, *shorter)
        self._title.setProperty("title", True)
        self._log = QPushButton("log", self)
        self._log.setCheckable(True)
        self._log.setProperty("chip", True)
        self._log.setToolTip(LOG_TIP)
        self._log.setAccessibleName(f"Logarithmic axis of {title}")
        self._log.toggled.connect(self.log_toggled)
        self._legend = ElidedLabel(strokes(panel, self._look), self, Qt.TextElideMode.ElideRight)
        share = isinstance(panel, Panel) and panel is not Panel.LOSS
        self._readings = ReadingsLabel(".3f" if share else ".4g", self, self._colours)
        self._legend.setProperty("muted", True)
        self.setToolTip(tip(panel))
        self._under = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._plot = pg.PlotWidget(self, enableMenu=False)
        self._plot.setAccessibleName(title)
        self.pictures = PictureMenu(
            self,
            self._plot,
            self._title.text,
            (self._log,),
            partial(self._colours.named, self._lines),
        )
        self._paper = PaperScores(self._plot, self._colours)
        self._cursors = PlotCursors(self._plot)
        self._symbols = PlotSymbols(self._plot.getViewBox())
        self._prepare_plot()
        self._lay_out()
        self._apply_theme()
        self._fit()

    def clear(self) -> None:
        """Drop every line."""
        self.set_curves((), ())
        self.set_readings((), "")
        self.set_pointer(None)
        self.fit()  # not to the run before

    def fit(self) -> None:
        """Show all of every line, and what comes."""
        self._following = True
        self._fit()

    def show_places(self, view: Range) -> None:
        """Show this part of the horizontal axis, as the user chose in another plot."""
        self._following = False
        self._plot.getViewBox().setXRange(*view, padding=0)

    def set_look(self, look: CurveLook) -> None:
        """Have the axes of this."""
        logarithmic = self._panel in look.log
        before, self._look = self._look, look
        self._log.setChecked(logarithmic)
        self._say()
        self._plot.getAxis("left").setLogMode(None, logarithmic)
        self._plot.setLabel("bottom", look.abscissa.value)
        self._plot.getViewBox().setLimits(xMin=0, minXRange=_LEAST_RANGE[look.abscissa])
        for line in self._lines.values():
            if line.curve is not None:
                line.set_curve(line.curve, logarithmic=logarithmic)
        if look.abscissa is not before.abscissa:
            self._following = True  # what was shown is no part of another axis
        if self._following:
            self._fit()
        elif logarithmic != (self._panel in before.log):
            self._plot.getViewBox().setYRange(*self._fitted()[1], padding=0)
        self._draw()

    def set_curves(self, curves: tuple[Curve, ...], paper: tuple[PaperLine, ...]) -> None:
        """Draw these lines and no others."""
        wanted = {(curve.run, curve.variant): curve for curve in curves}
        for key in [key for key in self._lines if key not in wanted]:
            self._lines.pop(key).remove()
        for (run, variant), curve in wanted.items():
            line = self._lines.get((run, variant))
            if line is None:
                line = self._lines[run, variant] = CurveLine(self._plot, variant)
                line.set_colour(self._colours.of(run))
                line.keep_picture(self._keeps_pictures)
            line.set_curve(curve, logarithmic=self._panel in self._look.log)
        self._paper.draw(paper, logarithmic=self._panel in self._look.log)
        if self._following:
            self._fit()
        self._draw()

    def set_cursor(self, places: tuple[float, ...]) -> None:
        """Mark where the step is that is shown; nothing where the newest is."""
        self._cursors.set_places(places)
        self._keep_pictures()

    def cursor_places(self) -> tuple[float, ...]:
        """Where the step is marked."""
        return self._cursors.places

    def set_pointer(self, place: float | None) -> None:
        """Mark where the pointer is; None where in no plot."""
        self._cursors.set_pointer(place)
        self._keep_pictures()

    def set_note(self, text: str) -> None:
        """Say why there are no lines, in place of what the strokes mean; empty for nothing."""
        self._note = text
        self._say()

    def set_readings(self, readings: tuple[Reading, ...], place: str) -> None:
        """Say the value of each line; where, if that is not the step that is shown."""
        self._place = place
        self._readings.set_readings(readings)
        self._say()

    def name_runs(self) -> None:
        """Tell the values of other runs apart from now on."""
        self._readings.show_again()

    def readings(self) -> str:
        """The values at the step that is shown, as markup."""
        return self._readings.text()

    def note(self) -> str:
        """What is said under the title: what strokes mean, why there are no lines, or a place."""
        return self._legend.text()

    @property
    def lines(self) -> set[tuple[int, Variant]]:
        """The lines there are: run and stroke."""
        return set(self._lines)

    def line_data(self, run: int, variant: Variant) -> tuple[list[float], list[float]]:
        """What is drawn of a line now: its places and values; empty before there is one."""
        if (run, variant) not in self._lines:
            return [], []
        places, values = self._lines[run, variant].drawn()
        return list(places), list(values)

    def marked_places(self, run: int, variant: Variant) -> list[float]:
        """Where values are drawn as points, as no line leads to them."""
        return self._lines[run, variant].marked()

    @property
    def symbols(self) -> tuple[SymbolsOfLine, ...]:
        """The symbols that are drawn along the lines."""
        return self._symbols.lines

    @property
    def plot(self) -> pg.PlotWidget:
        """The plot without its title."""
        return self._plot

    def view_range(self) -> tuple[Range, Range]:
        """What the axes show: the places, and the values."""
        places, values = self._plot.getViewBox().viewRange()
        return tuple(places), tuple(values)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the axis unlabelled where that would take the room of the lines.

        Where the plot is narrow and high, its values have a line of their own.
        """
        super().resizeEvent(event)
        narrow = self.width() < _WIDTH_FOR_BOTH and self.height() >= _HEIGHT_FOR_TWO
        ways = QBoxLayout.Direction
        self._under.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        self._plot.setMinimumHeight(_LEAST_HEIGHT - (self._legend.height() if narrow else 0))
        self._plot.getAxis("bottom").showLabel(self._plot.height() >= _HEIGHT_FOR_LABEL)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._apply_theme()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell where in the plot the pointer is."""
        if event.type() is QEvent.Type.Leave:
            self.pointed.emit(None)
        elif isinstance(event, QMouseEvent) and event.type() is QEvent.Type.MouseMove:
            inside = self._plot.getViewBox().sceneBoundingRect().contains(event.position())
            self.pointed.emit(self._place_at(event.position()) if inside else None)
        return super().eventFilter(watched, event)

    def _keep_pictures(self) -> None:
        keep = self._cursors.any_visible
        if keep != self._keeps_pictures:
            self._keeps_pictures = keep
            for line in self._lines.values():
                line.keep_picture(keep)

    def _place_at(self, at: QPointF) -> float:
        return float(self._plot.getViewBox().mapSceneToView(at).x())

    def _say(self) -> None:
        self._legend.setText(self._place or self._note or strokes(self._panel, self._look))

    def _fit(self) -> None:
        places, values = self._fitted()
        if (places, values) != self.view_range():
            self._drawing = True
            self._plot.getViewBox().setRange(xRange=places, yRange=values, padding=0)
            self._drawing = False

    def _fitted(self) -> tuple[Range, Range]:
        """What the axes show where they fit the lines."""
        ranges = [line.ranges() for line in self._lines.values()]
        paper = [(place, place) for place in self._paper.places]
        places = place_axis(
            joined_range([places for places, _ in ranges]), _LEAST_RANGE[self._look.abscissa]
        )
        axis = value_axis if self._panel in self._look.log else _AXES.get(self._panel, value_axis)
        return places, axis(joined_range([*(values for _, values in ranges), *paper]))

    def _draw(self) -> None:
        if self._drawing:
            return  # the lines are drawn once the axes fit
        box = self._plot.getViewBox()
        columns = max(math.ceil(box.width() * self.devicePixelRatioF()), 1)
        view = self.view_range()[0]
        for line in self._lines.values():
            line.draw(view, columns)
        self._symbols.follow(self._lines, self._colours, view)

    def _on_moved(self) -> None:
        self._following = False
        self.moved.emit(self.view_range()[0])

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.double():
            self.fit_wanted.emit()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.place_chosen.emit(self._place_at(event.scenePos()))

    def _prepare_plot(self) -> None:
        plot = self._plot
        plot.setMinimumHeight(_LEAST_HEIGHT)
        plot.hideButtons()
        plot.getPlotItem().setContentsMargins(0, 6, 0, 0)  # or the top number is cut
        plot.setLabel("bottom", self._look.abscissa.value)
        plot.getAxis("left").setWidth(46)
        plot.getAxis("bottom").enableAutoSIPrefix(False)
        for name in ("left", "bottom"):
            plot.getAxis(name).setStyle(maxTickLevel=0)  # half the time of a drawing
        box = plot.getViewBox()
        # Steps begin at 0; a single evaluation is not worth an axis in fractions of a step.
        box.setLimits(xMin=0, minXRange=_LEAST_RANGE[Abscissa.STEP])
        box.disableAutoRange()
        box.sigRangeChangedManually.connect(self._on_moved)
        box.sigXRangeChanged.connect(self._draw)
        box.sigResized.connect(self._draw)
        plot.scene().sigMouseClicked.connect(self._on_clicked)
        plot.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._log)
        layout.addLayout(head)
        self._under.setSpacing(6)
        self._under.addWidget(self._legend)
        self._under.addWidget(self._readings, 1)
        layout.addLayout(self._under)
        layout.addWidget(self._plot, 1)

    def _apply_theme(self) -> None:
        theme = current_theme()
        self._plot.setBackground(theme.raised)
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(QColor(theme.border))
            axis.setTextPen(QColor(theme.muted))
        self._cursors.apply_theme()
        self._readings.show_again()
        for (run, _), line in self._lines.items():
            line.set_colour(self._colours.of(run))
        self._draw()
