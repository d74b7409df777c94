"""The shared plots in one row, or in two where they would be too narrow to read."""

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QWidget

from symmviz.views.legend import RunLegend

_LEAST_WIDTH = 180  # pixels of a plot with its axis
_SPACING = 16
_MOST_ACROSS = 4


class CurveGrid(QFrame):
    """A legend of the runs over the plots, four side by side or two.

    Args:
        legend: which colour is which run.
        panels: the plots, in their order.
        parent: the widget it is part of.

    Attributes:
        diagnostics: whether the plots of what tells of a collapse are wanted.
    """

    def __init__(self, legend: RunLegend, panels: Sequence[QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.diagnostics = QCheckBox("Diagnostics", self)
        self.diagnostics.setToolTip(
            "More plots, of what tells of a collapse: norms, cosines, effective rank, gradient, "
            "the loss's trivial value and its zero terms."
        )
        self._head = QWidget(self)
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(legend, 1)
        head.addWidget(self.diagnostics)
        self._panels = tuple(panels)
        self._across = _MOST_ACROSS
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 6, 10, 8)
        self._grid.setHorizontalSpacing(_SPACING)
        self._arrange()

    @property
    def across(self) -> int:
        """How many plots stand side by side."""
        return self._across

    def set_panels(self, panels: Sequence[QWidget]) -> None:
        """Have these plots from now on."""
        if self._panels != tuple(panels):
            for widget in self._panels:
                self._grid.removeWidget(widget)
            self._panels = tuple(panels)
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many columns as are wide enough."""
        super().resizeEvent(event)
        in_a_row = _MOST_ACROSS * (_LEAST_WIDTH + _SPACING)
        across = _MOST_ACROSS if self.width() >= in_a_row else _MOST_ACROSS // 2
        if across != self._across:
            self._across = across
            self._arrange()

    def _arrange(self) -> None:
        across = self._across
        for widget in (self._head, *self._panels):
            self._grid.removeWidget(widget)
        self._grid.addWidget(self._head, 0, 0, 1, across)
        for at, panel in enumerate(self._panels):
            self._grid.addWidget(panel, 1 + at // across, at % across)
        for column in range(_MOST_ACROSS):
            self._grid.setColumnStretch(column, 1 if column < across else 0)
        for row in range(max(len(self._panels), self._grid.rowCount() - 1)):
            self._grid.setRowStretch(1 + row, 1 if row * across < len(self._panels) else 0)
