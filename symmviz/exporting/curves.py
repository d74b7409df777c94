"""The plots of runs as a picture."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from symmcore.errors import InputError
from symmcore.export.options import ExportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.reading.recording import Recording
from symmviz.exporting.axis import Axis, nice_axis
from symmviz.exporting.sheet import (
    BACKGROUND,
    BORDER,
    MUTED,
    check_runs,
    draw_text,
    run_colour,
    text_width,
    write_sheet,
)
from symmviz.model.curve import Curve, CurveLook, Panel, PanelKey, PaperLine, Values, Variant
from symmviz.model.display import RunTitle
from symmviz.model.line_symbols import line_symbols
from symmviz.model.m4_aggregation import m4_aggregated
from symmviz.model.resolve import curves, panels, paper_lines
from symmviz.model.runs.titles import run_titles
from symmviz.run_symbols import draw_symbol

_MOST_RUNS = 50
_ACROSS = 2
_WIDTH, _HEIGHT = 460, 260  # of a plot, in units
_MARGIN, _GAP, _HEAD, _LEFT, _BOTTOM = 16, 20, 26, 52, 36
_LEGEND = 22  # height of a line
_COLUMNS = 2000  # in which no extreme of a line is lost
_LINE, _SYMBOL = 1.4, 4.0  # units: the width of a line, and half a symbol
_Number = TypeVar("_Number", float, Values)
_SHARES = (Panel.RECALL, Panel.SYNTHETIC_RECALL, Panel.RATIO)


class CurvesSheet:
    """Plots under a legend of the runs."""

    def __init__(
        self,
        titles: Sequence[RunTitle],
        plots: Sequence[tuple[PanelKey, tuple[Curve, ...], tuple[PaperLine, ...]]],
    ) -> None:
        """Put a picture together.

        Args:
            titles: of the runs, with the places of their colours.
            plots: of each its key, its lines, and what the paper reached.
        """
        self._titles = titles
        self._plots = plots

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in units of a 96th of an inch."""
        across = min(len(self._plots), _ACROSS)
        down = -(-len(self._plots) // across)
        width = 2 * _MARGIN + across * _WIDTH + (across - 1) * _GAP
        height = 2 * _MARGIN + self._legend_height() + down * (_HEIGHT + _GAP) - _GAP
        return width, height

    def paint(self, painter: QPainter) -> None:
        """Paint all of it, from (0, 0) on; the background is there already."""
        for at, title in enumerate(self._titles):
            y = _MARGIN + at * _LEGEND
            painter.setPen(QPen(run_colour(title.place), 2.5))
            painter.drawLine(QPointF(_MARGIN, y + 11), QPointF(_MARGIN + 22, y + 11))
            _draw_symbol(painter, title, QPointF(_MARGIN + 11, y + 11))
            draw_text(painter, QRectF(_MARGIN + 30, y, self.size[0] - 62, _LEGEND), title.title)
        top = _MARGIN + self._legend_height()
        for at, (key, lines, paper) in enumerate(self._plots):
            row, column = divmod(at, _ACROSS)
            box = QRectF(
                _MARGIN + column * (_WIDTH + _GAP), top + row * (_HEIGHT + _GAP), _WIDTH, _HEIGHT
            )
            _paint_plot(painter, box, key, lines, paper, self._titles)

    def _legend_height(self) -> int:
        return len(self._titles) * _LEGEND + 8


def write_curves(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the plots of runs, up to a step if one is given: PNG, SVG or PDF.

    Raises:
        InputError: if there are too many runs, or nothing to draw.
    """
    check_runs(len(recordings), _MOST_RUNS, "one picture")
    progress(Progress("Drawing plots", 0))
    runs, look = tuple(recordings), CurveLook()
    plots = []
    for key in panels(runs, look):
        lines = curves(runs, key, look)
        if options.step is not None:
            lines = tuple(_up_to(line, options.step) for line in lines)
        lines = tuple(line for line in lines if np.isfinite(line.values).any())
        if lines:
            plots.append((key, lines, paper_lines(runs, key, look)))
    if not plots:
        raise InputError(f"{runs[0].folder} holds no metrics: there is nothing to draw.")
    titles = run_titles(tuple(one.info for one in runs))
    write_sheet(CurvesSheet(titles, plots), path)


def _up_to(line: Curve, step: int) -> Curve:
    end = int(np.searchsorted(line.places, step, side="right"))
    return Curve(line.panel, line.run, line.variant, line.places[:end], line.values[:end])


def _paint_plot(
    painter: QPainter,
    box: QRectF,
    key: PanelKey,
    lines: tuple[Curve, ...],
    paper: tuple[PaperLine, ...],
    titles: Sequence[RunTitle],
) -> None:
    title = key if isinstance(key, str) else key.value
    draw_text(painter, QRectF(box.left(), box.top(), box.width(), _HEAD), title, bold=True)
    if any(line.variant is Variant.DASHED for line in lines):
        words = "solid synthetic, dashed original" if key is Panel.RATIO else _STROKES
        head = QRectF(box.left(), box.top(), box.width(), _HEAD)
        draw_text(painter, head, words, MUTED, Qt.AlignmentFlag.AlignRight, 11)
    area = box.adjusted(_LEFT, _HEAD + 4, -6, -_BOTTOM)
    last = max(float(line.places[-1]) for line in lines)
    finite = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    values = [float(finite.min()), float(finite.max()), *(one.value for one in paper)]
    across = nice_axis(0.0, max(last, 1.0), 6, tight=True)
    least = 0.1 if key in _SHARES else 0.0
    up = nice_axis(min(values), max(values), 5, least=least)
    _paint_axes(painter, area, across, up)
    painter.save()
    painter.setClipRect(area)
    for line in lines:
        style = Qt.PenStyle.DashLine if line.variant is Variant.DASHED else Qt.PenStyle.SolidLine
        painter.setPen(QPen(run_colour(titles[line.run].place), _LINE, style))
        for stretch in _stretches(line, across):
            painter.drawPolyline(_polygon(stretch, area, across, up))
    for line in lines:
        view = across.low, across.high
        symbols = line_symbols(line.places, line.values, view, area.width(), line.run)
        for at in _polygon(symbols, area, across, up).toList():
            _draw_symbol(painter, titles[line.run], at)
    painter.restore()
    for one in paper:
        y = _place(one.value, up, area.bottom(), area.top())
        colour = run_colour(titles[one.run].place)
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        label = QRectF(area.left() + 6, y - 15, 120, 14)
        draw_text(painter, label, f"paper {one.value:.3f}", colour.name(), size=11)


_STROKES = "solid test, dashed training"


def _paint_axes(painter: QPainter, area: QRectF, across: Axis, up: Axis) -> None:
    right, centre = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
    for value in up.ticks:
        y = _place(value, up, area.bottom(), area.top())
        painter.setPen(QPen(QColor(BORDER), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        box = QRectF(area.left() - _LEFT, y - 8, _LEFT - 6, 16)
        draw_text(painter, box, f"{value:.6g}", MUTED, right, 11)
    for value in across.ticks:
        text = f"{value:,.6g}"
        wide = text_width(text, 11) + 4
        x = _place(value, across, area.left(), area.right())
        box = QRectF(min(x - wide / 2, area.right() - wide + 6), area.bottom() + 2, wide, 16)
        draw_text(painter, box, text, MUTED, centre, 11)
    under = QRectF(area.left(), area.bottom() + 17, area.width(), 16)
    draw_text(painter, under, "step", MUTED, centre, 11)


def _stretches(line: Curve, across: Axis) -> list[tuple[Values, Values]]:
    """The points to draw, apart where there are gaps; a value alone becomes a dot."""
    places, values = m4_aggregated(line.places, line.values, (across.low, across.high), _COLUMNS)
    there = np.isfinite(values)
    ends = np.flatnonzero(np.diff(there.astype(np.int8), prepend=0, append=0))
    found = []
    for first, end in ends.reshape(-1, 2).tolist():
        x, y = places[first:end], values[first:end]
        if len(x) == 1:
            reach = (across.high - across.low) / 400
            x, y = np.array([x[0] - reach, x[0] + reach]), np.repeat(y, 2)
        found.append((x, y))
    return found


def _polygon(stretch: tuple[Values, Values], area: QRectF, across: Axis, up: Axis) -> QPolygonF:
    x = _place(stretch[0], across, area.left(), area.right())
    y = _place(stretch[1], up, area.bottom(), area.top())
    return QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])


def _place(value: _Number, axis: Axis, start: float, end: float) -> _Number:
    """Where on an axis a value lies, in units."""
    assert math.isfinite(axis.high - axis.low), "axes are of finite values"
    return start + (end - start) * (value - axis.low) / (axis.high - axis.low)


def _draw_symbol(painter: QPainter, title: RunTitle, at: QPointF) -> None:
    colour, ground = run_colour(title.place), QColor(BACKGROUND)
    draw_symbol(painter, title.place, at, _SYMBOL, colour, ground)
