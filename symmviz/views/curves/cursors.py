"""The upright lines of one plot: where the step is that is shown, and where the pointer is."""

import pyqtgraph as pg
from PySide6.QtCore import Qt

from symmviz.views.curves.line import cosmetic_pen
from symmviz.views.style.theme import current_theme


class PlotCursors:
    """Lines that mark places of the horizontal axis.

    Args:
        plot: where they are drawn.
    """

    def __init__(self, plot: pg.PlotWidget) -> None:
        self._plot = plot
        self._cursors: list[pg.InfiniteLine] = []
        self._pointer = pg.InfiniteLine(angle=90, movable=False)
        self._pointer.hide()
        plot.addItem(self._pointer, ignoreBounds=True)

    @property
    def any_visible(self) -> bool:
        """Whether anything is marked."""
        return bool(self._marked()) or bool(self._pointer.isVisible())

    @property
    def places(self) -> tuple[float, ...]:
        """Where the step is marked."""
        return tuple(float(line.value()) for line in self._marked())

    def set_places(self, places: tuple[float, ...]) -> None:
        """Mark where the step is that is shown; nothing where the newest is."""
        while len(self._cursors) < len(places):
            line = pg.InfiniteLine(angle=90, movable=False)
            line.setPen(cosmetic_pen(current_theme().text))
            self._plot.addItem(line, ignoreBounds=True)
            self._cursors.append(line)
        for at, line in enumerate(self._cursors):
            line.setVisible(at < len(places))
            if at < len(places):
                line.setValue(places[at])

    def set_pointer(self, place: float | None) -> None:
        """Mark where the pointer is; None where in no plot."""
        self._pointer.setVisible(place is not None)
        if place is not None:
            self._pointer.setValue(place)

    def apply_theme(self) -> None:
        """Have the colours of the present theme."""
        theme = current_theme()
        for cursor in self._cursors:
            cursor.setPen(cosmetic_pen(theme.text))
        self._pointer.setPen(cosmetic_pen(theme.muted, Qt.PenStyle.DotLine))

    def _marked(self) -> list[pg.InfiniteLine]:
        return [line for line in self._cursors if line.isVisible()]
