"""The shared plots: a few lines a run over training."""

import itertools
from typing import Protocol

from symmviz.model.curve import (
    Abscissa,
    Curve,
    CurveLook,
    LegendEntry,
    PanelKey,
    PaperLine,
    Reading,
)
from symmviz.model.resolve import (
    cursor_places,
    curve_legend,
    curve_note,
    curves,
    drawn_from,
    has_seeds,
    panels,
    paper_lines,
    readings,
    run_colour_places,
    step_at,
)
from symmviz.model.workspace import Workspace


class CurvesView(Protocol):
    """What the presenter needs of the plots."""

    def clear(self) -> None:
        """Empty the plots: other runs are shown from now on."""

    def set_places(self, places: tuple[int, ...]) -> None:
        """Draw the lines of each run in the colour of this place, from now on."""

    def set_panels(self, panels: tuple[PanelKey, ...]) -> None:
        """Have these plots; the four of every run are always among them."""

    def set_legend(self, entries: tuple[LegendEntry, ...], *, has_seeds: bool) -> None:
        """Say which colour is which run; and whether some differ in nothing but the seed."""

    def set_curve_look(self, look: CurveLook) -> None:
        """Show what is chosen, and have the axes of it."""

    def set_curves(
        self, panel: PanelKey, curves: tuple[Curve, ...], paper: tuple[PaperLine, ...]
    ) -> None:
        """Draw the lines of one plot anew: these, and no others."""

    def set_note(self, panel: PanelKey, text: str) -> None:
        """Say why a plot will have no lines; empty if it will."""

    def set_readings(self, panel: PanelKey, readings: tuple[Reading, ...], place: str) -> None:
        """Say the value of each line of a plot, and where, if the pointer is there."""

    def set_cursor(self, panel: PanelKey, places: tuple[float, ...]) -> None:
        """Mark where the step that is shown is on the horizontal axis."""

    def set_pointer(self, place: float | None) -> None:
        """Mark where the pointer is in all plots; None where in none."""


class CurvesPresenter:
    """Derives the plots, and tells the view what differs from before.

    One plot is drawn at a time, as a drawing takes milliseconds.
    """

    def __init__(self, view: CurvesView, workspace: Workspace) -> None:
        self._view = view
        self._workspace = workspace
        self._runs: tuple[str, ...] | None = None
        self._panels: tuple[PanelKey, ...] = ()
        self._legend: tuple[LegendEntry, ...] = ()
        self._look = CurveLook()
        self._step: int | None = None
        self._pointer: float | None = None
        self._notes: dict[PanelKey, str] = {}
        self._drawn: dict[PanelKey, tuple[object, ...]] = {}
        self._curves: dict[PanelKey, tuple[Curve, ...]] = {}
        self._unmarked: list[PanelKey] = []
        self._turns: itertools.cycle[PanelKey] = itertools.cycle(())

    def update(self) -> None:
        """Show what has changed, but for lines and cursors: see the methods below."""
        workspace = self._workspace
        runs = (*(recording.key for recording in workspace.plotted), *workspace.preparing)
        is_new = runs != self._runs
        if is_new:
            self._runs, self._pointer = runs, None
            self._drawn.clear()
            self._curves.clear()
            self._view.clear()
            self._view.set_places(run_colour_places(workspace.plotted, workspace.preparing))
        shown = panels(workspace.plotted, workspace.display.curves)
        if shown != self._panels:
            self._panels = shown
            self._turns = itertools.cycle(shown)
            self._view.set_panels(shown)
            for known in (self._drawn, self._notes):  # one that comes back is empty
                for panel in known.keys() - set(shown):
                    del known[panel]
        look, step = workspace.display.curves, workspace.cursor.step
        legend = curve_legend(workspace.plotted, workspace.preparing, look)
        if is_new or legend != self._legend:
            self._legend = legend
            self._view.set_legend(legend, has_seeds=has_seeds(workspace.plotted))
        if look != self._look:
            self._look = look
            self._view.set_curve_look(look)
            self._unmarked = list(shown)
        self._say_notes()
        if is_new or step != self._step:
            self._step = step
            self._unmarked = list(shown)

    def point(self, place: float | None) -> None:
        """Read the lines where the pointer is; None where it has left the plots."""
        self._pointer = place
        self._view.set_pointer(place)
        self._unmarked = list(self._panels)

    def step_at(self, place: float) -> int | None:
        """The step at a place of the horizontal axis."""
        return step_at(self._workspace.plotted, self._look, place)

    @property
    def is_behind(self) -> bool:
        """Whether a plot does not show yet where the cursor is."""
        return bool(self._unmarked)

    def mark_next_panel(self) -> None:
        """Move the cursor of one more plot: points first, and no more than one plot a tick."""
        while self._unmarked:
            panel = self._unmarked.pop(0)
            if panel in self._panels:
                places = cursor_places(self._workspace.plotted, self._look, self._step)
                self._view.set_cursor(panel, places)
                self._read(panel)
                return

    def draw_next_panel(self) -> None:
        """Draw the lines of one panel that changed: one a tick, to keep ticks short."""
        recordings = self._workspace.plotted
        for _ in self._panels:
            panel = next(self._turns)
            source = drawn_from(recordings, panel, self._look)
            if source != self._drawn.get(panel):
                self._drawn[panel] = source
                self._curves[panel] = curves(recordings, panel, self._look)
                paper = paper_lines(recordings, panel, self._look)
                self._view.set_curves(panel, self._curves[panel], paper)
                self._read(panel)
                return

    def _say_notes(self) -> None:
        for panel in self._panels:
            note = curve_note(self._workspace, panel)
            if note != self._notes.get(panel, ""):
                self._notes[panel] = note
                self._view.set_note(panel, note)

    def _read(self, panel: PanelKey) -> None:
        drawn = self._curves.get(panel, ())
        if self._pointer is not None:
            place = _place_text(self._look.abscissa, self._pointer)
            self._view.set_readings(panel, readings(drawn, self._pointer), place)
            return
        places = cursor_places(self._workspace.plotted, self._look, self._step)
        self._view.set_readings(panel, readings(drawn, places[-1] if places else None), "")


def _place_text(abscissa: Abscissa, place: float) -> str:
    if abscissa is Abscissa.STEP:
        return f"step {max(place, 0):,.0f}"
    if abscissa is Abscissa.TIME:
        return f"{max(place, 0):,.1f} s"
    return f"epoch {max(place, 0):,.2f}"
