"""What each view shows, derived from the workspace and the recordings by pure functions."""

from symmviz.model.resolve.curves import (
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
from symmviz.model.resolve.export_scope import export_scope
from symmviz.model.resolve.gallery import Scored, index_targets, score_targets
from symmviz.model.resolve.listing import ListingState, listed_from, listing
from symmviz.model.resolve.offers import Offers, branch_parents, offers, warnings
from symmviz.model.resolve.point_facts import share_target
from symmviz.model.resolve.retrieve import (
    Found,
    RetrieveState,
    SearchTarget,
    history_targets,
    retrieve,
    search_targets,
)
from symmviz.model.resolve.selected import describe
from symmviz.model.resolve.time import shown_step, steps_wanted, timeline
from symmviz.model.resolve.trails import trail_steps
from symmviz.model.resolve.watch import (
    Column,
    WatchState,
    axis_of,
    column_classes,
    describe_synthetic,
    image_at,
    nothing_found,
    watch,
)

__all__ = [
    "Column",
    "Found",
    "ListingState",
    "Offers",
    "RetrieveState",
    "Scored",
    "SearchTarget",
    "WatchState",
    "axis_of",
    "branch_parents",
    "column_classes",
    "cursor_places",
    "curve_legend",
    "curve_note",
    "curves",
    "describe",
    "describe_synthetic",
    "drawn_from",
    "export_scope",
    "has_seeds",
    "history_targets",
    "image_at",
    "index_targets",
    "listed_from",
    "listing",
    "nothing_found",
    "offers",
    "panels",
    "paper_lines",
    "readings",
    "retrieve",
    "run_colour_places",
    "score_targets",
    "search_targets",
    "share_target",
    "shown_step",
    "step_at",
    "steps_wanted",
    "timeline",
    "trail_steps",
    "warnings",
    "watch",
]
