"""One line of a plot: of all its points those that colour the pixels there are."""

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QPen
from PySide6.QtWidgets import QGraphicsItem

from symmviz.model.curve import Curve, Values, Variant
from symmviz.model.line_symbols import line_symbols
from symmviz.model.m4_aggregation import m4_aggregated
from symmviz.views.curves.axis_range import Range, finite_range, joined_range

_STROKES = {Variant.SOLID: Qt.PenStyle.SolidLine, Variant.DASHED: Qt.PenStyle.DashLine}
# Qt draws antialiased lines of exactly one pixel many times faster than any other: four
# lines of 3,000 points took 5 ms at width 1 and over 200 ms at 1.6.
_WIDTH = 1.0
_POINT = 6  # pixels
_FAINT = 70  # alpha of what is smoothed, behind its average
_BAND = 45  # alpha of a band around a mean
_UNDER, _OVER = -1, 1  # the line: its band, and its average and single values


class CurveLine:
    """A line, its moving average, its band, and the values that have no neighbour.

    Most lines have none of the last three, ever, and what is empty takes time in each drawing:
    they are made where they are needed first.

    Args:
        plot: where it is drawn.
        variant: its stroke.
    """

    def __init__(self, plot: pg.PlotWidget, variant: Variant) -> None:
        self._plot = plot
        self._variant = variant
        self._curve: Curve | None = None
        self._logarithmic = False
        self._values = np.empty(0)
        self._alone = np.empty(0, dtype=bool)
        self._strokes = pg.PlotCurveItem(antialias=True)
        self._average: pg.PlotCurveItem | None = None
        self._edges: tuple[pg.PlotCurveItem, ...] = ()
        self._band: pg.FillBetweenItem | None = None
        self._points: pg.ScatterPlotItem | None = None
        self._colour = QColor()
        self._picture = QGraphicsItem.CacheMode.NoCache
        self._items: list[pg.GraphicsObject] = []
        self._add(self._strokes, 0)

    @property
    def curve(self) -> Curve | None:
        """What is drawn."""
        return self._curve

    def set_colour(self, colour: QColor) -> None:
        """Draw in this colour from now on."""
        self._colour = colour
        faint, band = QColor(colour), QColor(colour)
        faint.setAlpha(_FAINT if self._has_average else 255)
        band.setAlpha(_BAND)
        self._strokes.setPen(self._pen(faint))
        if self._average is not None:
            self._average.setPen(self._pen(colour))
        if self._points is not None:
            self._points.setBrush(faint)
        if self._band is not None:
            self._band.setBrush(QBrush(band))

    def set_curve(self, curve: Curve, *, logarithmic: bool) -> None:
        """Take other values; they are on the screen after :meth:`draw`."""
        was_average = self._has_average
        self._curve, self._logarithmic = curve, logarithmic
        self._values = _scaled(curve.values, logarithmic=logarithmic)
        self._alone = _alone(self._values)
        if self._has_average != was_average:
            self.set_colour(self._colour)

    def ranges(self) -> tuple[Range | None, Range | None]:
        """What the line takes of the horizontal and of the vertical axis, as it is drawn."""
        if self._curve is None:
            return None, None
        values = [finite_range(self._values)]
        if self._curve.spread is not None:
            values += [finite_range(edge) for edge in self._band_edges(self._curve)]
        return finite_range(self._curve.places), joined_range(values)

    def draw(self, view: Range, columns: int) -> None:
        """Draw what there is of the line in a part of the axis that is so many pixels wide."""
        curve = self._curve
        if curve is None:
            return
        _set(self._strokes, *m4_aggregated(curve.places, self._values, view, columns))
        self._draw_average(curve, view, columns)
        self._draw_band(curve, view, columns)
        if self._alone.any() and self._points is None:
            self._points = pg.ScatterPlotItem(size=_POINT, pen=None)
            self._add(self._points, _OVER + 1)
        if self._points is not None:
            self._points.setData(curve.places[self._alone], self._values[self._alone])
            self._points.setVisible(bool(self._alone.any()))

    def symbols(self, view: Range, pixels: float, run: int) -> tuple[Values, Values]:
        """Where the symbols of its run are: see :func:`symmviz.model.line_symbols.line_symbols`."""
        if self._curve is None:
            return np.empty(0), np.empty(0)
        smoothed, values = self._curve.smoothed, self._values
        if smoothed is not None:
            values = _scaled(smoothed, logarithmic=self._logarithmic)
        return line_symbols(self._curve.places, values, view, pixels, run)

    def drawn(self) -> tuple[Values, Values]:
        """The points of the line that are drawn."""
        places, values = self._strokes.getData()
        return (np.empty(0), np.empty(0)) if places is None else (places, values)

    def marked(self) -> list[float]:
        """Where values are drawn as points, as no line leads to them."""
        return [] if self._points is None else list(self._points.getData()[0])

    def keep_picture(self, keep: bool) -> None:
        """Draw the line from a picture of it, as long as a cursor moves over it.

        Under a moving cursor a line of 3,000 points takes 0.4 ms with it and 13 ms without;
        where the line itself changes, the picture would only be more to draw.
        """
        mode = QGraphicsItem.CacheMode
        self._picture = mode.DeviceCoordinateCache if keep else mode.NoCache
        for item in self._items:
            item.setCacheMode(self._picture)

    def remove(self) -> None:
        """Take it off the plot."""
        for item in self._items:
            self._plot.removeItem(item)

    def _draw_average(self, curve: Curve, view: Range, columns: int) -> None:
        average = np.empty(0) if curve.smoothed is None else curve.smoothed
        if len(average):
            if self._average is None:
                self._average = pg.PlotCurveItem(antialias=True)
                self._add(self._average, _OVER)
            shown = _scaled(average, logarithmic=self._logarithmic)
            _set(self._average, *m4_aggregated(curve.places, shown, view, columns))
        if self._average is not None:
            self._average.setVisible(len(average) > 0)

    def _draw_band(self, curve: Curve, view: Range, columns: int) -> None:
        if curve.spread is not None:
            if self._band is None:
                self._edges = pg.PlotCurveItem(), pg.PlotCurveItem()
                self._band = pg.FillBetweenItem(*self._edges)
                self._add(self._band, _UNDER)
            for item, edge in zip(self._edges, self._band_edges(curve), strict=True):
                _set(item, *m4_aggregated(curve.places, edge, view, columns))
        if self._band is not None:
            self._band.setVisible(curve.spread is not None)

    def _add(self, item: pg.GraphicsObject, height: int) -> None:
        item.setZValue(height)
        item.setCacheMode(self._picture)
        self._items.append(item)
        self._plot.addItem(item)
        self.set_colour(self._colour)

    @property
    def _has_average(self) -> bool:
        return self._curve is not None and self._curve.smoothed is not None

    def _pen(self, colour: QColor) -> QPen:
        return cosmetic_pen(colour, _STROKES[self._variant])

    def _band_edges(self, curve: Curve) -> tuple[Values, Values]:
        spread = np.zeros(1) if curve.spread is None else curve.spread
        low = _scaled(curve.values - spread, logarithmic=self._logarithmic)
        return low, _scaled(curve.values + spread, logarithmic=self._logarithmic)


def cosmetic_pen(colour: QColor | str, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen for a line that is as wide at any zoom."""
    pen = QPen(QColor(colour), _WIDTH, style)
    pen.setCosmetic(True)
    return pen


def _set(item: pg.PlotCurveItem, places: Values, values: Values) -> None:
    connect = "all" if np.isfinite(values).all() else "finite"
    item.setData(places, values, connect=connect)


def _scaled(values: Values, *, logarithmic: bool) -> Values:
    """The values, or their decimal logarithms: of what is not positive there is none."""
    if not logarithmic:
        return values
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.log10(values)
    return np.where(np.isfinite(found), found, np.nan)


def _alone(values: Values) -> npt.NDArray[np.bool_]:
    """Which values are numbers between two that are none."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    alone: npt.NDArray[np.bool_] = there[1:-1] & ~there[:-2] & ~there[2:]
    return alone
