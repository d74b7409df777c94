"""The shared plots in one row, or in two where they would be too narrow to read."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.curve import (
    SMOOTHING,
    Abscissa,
    Curve,
    CurveLook,
    LegendEntry,
    Panel,
    PanelKey,
    PaperLine,
    Reading,
)
from symmviz.model.names import shown_name
from symmviz.views.curves.axis_range import Range
from symmviz.views.curves.plot import CurvePanel
from symmviz.views.curves.run_legend import RunLegend
from symmviz.views.style.run_colours import RunColours

_LEAST_WIDTH = 180  # pixels of a plot with its axis
_SPACING = 16
_MOST_ACROSS = 4
_HEAD_SPACING = 6
_HEAD_IN_A_ROW = 620  # pixels from which the legend stands beside the fields
_ABSCISSAE = {Abscissa.STEP: "By step", Abscissa.TIME: "By time", Abscissa.EPOCH: "By epoch"}


class CurveGrid(QFrame):
    """A legend of the runs over the plots, four side by side or two.

    See :class:`symmviz.presenters.curves.CurvesView` for what it shows.
    """

    look_chosen = Signal(CurveLook)
    """The user wants the lines drawn like this."""
    pointed = Signal(object)
    """The pointer is at this place of the horizontal axes; None: in no plot."""
    place_chosen = Signal(float)
    """The user clicked at this place of the horizontal axis."""

    picture_save_wanted = Signal(Path, bytes)
    """The picture of a plot is to be written to a file."""

    def __init__(
        self, parent: QWidget | None = None, panels: tuple[PanelKey, ...] = tuple(Panel)
    ) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._look = CurveLook()
        self._entries: tuple[LegendEntry, ...] = ()
        self._colours = RunColours()
        self._legend = RunLegend(self)
        self._legend.toggled.connect(self._toggle_run)
        self._abscissa = QComboBox(self)
        self._smoothing = QComboBox(self)
        self._bands = QPushButton("Seeds as bands", self)
        self._diagnostics = QPushButton("Diagnostics", self)
        self._fit = QPushButton("Fit plots", self)
        self._grid = QGridLayout()
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._across = _MOST_ACROSS
        self._panels: dict[PanelKey, CurvePanel] = {}
        self._prepare()
        self._lay_out()
        self.set_panels(panels)

    @property
    def across(self) -> int:
        """How many plots stand side by side."""
        return self._across

    @property
    def panels(self) -> tuple[PanelKey, ...]:
        """Which plots there are."""
        return tuple(self._panels)

    def panel(self, panel: PanelKey) -> CurvePanel:
        """One of the plots."""
        return self._panels[panel]

    def clear(self) -> None:
        """Empty the plots: other runs are shown from now on."""
        for panel in self._panels.values():
            panel.clear()

    def set_panels(self, panels: tuple[PanelKey, ...]) -> None:
        """Have these plots; the four of every run are always among them."""
        gone = [self._panels.pop(key) for key in tuple(self._panels) if key not in panels]
        self._panels = {key: self._panels.get(key) or self._made(key) for key in panels}
        for panel in gone:
            self._grid.removeWidget(panel)
            panel.deleteLater()
        self._arrange()

    def set_places(self, places: tuple[int, ...]) -> None:
        """Draw the lines of each run in the colour of this place, from now on."""
        self._colours.set_places(places)

    def set_legend(self, entries: tuple[LegendEntry, ...], *, has_seeds: bool) -> None:
        """Say which colour is which run; and whether some differ in nothing but the seed."""
        self._bands.setVisible(has_seeds)
        self._entries = entries
        self._legend.set_entries(entries)
        self._colours.set_names({entry.run: shown_name(entry.title) for entry in entries})
        for panel in self._panels.values():
            panel.name_runs()

    def set_curve_look(self, look: CurveLook) -> None:
        """Show what is chosen, and have the axes of it."""
        self._look = look
        self._abscissa.setCurrentIndex(self._abscissa.findData(look.abscissa))
        self._smoothing.setCurrentIndex(self._smoothing.findData(look.smoothing))
        self._bands.setChecked(look.bands)
        self._diagnostics.setChecked(look.diagnostics)
        for panel in self._panels.values():
            panel.set_look(look)

    def set_curves(
        self, panel: PanelKey, curves: tuple[Curve, ...], paper: tuple[PaperLine, ...]
    ) -> None:
        """Draw the lines of one plot anew: these, and no others."""
        self._panels[panel].set_curves(curves, paper)

    def set_note(self, panel: PanelKey, text: str) -> None:
        """Say why a plot will have no lines; empty if it will."""
        self._panels[panel].set_note(text)

    def set_readings(self, panel: PanelKey, readings: tuple[Reading, ...], place: str) -> None:
        """Say the value of each line of a plot, and where, if the pointer is there."""
        self._panels[panel].set_readings(readings, place)

    def set_cursor(self, panel: PanelKey, places: tuple[float, ...]) -> None:
        """Mark where the step that is shown is on the horizontal axis."""
        self._panels[panel].set_cursor(places)

    def set_pointer(self, place: float | None) -> None:
        """Mark where the pointer is in all plots; None where in none."""
        for panel in self._panels.values():
            panel.set_pointer(place)

    def fit(self) -> None:
        """Show all of every line."""
        for panel in self._panels.values():
            panel.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many columns as are wide enough, and put the legend above its fields."""
        super().resizeEvent(event)
        self._head.setDirection(
            QBoxLayout.Direction.LeftToRight
            if self.width() >= _HEAD_IN_A_ROW
            else QBoxLayout.Direction.TopToBottom
        )
        in_a_row = _MOST_ACROSS * (_LEAST_WIDTH + _SPACING)
        across = _MOST_ACROSS if self.width() >= in_a_row else _MOST_ACROSS // 2
        if across != self._across:
            self._across = across
            self._arrange()

    def _prepare(self) -> None:
        self._abscissa.setToolTip("What the horizontal axes count.")
        self._abscissa.setAccessibleName("Horizontal axis of the plots")
        for abscissa, text in _ABSCISSAE.items():
            self._abscissa.addItem(text, abscissa)
        self._abscissa.activated.connect(
            lambda: self._choose(abscissa=self._abscissa.currentData())
        )
        self._smoothing.setToolTip(
            "Draw a moving average over each line, which stays visible behind it. The number is "
            "the weight of the past."
        )
        self._smoothing.setAccessibleName("Smoothing of the plots")
        for weight in SMOOTHING:
            self._smoothing.addItem(f"Smooth {weight:g}" if weight else "Not smoothed", weight)
        self._smoothing.activated.connect(
            lambda: self._choose(smoothing=self._smoothing.currentData())
        )
        self._bands.setCheckable(True)
        self._bands.hide()
        self._bands.setToolTip(
            "Draw runs that differ in nothing but the seed as one line, their mean, in a band of "
            "one standard deviation."
        )
        self._bands.clicked.connect(lambda checked: self._choose(bands=checked))
        self._diagnostics.setCheckable(True)
        self._diagnostics.setToolTip(
            "Show plots of what tells of a collapse too: norms, cosines, effective rank, gradient, "
            "the loss's trivial value and its zero terms."
        )
        self._diagnostics.clicked.connect(lambda checked: self._choose(diagnostics=checked))
        self._fit.setToolTip("Show all of every line again (or double-click a plot).")
        self._fit.clicked.connect(self.fit)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        self._grid.setHorizontalSpacing(_SPACING)
        self._head.setSpacing(_HEAD_SPACING)  # a grid of two spacings hands none on
        named = QHBoxLayout()
        named.addWidget(self._legend, 1)
        named.addWidget(self._bands)
        self._head.addLayout(named, 1)
        fields = QHBoxLayout()
        for line in (named, fields):
            line.setSpacing(_HEAD_SPACING)
        chosen = (self._abscissa, self._smoothing, self._diagnostics, self._fit)
        for widget in chosen:
            fields.addWidget(widget)
        self._head.addLayout(fields)
        column.addLayout(self._head)
        column.addLayout(self._grid, 1)

    def _made(self, key: PanelKey) -> CurvePanel:
        panel = CurvePanel(key, self, self._colours)
        panel.set_look(self._look)
        panel.log_toggled.connect(partial(self._toggle_log, key))
        panel.pointed.connect(self.pointed)
        panel.pictures.save_wanted.connect(self.picture_save_wanted)
        panel.place_chosen.connect(self.place_chosen)
        panel.moved.connect(partial(self._follow, panel))
        panel.fit_wanted.connect(self.fit)
        return panel

    def _follow(self, moved: CurvePanel, view: Range) -> None:
        """Show the same part of the horizontal axis in every plot."""
        for panel in self._panels.values():
            if panel is not moved:
                panel.show_places(view)

    def _choose(self, **changes: Any) -> None:
        self.look_chosen.emit(dataclasses.replace(self._look, **changes))

    def _toggle_log(self, key: PanelKey, logarithmic: bool) -> None:
        if (key in self._look.log) != logarithmic:
            self._choose(log=self._look.log ^ {key})

    def _toggle_run(self, at: int) -> None:
        entry = self._entries[at]
        keys = frozenset(entry.keys)
        hidden = self._look.hidden - keys if entry.hidden else self._look.hidden | keys
        self._choose(hidden=hidden)

    def _arrange(self) -> None:
        across = self._across
        panels = tuple(self._panels.values())
        for widget in panels:
            self._grid.removeWidget(widget)
        for at, panel in enumerate(panels):
            self._grid.addWidget(panel, at // across, at % across)
        for column in range(_MOST_ACROSS):
            self._grid.setColumnStretch(column, 1 if column < across else 0)
        for row in range(max(len(panels), self._grid.rowCount())):
            self._grid.setRowStretch(row, 1 if row * across < len(panels) else 0)
