"""The Watch page: a scatter a run, and curves with a line a run."""

import itertools
from typing import Protocol

from symmviz.model.bounds import Bounds, bounds_of, followed
from symmviz.model.display import (
    ColourBy,
    Curve,
    Panel,
    PanelKey,
    PointCloud,
    PointPositions,
    Reading,
    RunTitle,
)
from symmviz.model.loaded import Loaded
from symmviz.model.resolve import Column, WatchState, curves, drawn_from, readings, watch
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.findings import FindingsView


class WatchView(Protocol):
    """What the presenter needs of the Watch page."""

    @property
    def findings(self) -> FindingsView:
        """The lines over the columns that say what is wrong with a run."""

    def set_runs(self, runs: tuple[RunTitle, ...]) -> None:
        """Make one empty column a run and empty the plots."""

    def set_panels(self, panels: tuple[PanelKey, ...]) -> None:
        """Have these plots; the four of every run are always among them."""

    def set_cloud(self, run: int, cloud: PointCloud | None) -> None:
        """Say which points a column shows from now on, or that it has none."""

    def move_points(self, run: int, positions: PointPositions) -> None:
        """Put a run's points where they are now."""

    def set_caption(self, run: int, text: str) -> None:
        """Say under a column's title what its picture is."""

    def set_bounds(self, bounds: Bounds) -> None:
        """Show this part of the plane in every column, unless the user zoomed."""

    def set_curve(self, curve: Curve) -> None:
        """Draw one line anew."""

    def set_note(self, panel: Panel, text: str) -> None:
        """Say why a plot will have no lines; empty if it will."""

    def set_readings(self, panel: PanelKey, readings: tuple[Reading, ...]) -> None:
        """Say the value of each line of a plot at the step that is shown."""

    def set_cursor(self, panel: PanelKey, step: int | None) -> None:
        """Mark a step in a plot, or none."""

    def set_selected(self, run: int, row: int | None) -> None:
        """Ring one point of a column, or none."""

    def set_look(self, colour_by: ColourBy, *, synthetic_visible: bool) -> None:
        """Colour the points by that, and draw the synthetic ones or not."""

    def set_selection(self, text: str) -> None:
        """Say which image is selected; empty for none."""

    def set_shown(self, text: str) -> None:
        """Say what is shown of what."""


class WatchPresenter:
    """Derives what the page shows, and tells the view what differs from before."""

    def __init__(self, view: WatchView, workspace: Workspace, loaded: Loaded) -> None:
        self._view = view
        self._workspace = workspace
        self._loaded = loaded
        self._shown: WatchState | None = None
        # By column, what was shown last: what is being read does not replace it.
        self._positions: list[PointPositions | None] = []
        self._captions: list[str | None] = []
        self._bounds: Bounds | None = None
        self._drawn: dict[PanelKey, tuple[object, ...]] = {}
        self._unmarked: list[PanelKey] = []
        self._turns: itertools.cycle[PanelKey] = itertools.cycle(Panel)

    def update(self) -> None:
        """Show what has changed, but for the lines: see :meth:`draw_next_panel`."""
        state = watch(self._workspace, self._loaded)
        before = self._shown
        if before is None or _runs(before) != _runs(state):
            before = None
            self._begin(state)
        self._shown = state
        if before is None or before.panels != state.panels:
            self._view.set_panels(state.panels)
            self._turns = itertools.cycle(state.panels)
        self._show_words(before, state)
        if before is None or _look(before) != _look(state):
            self._view.set_look(state.colour_by, synthetic_visible=state.synthetic_visible)
        for run, column in enumerate(state.columns):
            self._show_column(run, None if before is None else before.columns[run], column)
        self._follow_points()
        if before is None or before.step != state.step:
            self._unmarked = list(state.panels)

    @property
    def is_behind(self) -> bool:
        """Whether a plot does not show yet where the cursor is."""
        return bool(self._unmarked)

    def mark_next_panel(self) -> None:
        """Move the cursor of one more plot: points first, and no more than one plot a tick."""
        if self._shown is not None and self._unmarked:
            panel = self._unmarked.pop(0)
            if panel in self._shown.panels:
                self._view.set_cursor(panel, self._shown.step)
                self._read(panel)

    def draw_next_panel(self) -> None:
        """Draw the lines of one panel that changed: one a tick, to keep ticks short."""
        state = self._shown
        if state is None:
            return
        recordings = self._workspace.recordings
        for _ in state.panels:
            panel = next(self._turns)
            source = drawn_from(recordings, panel)
            if source != self._drawn.get(panel, ()):
                self._drawn[panel] = source
                for curve in curves(recordings, panel):
                    self._view.set_curve(curve)
                self._read(panel)
                return

    def _begin(self, state: WatchState) -> None:
        self._positions = [None] * len(state.columns)
        self._captions = [None] * len(state.columns)
        self._bounds = None
        self._drawn.clear()
        self._view.set_runs(state.titles)

    def _show_words(self, before: WatchState | None, state: WatchState) -> None:
        if before is None or before.ratio_note != state.ratio_note:
            self._view.set_note(Panel.RATIO, state.ratio_note)
        if before is None or before.shown != state.shown:
            self._view.set_shown(state.shown)
        if before is None or before.selection != state.selection:
            self._view.set_selection(state.selection)

    def _show_column(self, run: int, before: Column | None, column: Column) -> None:
        cloud_before = None if before is None else before.cloud
        if not _is_same_cloud(cloud_before, column.cloud):
            self._view.set_cloud(run, column.cloud)
            self._positions[run] = None
        positions, shown = column.positions, self._positions[run]
        if positions is not None and not _are_same(shown, positions):
            self._view.move_points(run, positions)
            self._positions[run] = positions
        if column.caption is not None and column.caption != self._captions[run]:
            self._view.set_caption(run, column.caption)
            self._captions[run] = column.caption
        if before is None or before.selected != column.selected:
            self._view.set_selected(run, column.selected)

    def _follow_points(self) -> None:
        there = bounds_of(
            array
            for positions in self._positions
            if positions is not None
            for array in (positions.original, positions.synthetic)
        )
        if there is None:
            return
        bounds = followed(self._bounds, there)
        if bounds != self._bounds:
            self._bounds = bounds
            self._view.set_bounds(bounds)

    def _read(self, panel: PanelKey) -> None:
        cursor = Cursor(None if self._shown is None else self._shown.step)
        self._view.set_readings(panel, readings(self._workspace.recordings, panel, cursor))


def _runs(state: WatchState) -> tuple[object, ...]:
    return state.titles, tuple(column.key for column in state.columns)


def _look(state: WatchState) -> tuple[object, ...]:
    return state.colour_by, state.synthetic_visible


def _is_same_cloud(before: PointCloud | None, now: PointCloud | None) -> bool:
    if before is None or now is None:
        return before is now
    return before.samples is now.samples and before.labels is now.labels


def _are_same(shown: PointPositions | None, positions: PointPositions) -> bool:
    return shown is not None and shown.original is positions.original
