"""The symbols of the runs along their lines in one plot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from symmviz.model.curve import Values, Variant
from symmviz.run_symbols import draw_symbol
from symmviz.views.curves.axis_range import Range
from symmviz.views.curves.line import CurveLine
from symmviz.views.style.run_colours import RunColours
from symmviz.views.style.theme import current_theme

_REACH = 3.8  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class SymbolsOfLine:
    """The symbols along one line.

    Attributes:
        place: of the run's colour and symbol.
        colour: of the run.
        places: (N,) float64, where on the horizontal axis.
        values: (N,) float64, where on the vertical one.
    """

    place: int
    colour: QColor
    places: Values
    values: Values


class PlotSymbols(QGraphicsObject):
    """One item for all lines of a plot: a few dozen items would each cost as much to draw.

    Args:
        box: of the plot, in whose pixels the symbols are of one size.
    """

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__(box)
        self._box = box
        self._lines: tuple[SymbolsOfLine, ...] = ()
        self._places, self._values = np.empty(0), np.empty(0)  # of all lines
        self._owners = np.empty(0, dtype=np.intp)
        self.setZValue(1)  # over the lines
        # Under a moving cursor only those beside it are painted.
        self.setFlag(self.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        box.sigRangeChanged.connect(lambda *_: self.update())
        box.sigResized.connect(lambda _: self.prepareGeometryChange())

    @property
    def lines(self) -> tuple[SymbolsOfLine, ...]:
        """What is drawn."""
        return self._lines

    def follow(
        self, lines: Mapping[tuple[int, Variant], CurveLine], colours: RunColours, view: Range
    ) -> None:
        """Draw the symbols along these lines, and no others.

        Args:
            lines: by run and stroke.
            colours: of the runs, and their symbols.
            view: the part of the horizontal axis that is shown.
        """
        width = self._box.width()
        self._lines = tuple(
            SymbolsOfLine(colours.place(run), colours.of(run), *line.symbols(view, width, run))
            for (run, _), line in lines.items()
        )
        self._places = np.concatenate([[], *(line.places for line in self._lines)])
        self._values = np.concatenate([[], *(line.values for line in self._lines)])
        counts = [len(line.places) for line in self._lines]
        self._owners = np.repeat(np.arange(len(counts)), counts)
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the plot."""
        return QRectF(self._box.rect())

    def shape(self) -> QPainterPath:
        """Nothing: what is done with the pointer is meant for the plot."""
        return QPainterPath()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw them where the axes have their values now."""
        area = self._box.rect()
        (left, right), (low, high) = self._box.viewRange()
        across, up = area.width() / (right - left), area.height() / (high - low)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(current_theme().raised)
        edge = 2 * _REACH
        seen = QRectF(option.exposedRect).adjusted(-edge, -edge, edge, edge).intersected(area)
        x = area.left() + (self._places - left) * across
        y = area.bottom() - (self._values - low) * up
        drawn = (x > seen.left()) & (x < seen.right()) & (y > seen.top()) & (y < seen.bottom())
        for at in np.flatnonzero(drawn).tolist():
            line = self._lines[self._owners[at]]
            draw_symbol(painter, line.place, QPointF(x[at], y[at]), _REACH, line.colour, ground)
