"""The Retrieve page: images to choose from, and what each run finds for one."""

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.display import ImageCard, NeighbourRow, RankCurve
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.model.resolve import ListingState
from symmviz.model.retrieval.query import Query
from symmviz.views.retrieve.gallery import GalleryView
from symmviz.views.retrieve.listing_panel import ListingPanel
from symmviz.views.retrieve.neighbour_row import NeighbourRowWidget
from symmviz.views.retrieve.query_panel import QueryPanel
from symmviz.views.widgets.divided import Divided
from symmviz.views.widgets.scroll_area import scrolling

_GALLERY_WIDTH = 350  # pixels, at most until the user divides the page
_GALLERY_SHARE = 0.36
_YOURS = "Your images"


class RetrievePage(QWidget):
    """Images to choose a query from, and what each run finds for it."""

    chosen = Signal(object, str)
    """An image was clicked: a query or an upload; and the key of its run."""
    map_wanted = Signal(object, str)
    """An image is to be seen in the map; and the key of its run."""
    open_wanted = Signal(Path)
    """An image's file is to be opened."""
    copy_wanted = Signal(Path)
    """The path of an image's file is to be copied."""
    files_dropped = Signal(list)
    """Image files were dropped or pasted: their paths."""
    image_pasted = Signal(QImage)
    """An image was dropped or pasted that is no file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: PictureSource = NoPictures()
        self.listing = ListingPanel(self)
        self.query = QueryPanel(self)
        self._uploads = NeighbourRowWidget(self._pictures, self)
        self._rows: list[NeighbourRowWidget] = []
        self._row_area = QVBoxLayout()
        self._splitter = Divided("retrieve", Qt.Orientation.Horizontal, self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.setFocusProxy(self.gallery)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures
        self.listing.set_pictures(pictures)
        self.query.set_pictures(pictures)
        self._uploads.set_pictures(pictures)

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self.listing.pictures_came()
        self.query.pictures_came()
        for row in (self._uploads, *self._rows):
            row.pictures_came()

    def set_listing(self, state: ListingState) -> None:
        """Show the images or classes to choose from, or that there are none yet."""
        self.listing.set_listing(state)
        self.query.set_count(state.browse.neighbours)

    def forget_pictures(self) -> None:
        """Forget pictures that are waited for: what is shown next is of other images."""
        for row in self._rows:
            row.forget()

    def set_progress(self, text: str, *, can_rank: bool) -> None:
        """Say how far ranking all queries is, and offer to begin again where it was given up."""
        self.listing.set_progress(text, can_rank=can_rank)

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """Show the chosen image, or how to choose one."""
        self.query.set_query(card, caption)

    def set_curves(self, curves: tuple[RankCurve, ...], step: int | None) -> None:
        """Show how the query did over time, and where the time cursor is."""
        self.query.set_curves(curves, step)

    def set_uploads(self, cards: tuple[ImageCard, ...]) -> None:
        """Show the images from elsewhere."""
        self._uploads.show_cards(_YOURS, cards)
        self._uploads.setVisible(len(cards) > 1)

    def set_history(self, *, back: bool, forward: bool) -> None:
        """Whether there are queries before and after."""
        self.query.set_history(back=back, forward=forward)

    def set_rows(self, rows: tuple[NeighbourRow, ...]) -> None:
        """Show what the runs find."""
        buttons = sum(len(row.buttons()) for row in self._rows)
        while len(self._rows) < len(rows):
            self._add_row()
        for widget in self._rows[len(rows) :]:
            widget.hide()
        for widget, row in zip(self._rows, rows, strict=False):
            widget.show_row(row)
            widget.show()
        if sum(len(row.buttons()) for row in self._rows) != buttons:
            self._order_tabs()

    def show_in_gallery(self, query: Query | None) -> None:
        """Mark an image as chosen and scroll to it; none if it is not in the gallery."""
        self.gallery.mark(query)

    @property
    def gallery(self) -> GalleryView:
        """The grid of images."""
        return self.listing.gallery

    def row(self, run: int) -> NeighbourRowWidget:
        """A run's neighbours."""
        return self._rows[run]

    def row_count(self) -> int:
        """How many runs' neighbours are shown."""
        return sum(not row.isHidden() for row in self._rows)

    def uploads(self) -> NeighbourRowWidget:
        """The user's own images."""
        return self._uploads

    def accept_images(self, data: QMimeData) -> bool:
        """Take images that were dropped or pasted; whether there was one."""
        files = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if files:
            self.files_dropped.emit(files)
            return True
        image = data.imageData() if data.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            self.image_pasted.emit(image)
            return True
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images and their files."""
        data = event.mimeData()
        if data.hasImage() or any(url.isLocalFile() for url in data.urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Search with what was dropped."""
        if self.accept_images(event.mimeData()):
            event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave most of the width to what is found, until the user divides it."""
        super().resizeEvent(event)
        self.query.set_height(event.size().height())
        if not self._splitter.by_user:
            width = event.size().width()
            gallery = min(_GALLERY_WIDTH, round(width * _GALLERY_SHARE))
            self._splitter.setSizes([gallery, width - gallery])

    def image_menu(self, card: ImageCard) -> QMenu:
        """What can be done with an image."""
        menu = QMenu(self)
        run, file = card.picture.run, card.file
        menu.addAction("Search with this image", lambda: self.chosen.emit(card.query, run))
        shown = menu.addAction("Show in the map", lambda: self.map_wanted.emit(card.query, run))
        shown.setEnabled(isinstance(card.query, Query))
        menu.addSeparator()
        opened = menu.addAction("Open the file", lambda: self.open_wanted.emit(file))
        copied = menu.addAction("Copy its path", lambda: self.copy_wanted.emit(file))
        for action in (opened, copied):
            action.setEnabled(file is not None)
        return menu

    def _lay_out(self) -> None:
        content = QWidget(self)
        found = QVBoxLayout(content)
        found.setContentsMargins(4, 0, 4, 0)
        found.addWidget(self.query)
        found.addWidget(self._uploads)
        found.addLayout(self._row_area)
        found.addStretch(1)
        self._uploads.hide()
        scroll = scrolling(content, self)
        self._scroll = scroll
        self._splitter.addWidget(self.listing)
        self._splitter.addWidget(scroll)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.addWidget(self._splitter)

    def _connect(self) -> None:
        self.gallery.chosen.connect(self.chosen)
        self.gallery.entered_row.connect(lambda: self._focus_row(0, 0))
        self.query.open_wanted.connect(self.open_wanted)
        self.query.copy_wanted.connect(self.copy_wanted)
        self._uploads.chosen.connect(self.chosen)
        for part in (self.gallery, self.query, self._uploads):
            part.menu_wanted.connect(self._show_menu)

    def _add_row(self) -> None:
        widget = NeighbourRowWidget(self._pictures, self)
        run = len(self._rows)
        widget.chosen.connect(self.chosen)
        widget.menu_wanted.connect(self._show_menu)
        widget.moved.connect(lambda at, down: self._focus_row(run + down, at))
        self._row_area.addWidget(widget)
        self._rows.append(widget)

    def _focus_row(self, run: int, at: int) -> None:
        """Give the keyboard to a neighbour; above the first run, to the gallery."""
        if run < 0:
            self.gallery.setFocus(Qt.FocusReason.TabFocusReason)
        elif run < len(self._rows) and not self._rows[run].isHidden():
            self._rows[run].focus_tile(at)

    def _show_menu(self, card: ImageCard, spot: QPoint) -> None:
        menu = self.image_menu(card)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(spot)

    def _order_tabs(self) -> None:
        """Have the tab key go from the fields to the images and on to what was found."""
        found = [button for row in self._rows for button in row.buttons()]
        listing = (*self.listing.focus_fields(), self.gallery)
        for one, following in pairwise((*listing, *found, *self.query.fields())):
            self.setTabOrder(one, following)
