"""What the paper reached, as dotted lines across one plot."""

import math

import pyqtgraph as pg
from PySide6.QtCore import Qt

from symmviz.model.curve import PaperLine
from symmviz.views.curves.line import cosmetic_pen
from symmviz.views.style.run_colours import RunColours


class PaperScores:
    """A dotted line a score, with its number, in the colour of the run that it is compared with.

    Args:
        plot: where they are drawn.
        colours: of the runs.
    """

    def __init__(self, plot: pg.PlotWidget, colours: RunColours) -> None:
        self._plot, self._colours = plot, colours
        self._lines: list[pg.InfiniteLine] = []

    @property
    def places(self) -> list[float]:
        """Where on the vertical axis they are."""
        return [float(line.value()) for line in self._lines]

    def draw(self, scores: tuple[PaperLine, ...], *, logarithmic: bool) -> None:
        """Draw these and no others."""
        while len(self._lines) > len(scores):
            self._plot.removeItem(self._lines.pop())
        while len(self._lines) < len(scores):
            line = pg.InfiniteLine(
                angle=0, label="paper {value:.3f}", labelOpts={"position": 0.12}, movable=False
            )
            self._plot.addItem(line, ignoreBounds=True)
            self._lines.append(line)
        for line, one in zip(self._lines, scores, strict=True):
            colour = self._colours.of(one.run)
            line.setPen(cosmetic_pen(colour, Qt.PenStyle.DotLine))
            line.label.setColor(colour)
            line.setValue(math.log10(one.value) if logarithmic else one.value)
