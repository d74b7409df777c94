"""The Watch page: a scatter a run, and curves with a line a run."""

import itertools
from typing import Protocol

import numpy as np

from symmcore.records import (
    EvalRecord,
    FloatArray,
    PlanePoints,
    Projection,
    Snapshot,
    StepRecord,
    WatchedSet,
)
from symmcore.settings.losses import loss_info
from symmcore.training.sink import TrainingContext
from symmcore.training.spec import RunSpec
from symmviz.model.retrieval import Query, Split
from symmviz.presenters.display import (
    Curve,
    Panel,
    PointCloud,
    PointPositions,
    RunTitle,
    Variant,
)
from symmviz.presenters.series import Series
from symmviz.services.live_buffer import RunRecord

# The shared extent is the points' with a margin. It follows them out only when they come
# to the edge, and in only when it would shrink to less than this share, so that the
# picture does not breathe from frame to frame.
_SHRINK_BELOW = 0.8
_MARGIN = 1.1
_EDGE = 1.02
_NOTHING_MINED = "A run without Symm picks no points."


class WatchView(Protocol):
    """What the presenter needs of the Watch page."""

    def set_runs(self, runs: tuple[RunTitle, ...]) -> None:
        """Make one empty column a run and empty the plots."""

    def set_cloud(self, cloud: PointCloud) -> None:
        """Say which points every column shows from now on."""

    def move_points(self, run: int, positions: PointPositions) -> None:
        """Put a run's points where they are now."""

    def set_caption(self, run: int, text: str) -> None:
        """Say under a column's title what its picture is."""

    def set_extent(self, extent: float) -> None:
        """Show -extent to extent both ways in every column, unless the user zoomed."""

    def set_curve(self, curve: Curve) -> None:
        """Draw one line anew."""

    def set_note(self, panel: Panel, text: str) -> None:
        """Say why a plot will have no lines; empty if it will."""

    def set_selected(self, row: int | None) -> None:
        """Ring one point of the cloud in every column, or none."""

    def set_shown(self, text: str) -> None:
        """Say what is shown of what."""


class _RunSeries:
    """What one run's curves are drawn from."""

    def __init__(self) -> None:
        self.curves: dict[tuple[Panel, Variant], Series] = {
            key: Series() for key in itertools.product(Panel, Variant)
        }

    def add(self, record: StepRecord | EvalRecord) -> tuple[Panel, ...]:
        """Append a record; the panels it changes."""
        if isinstance(record, StepRecord):
            self._append(Panel.LOSS, Variant.SOLID, record.step, record.loss)
            if record.synthetic_ratio is None:
                return (Panel.LOSS,)
            self._append(Panel.RATIO, Variant.SOLID, record.step, record.synthetic_ratio)
            self._append(Panel.RATIO, Variant.DASHED, record.step, 1 - record.synthetic_ratio)
            return (Panel.LOSS, Panel.RATIO)
        for panel, test, train in (
            (Panel.RECALL, record.test_recall_at_1, record.train_recall_at_1),
            (
                Panel.SYNTHETIC_RECALL,
                record.test_synthetic_recall_at_1,
                record.train_synthetic_recall_at_1,
            ),
        ):
            self._append(panel, Variant.SOLID, record.step, test)
            self._append(panel, Variant.DASHED, record.step, train)
        return (Panel.RECALL, Panel.SYNTHETIC_RECALL)

    def _append(self, panel: Panel, variant: Variant, step: int, value: float) -> None:
        self.curves[panel, variant].append(step, value)


class WatchPresenter:
    """Keeps what was seen of a training and tells the view what changed."""

    def __init__(self, view: WatchView) -> None:
        self._view = view
        self._split = Split.TEST
        self._synthetic_visible = True
        self._context: TrainingContext | None = None
        self._series: list[_RunSeries] = []
        self._stale: set[Panel] = set()
        self._turns = itertools.cycle(Panel)
        self._snapshots: tuple[Snapshot, ...] | None = None
        self._projections: tuple[Projection, ...] | None = None
        self._query: Query | None = None
        self._extent: float | None = None

    def clear(self, specs: tuple[RunSpec, ...]) -> None:
        """Empty the page for a training of these runs, which is being prepared."""
        self._context = None
        self._series = [_RunSeries() for _ in specs]
        self._stale.clear()
        self._snapshots = self._projections = self._query = None
        self._extent = None
        self._view.set_runs(tuple(run_title(spec) for spec in specs))
        mines = any(spec.symm is not None for spec in specs)
        self._view.set_note(Panel.RATIO, "" if mines else _NOTHING_MINED)
        self._view.set_shown("")

    def begin(self, context: TrainingContext) -> None:
        """Empty the page for a new training."""
        self.clear(context.config.specs)
        self._context = context

    def add_records(self, records: tuple[RunRecord, ...]) -> None:
        """Take in records; their lines are drawn by :meth:`draw_next_panel`."""
        for run, record in records:
            self._stale.update(self._series[run].add(record))

    def draw_next_panel(self) -> None:
        """Draw the lines of one panel that changed: one a tick, to keep ticks short."""
        if not self._stale:
            return
        panel = next(panel for panel in self._turns if panel in self._stale)
        self._stale.discard(panel)
        for run, series in enumerate(self._series):
            for variant in Variant:
                line = series.curves[panel, variant]
                if len(line.steps):
                    self._view.set_curve(Curve(panel, run, variant, *line.outline()))

    def ended(self) -> None:
        """The training is over: what has no picture by now gets none."""
        if self._snapshots is None:
            for run in range(len(self._series)):
                self._view.set_caption(run, "No picture was made")

    def set_snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        """Take in the newest frames: they say which points there are."""
        first = self._snapshots is None
        self._snapshots = snapshots
        if first:
            self._show_cloud()

    def set_projections(self, projections: tuple[Projection, ...]) -> None:
        """Move the points of every column."""
        self._projections = projections
        self._show_projections()

    def set_split(self, split: Split) -> None:
        """Show the watched images of the other split."""
        self._split = split
        self._show_cloud()
        self._show_projections()

    def set_synthetic_visible(self, visible: bool) -> None:
        """Say whether the synthetic points are shown; the view shows or hides them."""
        self._synthetic_visible = visible
        self._say_what_is_shown()

    def select(self, query: Query | None) -> None:
        """Ring an image in every column, where it is among the points shown."""
        self._query = query
        self._view.set_selected(self._selected_row())

    def query_at(self, row: int) -> Query:
        """The image behind a point of the cloud."""
        watched = self._watched_set()
        assert watched is not None, "a point was picked before there was one"
        return Query(int(watched.points.samples[row]), self._split)

    def _show_cloud(self) -> None:
        watched = self._watched_set()
        if watched is None or self._context is None:
            return
        dataset = self._context.dataset
        points = watched.points
        self._view.set_cloud(PointCloud(points.labels, points.samples, dataset.class_names))
        self._view.set_selected(self._selected_row())
        self._say_what_is_shown()

    def _say_what_is_shown(self) -> None:
        watched = self._watched_set()
        if watched is None or self._context is None:
            return
        dataset = self._context.dataset
        positions = dataset.train if self._split is Split.TRAIN else dataset.test
        kind = "training" if self._split is Split.TRAIN else "test"
        synthetic = f"their {int((watched.partner >= 0).sum()):,} synthetic points"
        self._view.set_shown(
            f"Showing {len(watched.partner):,} of {len(positions):,} {kind} images"
            + (f" and {synthetic}" if self._synthetic_visible else f"; {synthetic} are hidden")
        )

    def _show_projections(self) -> None:
        if self._projections is None or self._watched_set() is None:
            return
        positions = [self._positions(projection) for projection in self._projections]
        self._follow_extent([array for p in positions for array in (p.original, p.synthetic)])
        for run, (projection, placed) in enumerate(zip(self._projections, positions, strict=True)):
            self._view.move_points(run, PointPositions(placed.original, placed.synthetic))
            self._view.set_caption(run, _caption(projection))

    def _follow_extent(self, arrays: list[FloatArray]) -> None:
        furthest = max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)
        extent = furthest * _MARGIN or 1.0
        kept = self._extent
        if kept is None or furthest * _EDGE > kept or extent < _SHRINK_BELOW * kept:
            self._extent = extent
            self._view.set_extent(extent)

    def _positions(self, projection: Projection) -> PlanePoints:
        return projection.train if self._split is Split.TRAIN else projection.test

    def _watched_set(self) -> WatchedSet | None:
        if self._snapshots is None:
            return None
        frame = self._snapshots[0].frame
        return frame.train if self._split is Split.TRAIN else frame.test

    def _selected_row(self) -> int | None:
        watched = self._watched_set()
        if self._query is None or watched is None or self._query.split is not self._split:
            return None
        rows = np.flatnonzero(watched.points.samples == self._query.sample)
        return int(rows[0]) if len(rows) else None


def run_title(spec: RunSpec) -> RunTitle:
    """What people call a run."""
    title = loss_info(spec.loss).title
    if spec.symm is not None:
        title = f"Symm + {title}"
    _, _, settings = spec.name.partition(":")
    if settings:
        title = f"{title} ({settings.replace(',', ', ')})"
    return RunTitle(spec.name, title)


def _caption(projection: Projection) -> str:
    text = f"{projection.method.upper()} · step {projection.step:,}"
    if projection.explained is None:
        return text
    return f"{text} · {projection.explained:.0%} of the variance"
