"""A grid of images to choose one from; thumbnails are asked for as they are scrolled to."""

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from symmviz.model.display import Gallery, ImageCard, PictureId
from symmviz.model.pictures import PictureSource
from symmviz.model.retrieval.query import Query, Split
from symmviz.views.retrieve.gallery_cells import CELL_SIDE, GalleryModel, ThumbnailDelegate


class GalleryView(QTableView):
    """Shows images; click, or move with the arrow keys, to choose one."""

    chosen = Signal(Query, str)
    """An image was chosen; and the key of its run."""
    entered_row = Signal()
    """Enter was pressed: go on to what was found."""
    menu_wanted = Signal(ImageCard, QPoint)
    """A right click on an image; and where, on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images = GalleryModel(self)
        self._cells = ThumbnailDelegate(self)
        self._marking = False
        self._chosen: int | None = None
        self.setModel(self._images)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setShowGrid(False)
        self.setProperty("gallery", True)
        self.setTabKeyNavigation(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.hide()
            header.setMinimumSectionSize(1)
            header.setDefaultSectionSize(CELL_SIDE)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # or the number of images across would change with their number
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setItemDelegate(self._cells)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Images")
        self.setMinimumWidth(2 * CELL_SIDE)
        self.selectionModel().currentChanged.connect(self._on_current)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take thumbnails from there."""
        self._images.pictures = pictures

    def pictures_came(self) -> None:
        """Draw what is there by now, of what is seen."""
        if self._images.missing_reason and self._cells.waiting:
            self._cells.waiting.clear()  # none of them comes
            self.viewport().update()
        seen = self.viewport().rect()
        for at in tuple(self._cells.waiting):
            index = self._images.place(at)
            if not self.visualRect(index).intersects(seen):
                self._cells.waiting.discard(at)  # or it would be asked for again before all else
            elif self._images.thumbnail(at) is not None:
                self._cells.waiting.discard(at)
                self.update(index)

    def set_gallery(self, gallery: Gallery | None) -> None:
        """Show other images, or the same in another order; the chosen one stays chosen."""
        before, bar = self._images.gallery, self.verticalScrollBar()
        at = bar.value()
        same = before is not None and gallery is not None and before.samples is gallery.samples
        if not same:
            self._chosen = None
        self._cells.waiting.clear()
        self._marking = True
        self._images.set_gallery(gallery)
        self._marking = False
        bar.setValue(at if same else 0)
        self._mark_chosen()

    @property
    def split(self) -> Split | None:
        """Which images are listed; None where there are none yet."""
        gallery = self._images.gallery
        return None if gallery is None else gallery.split

    @property
    def missing_reason(self) -> str:
        """Why there are no pictures, in a sentence; empty where there are or may be."""
        return self._images.missing_reason

    def listed(self) -> list[int]:
        """Positions in the dataset of the images that are listed, in order."""
        gallery = self._images.gallery
        return [] if gallery is None else gallery.samples[gallery.rows].tolist()

    def counts(self) -> tuple[int, int]:
        """How many images are listed, of how many."""
        gallery = self._images.gallery
        return len(self._images.rows), 0 if gallery is None else len(gallery.samples)

    def place(self, at: int) -> QModelIndex:
        """The cell of the image that is listed at a place, from 0."""
        return self._images.place(at)

    def choose(self, at: int) -> None:
        """Choose the image that is listed at a place, as a click does."""
        self.setCurrentIndex(self._images.place(at))

    def first_failure(self) -> int | None:
        """Place of the first image whose nearest neighbour is wrong; 0 where all are right.

        None while it is not known how they do, and where none is listed.
        """
        gallery = self._images.gallery
        if gallery is None or not gallery.ranks or not len(gallery.rows):
            return None
        return int(np.argmax(gallery.ranks[0].ranks[gallery.rows] > 1))

    def mark(self, query: Query | None) -> None:
        """Mark an image as chosen without announcing it; none where it is not listed."""
        gallery = self._images.gallery
        fits = query is not None and gallery is not None and gallery.split is query.split
        self._chosen = query.sample if fits and query is not None else None
        self._mark_chosen(scroll=True)

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Where an arrow key leads: beyond the end of a line to the next one."""
        at = self._images.at(self.currentIndex())
        last = len(self._images.rows) - 1
        kinds = QAbstractItemView.CursorAction
        steps = {kinds.MoveLeft: -1, kinds.MovePrevious: -1, kinds.MoveRight: 1, kinds.MoveNext: 1}
        if action in steps and at is not None:
            return self._images.place(min(max(at + steps[action], 0), last))
        if action in (kinds.MoveHome, kinds.MoveEnd):
            return self._images.place(0 if action == kinds.MoveHome else max(last, 0))
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on to the neighbours with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_row.emit()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask what to do with an image."""
        gallery = self._images.gallery
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = self._images.row(index)
        if gallery is None or row is None:
            return
        sample = int(gallery.samples[row])
        file = None if gallery.files is None else gallery.files.path(sample)
        name = gallery.class_names[int(gallery.labels[row])]
        card = ImageCard(
            Query(sample, gallery.split), PictureId(gallery.run, sample), name, file=file
        )
        spot = self.visualRect(index).center() if by_key else event.pos()
        self.menu_wanted.emit(card, self.viewport().mapToGlobal(spot))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put as many images across as fit, evenly."""
        super().resizeEvent(event)
        width = event.size().width()
        across = max(1, width // CELL_SIDE)
        self.horizontalHeader().setDefaultSectionSize(max(width // across, CELL_SIDE))
        self._marking = True
        changed = self._images.set_across(across)
        self._marking = False
        if changed:
            self._mark_chosen(scroll=True)

    def _mark_chosen(self, *, scroll: bool = False) -> None:
        at = None if self._chosen is None else self._images.place_of(self._chosen)
        self._marking = True
        if at is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif scroll:
            self.setCurrentIndex(self._images.place(at))
        else:
            self.selectionModel().setCurrentIndex(
                self._images.place(at), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
        self._marking = False

    def _on_current(self, current: QModelIndex, _: QModelIndex) -> None:
        row, gallery = self._images.row(current), self._images.gallery
        if gallery is not None and row is not None and not self._marking:
            self._chosen = int(gallery.samples[row])
            self.chosen.emit(Query(self._chosen, gallery.split), gallery.run)
