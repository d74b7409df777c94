"""The Retrieve page: images to choose from, a query, and what each run finds for it."""

from collections.abc import Callable
from typing import Protocol

from symmcore.progress import Progress
from symmviz.model.display import ImageCard, NeighbourRow, RankCurve
from symmviz.model.loaded import Loaded
from symmviz.model.resolve import (
    Found,
    ListingState,
    RetrieveState,
    Scored,
    listed_from,
    listing,
    retrieve,
)
from symmviz.model.retrieval.query import Query
from symmviz.model.workspace import Workspace


class RetrieveView(Protocol):
    """What the presenter needs of the Retrieve page."""

    def set_listing(self, state: ListingState) -> None:
        """Show the images or classes to choose from, or that there are none yet."""

    def forget_pictures(self) -> None:
        """What is shown next is of other images."""

    def set_progress(self, text: str, *, can_rank: bool) -> None:
        """Say how far ranking all queries is, and whether it was given up."""

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """Show the chosen image, or how to choose one."""

    def set_rows(self, rows: tuple[NeighbourRow, ...]) -> None:
        """Show what the runs find."""

    def set_curves(self, curves: tuple[RankCurve, ...], step: int | None) -> None:
        """Show how the query did over time, and where the time cursor is."""

    def set_uploads(self, cards: tuple[ImageCard, ...]) -> None:
        """Show the images from elsewhere."""

    def show_in_gallery(self, query: Query | None) -> None:
        """Mark an image as chosen and scroll to it; none if it is not in the gallery."""


class RetrievePresenter:
    """Derives what the page shows, and tells the view what differs from before."""

    def __init__(
        self,
        view: RetrieveView,
        workspace: Workspace,
        loaded: Loaded,
        found: Found,
        scored: Scored,
        progress: Callable[[], Progress | None] = lambda: None,
    ) -> None:
        self._view = view
        self._workspace = workspace
        self._loaded = loaded
        self._found = found
        self._scored = scored
        self._progress = progress
        self._listed: tuple[object, ...] | None = None
        self._images: object = None
        self._told = ("", False)
        self._shown: RetrieveState | None = None
        self._curves: tuple[object, ...] = ()
        self._rows: tuple[NeighbourRow, ...] = ()

    def update(self) -> None:
        """Show what has changed."""
        is_new = self._update_listing()
        self._update_progress()
        self._update_query(is_new=is_new)

    def _update_listing(self) -> bool:
        """Show what is listed; whether these are other images than before."""
        source = listed_from(self._workspace, self._loaded, self._scored)
        if source == self._listed:
            return False
        self._listed = source
        state = listing(self._workspace, self._loaded, self._scored)
        images = None if state.gallery is None else state.gallery.samples
        is_new = images is not self._images
        self._images = images
        if is_new:
            self._view.forget_pictures()
        self._view.set_listing(state)
        return is_new

    def _update_progress(self) -> None:
        progress = self._progress()
        told = "" if progress is None else progress.sentence(), not self._workspace.browse.ranking
        if told != self._told:
            was_told, self._told = self._told, told
            self._view.set_progress(told[0], can_rank=told[1])
            if was_told[0] and not told[0]:
                state = listing(self._workspace, self._loaded, self._scored)
                self._view.set_listing(state)  # its summary was hidden by the progress

    def _update_query(self, *, is_new: bool) -> None:
        state = retrieve(self._workspace, self._loaded, self._found)
        before, self._shown = self._shown, state
        if before is None or (before.card, before.caption) != (state.card, state.caption):
            self._view.set_query(state.card, state.caption)
        if before is None or before.uploads != state.uploads:
            self._view.set_uploads(state.uploads)
        chosen = None if state.card is None else state.card.query
        chosen_before = None if before is None or before.card is None else before.card.query
        if is_new or chosen != chosen_before:
            self._view.show_in_gallery(chosen if isinstance(chosen, Query) else None)
        curves = state.curves, self._workspace.cursor.step
        if curves != self._curves:
            self._curves = curves
            self._view.set_curves(*curves)
        if state.rows is not None and (before is None or state.rows != self._rows):
            self._rows = state.rows
            self._view.set_rows(state.rows)
