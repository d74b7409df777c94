"""What each view shows, derived from the workspace and the recordings by pure functions."""

from symmviz.model.resolve.curves import curves, drawn_from, panels, ratio_note, readings
from symmviz.model.resolve.offers import Offers, branch_parents, offers, warnings
from symmviz.model.resolve.retrieve import RetrieveState, SearchTarget, retrieve, search_targets
from symmviz.model.resolve.time import shown_step, steps_wanted, timeline
from symmviz.model.resolve.watch import Column, WatchState, describe, image_at, watch

__all__ = [
    "Column",
    "Offers",
    "RetrieveState",
    "SearchTarget",
    "WatchState",
    "branch_parents",
    "curves",
    "describe",
    "drawn_from",
    "image_at",
    "offers",
    "panels",
    "ratio_note",
    "readings",
    "retrieve",
    "search_targets",
    "shown_step",
    "steps_wanted",
    "timeline",
    "warnings",
    "watch",
]
