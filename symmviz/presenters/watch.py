"""The Watch page's maps: a scatter a run."""

from collections.abc import Mapping
from typing import Protocol

from symmcore.records import FloatArray
from symmviz.model.display import (
    ColourBy,
    MapNeighbour,
    PictureId,
    PointCloud,
    PointPositions,
    RunTitle,
)
from symmviz.model.loaded import Loaded, VerdictArray
from symmviz.model.map.bounds import Bounds, bounds_of, followed
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.layers import Layer
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.map.picked import MapPair
from symmviz.model.map.picked_types import PickedTypes
from symmviz.model.map.trails import Trails
from symmviz.model.mined_pair import MinedPair
from symmviz.model.resolve import Column, Found, WatchState, nothing_found, watch
from symmviz.model.retrieval.query import Split
from symmviz.model.since import SinceChoice
from symmviz.model.workspace import Workspace
from symmviz.presenters.events import EventsView
from symmviz.presenters.findings import FindingsView


class SinceView(Protocol):
    """What the presenter needs of the field that says since when."""

    def set_since(self, choice: SinceChoice) -> None:
        """Show the step that colours compare with; where there is none, no field."""


class WatchView(Protocol):
    """What the presenter needs of the Watch page."""

    @property
    def findings(self) -> FindingsView:
        """The lines over the columns that say what is wrong with a run."""

    @property
    def colours(self) -> SinceView:
        """What the colours mean, and since which step."""

    @property
    def events(self) -> EventsView:
        """The list of what happened."""

    def set_runs(self, runs: tuple[RunTitle, ...]) -> None:
        """Make one empty column a run."""

    def set_cloud(self, run: int, cloud: PointCloud | None) -> None:
        """Say which points a column shows from now on, or that it has none."""

    def move_points(self, run: int, positions: PointPositions) -> None:
        """Put a run's points where they are now."""

    def set_caption(self, run: int, text: str) -> None:
        """Say under a column's title what its picture is."""

    def set_trust(self, run: int, text: str) -> None:
        """Say under a scatter how far its picture can be trusted; empty if that is unknown."""

    def set_bounds(self, bounds: Bounds) -> None:
        """Show this part of the plane in every column, unless the user zoomed."""

    def set_selected(self, run: int, row: int | None) -> None:
        """Ring one point of a column, or none."""

    def set_also_selected(self, run: int, rows: tuple[int, ...]) -> None:
        """Ring more points of a column, in a smaller way."""

    def set_neighbours(self, run: int, neighbours: tuple[MapNeighbour, ...]) -> None:
        """Draw lines from the selected point of a column to these."""

    def set_verdicts(self, run: int, verdicts: VerdictArray) -> None:
        """Say which of a column's points are right at rank 1."""

    def set_shares(self, run: int, shares: FloatArray) -> None:
        """Say what the colours of a column's points are, where they are a scale."""

    def set_pairs(self, run: int, pairs: tuple[MapPair, ...]) -> None:
        """Say which of a column's points were picked in the newest batch."""

    def set_classes(self, run: int, classes: ShownClasses) -> None:
        """Colour and hide the classes of a column's points so."""

    def set_look(
        self, split: Split, colour_by: ColourBy, *, synthetic_visible: bool, pairs_visible: bool
    ) -> None:
        """Say which split is shown, and what is drawn.

        Args:
            split: whose images are shown.
            colour_by: what colours mean.
            synthetic_visible: whether synthetic points are drawn.
            pairs_visible: whether picked pairs are.
        """

    def set_method(self, method: str) -> None:
        """Say what projects the points."""

    def set_unusable(self, remedies: Mapping[str, str]) -> None:
        """Say by the name of a method that it cannot be chosen, and what it needs."""

    def set_selection(self, text: str, pictures: tuple[PictureId, ...]) -> None:
        """Say which image is selected, and show them where several are; empty for none."""

    def set_mined(self, mined: MinedPair | None) -> None:
        """Offer to show this pair of the selected image on the Learn page; None to offer none."""

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Draw these over and beside the points."""

    def set_cosines(self, run: int, cosines: PairCosines) -> None:
        """Show beside a map how the cosines of pairs of its images are distributed."""

    def set_picked_types(self, run: int, types: PickedTypes) -> None:
        """Show beside a map which types of points were picked in mining."""

    def set_trails(self, run: int, trails: Trails | None) -> None:
        """Draw where the selected points of a column have been; None for nowhere."""

    def set_shown(self, text: str) -> None:
        """Say what is shown of what."""


class WatchPresenter:
    """Derives what the page shows, and tells the view what differs from before."""

    def __init__(
        self,
        view: WatchView,
        workspace: Workspace,
        loaded: Loaded,
        found: Found = nothing_found,
    ) -> None:
        self._view = view
        self._workspace = workspace
        self._loaded = loaded
        self._found = found
        self._shown: WatchState | None = None
        # By column, what was shown last: what is being read does not replace it.
        self._positions: list[PointPositions | None] = []
        self._captions: list[str | None] = []
        self._trusts: list[str] = []
        self._pairs: list[tuple[MapPair, ...]] = []
        self._cosines: list[PairCosines | None] = []
        self._bounds: Bounds | None = None
        self._unusable: Mapping[str, str] = {}

    def update(self) -> None:
        """Show what has changed."""
        state = watch(self._workspace, self._loaded, self._found)
        before = self._shown
        if before is None or _runs(before) != _runs(state):
            before = None
            self._begin(state)
        self._shown = state
        self._show_words(before, state)
        if before is None or _look(before) != _look(state):
            self._view.set_look(
                state.split,
                state.colour_by,
                synthetic_visible=state.synthetic_visible,
                pairs_visible=state.pairs_visible,
            )
        if before is None or before.since != state.since:
            self._view.colours.set_since(state.since)
        if before is None or before.method != state.method:
            self._view.set_method(state.method)
        unusable = self._loaded.unusable_methods()
        if unusable != self._unusable:
            self._unusable = unusable
            self._view.set_unusable(unusable)
        if before is None or before.layers != state.layers:
            self._view.set_layers(state.layers)
        for run, column in enumerate(state.columns):
            self._show_column(run, None if before is None else before.columns[run], column)
        self._follow_points()

    def _begin(self, state: WatchState) -> None:
        self._positions = [None] * len(state.columns)
        self._captions = [None] * len(state.columns)
        self._trusts = [""] * len(state.columns)
        self._pairs = [()] * len(state.columns)
        self._cosines = [None] * len(state.columns)
        self._bounds = None
        self._view.set_runs(state.titles)

    def _show_words(self, before: WatchState | None, state: WatchState) -> None:
        if before is None or before.shown != state.shown:
            self._view.set_shown(state.shown)
        now = state.selection, state.pictures
        if before is None or (before.selection, before.pictures) != now:
            self._view.set_selection(*now)
        if before is None or before.mined is not state.mined:
            self._view.set_mined(state.mined)

    def _show_column(self, run: int, before: Column | None, column: Column) -> None:
        cloud_before = None if before is None else before.cloud
        if not _is_same_cloud(cloud_before, column.cloud):
            self._view.set_cloud(run, column.cloud)
            self._positions[run] = None
            self._pairs[run] = ()
        positions, shown = column.positions, self._positions[run]
        if positions is not None and not _are_same(shown, positions):
            self._view.move_points(run, positions)
            self._positions[run] = positions
        if column.caption is not None and column.caption != self._captions[run]:
            self._view.set_caption(run, column.caption)
            self._captions[run] = column.caption
        if positions is not None and column.trust != self._trusts[run]:
            self._view.set_trust(run, column.trust)
            self._trusts[run] = column.trust
        self._show_selected(run, before, column)
        self._show_marks(run, before, column)

    def _show_marks(self, run: int, before: Column | None, column: Column) -> None:
        """Show what is said of the points."""
        known = None if before is None else before.verdicts
        if column.verdicts is not None and column.verdicts is not known:
            self._view.set_verdicts(run, column.verdicts)
        shares = None if before is None else before.shares
        if column.shares is not None and column.shares is not shares:
            self._view.set_shares(run, column.shares)
        if column.pairs is not None and column.pairs != self._pairs[run]:
            self._view.set_pairs(run, column.pairs)
            self._pairs[run] = column.pairs
        if column.cosines is not None and column.cosines is not self._cosines[run]:
            self._view.set_cosines(run, column.cosines)
            self._cosines[run] = column.cosines
        types = None if before is None else before.types
        if column.types is not None and not _are_same_types(types, column.types):
            self._view.set_picked_types(run, column.types)
        if before is None or before.classes != column.classes:
            self._view.set_classes(run, column.classes)

    def _show_selected(self, run: int, before: Column | None, column: Column) -> None:
        if before is None or before.selected != column.selected:
            self._view.set_selected(run, column.selected)
        if before is None or before.also_selected != column.also_selected:
            self._view.set_also_selected(run, column.also_selected)
        trails = None if before is None else before.trails
        if _source(trails) != _source(column.trails):
            self._view.set_trails(run, column.trails)
        if before is None or before.neighbours != column.neighbours:
            self._view.set_neighbours(run, column.neighbours)

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


def _runs(state: WatchState) -> tuple[object, ...]:
    return state.titles, tuple(column.key for column in state.columns)


def _source(trails: Trails | None) -> tuple[object, ...] | None:
    return None if trails is None else trails.source


def _look(state: WatchState) -> tuple[object, ...]:
    return state.split, state.colour_by, state.synthetic_visible, state.pairs_visible


def _is_same_cloud(before: PointCloud | None, now: PointCloud | None) -> bool:
    if before is None or now is None:
        return before is now
    return before.samples is now.samples and before.labels is now.labels


def _are_same(shown: PointPositions | None, positions: PointPositions) -> bool:
    return shown is not None and shown.original is positions.original


def _are_same_types(one: PickedTypes | None, other: PickedTypes) -> bool:
    return one is not None and (one.step, one.counts is other.counts, one.problem) == (
        other.step,
        True,
        other.problem,
    )
