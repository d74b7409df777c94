"""The Retrieve page: a query image and what each run finds for it."""

from typing import Protocol

from symmviz.model.display import Gallery, ImageCard, NeighbourRow
from symmviz.model.loaded import Loaded
from symmviz.model.resolve import RetrieveState, retrieve
from symmviz.model.resolve.retrieve import Found
from symmviz.model.workspace import Workspace


class RetrieveView(Protocol):
    """What the presenter needs of the Retrieve page."""

    def set_gallery(self, gallery: Gallery | None) -> None:
        """Show the images to choose from, or that there are none yet."""

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """Show the chosen image, or how to choose one."""

    def set_rows(self, rows: tuple[NeighbourRow, ...]) -> None:
        """Show what the runs find."""

    def show_in_gallery(self, sample: int) -> None:
        """Mark an image as chosen and scroll to it; none if it is not in the gallery."""


class RetrievePresenter:
    """Derives what the page shows, and tells the view what differs from before."""

    def __init__(
        self, view: RetrieveView, workspace: Workspace, loaded: Loaded, found: Found
    ) -> None:
        self._view = view
        self._workspace = workspace
        self._loaded = loaded
        self._found = found
        self._shown: RetrieveState | None = None
        self._rows: tuple[NeighbourRow, ...] = ()

    def update(self) -> None:
        """Show what has changed."""
        state = retrieve(self._workspace, self._loaded, self._found)
        before, self._shown = self._shown, state
        new_gallery = before is None or not _is_same_gallery(before.gallery, state.gallery)
        if new_gallery:
            self._view.set_gallery(state.gallery)
        card_before = None if before is None else before.card
        if before is None or (card_before, before.caption) != (state.card, state.caption):
            self._view.set_query(state.card, state.caption)
        chosen_before = None if card_before is None else card_before.query
        if state.card is not None and (new_gallery or state.card.query != chosen_before):
            self._view.show_in_gallery(state.card.query.sample)
        if state.rows is not None and (before is None or state.rows != self._rows):
            self._rows = state.rows
            self._view.set_rows(state.rows)


def _is_same_gallery(before: Gallery | None, now: Gallery | None) -> bool:
    if before is None or now is None:
        return before is now
    return before.run == now.run and before.samples is now.samples
