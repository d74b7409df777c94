"""The shared plots in one row, or in two where they would be too narrow to read."""

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from symmviz.views.legend import RunLegend

_LEAST_WIDTH = 180  # pixels of a plot with its axis
_SPACING = 16


class CurveGrid(QFrame):
    """A legend of the runs over the plots.

    Args:
        legend: which colour is which run.
        panels: the plots, in their order; an even number.
        parent: the widget it is part of.
    """

    def __init__(self, legend: RunLegend, panels: Sequence[QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._legend = legend
        self._panels = tuple(panels)
        self._across = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 6, 10, 8)
        self._grid.setHorizontalSpacing(_SPACING)
        self._arrange(len(self._panels))

    @property
    def across(self) -> int:
        """How many plots stand side by side."""
        return self._across

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take one row or two."""
        super().resizeEvent(event)
        in_a_row = len(self._panels) * (_LEAST_WIDTH + _SPACING)
        self._arrange(len(self._panels) if self.width() >= in_a_row else len(self._panels) // 2)

    def _arrange(self, across: int) -> None:
        if across == self._across:
            return
        self._across = across
        for widget in (self._legend, *self._panels):
            self._grid.removeWidget(widget)
        self._grid.addWidget(self._legend, 0, 0, 1, across)
        for at, panel in enumerate(self._panels):
            self._grid.addWidget(panel, 1 + at // across, at % across)
        for column in range(len(self._panels)):
            self._grid.setColumnStretch(column, 1 if column < across else 0)
        for row in range(len(self._panels)):
            self._grid.setRowStretch(1 + row, 1 if row * across < len(self._panels) else 0)
