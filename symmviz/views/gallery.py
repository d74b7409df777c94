"""A grid of images to choose one from; thumbnails are asked for as they are scrolled to."""

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPen,
    QPixmap,
    QPixmapCache,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from symmcore.records import IndexArray
from symmviz.model.display import Gallery, ImageCard, PictureId
from symmviz.model.names import shown_name
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.model.retrieval import Query, Split
from symmviz.views.images import picture_pixmap, placeholder
from symmviz.views.marks import draw_mark
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import current_theme

_SIZE = 56
_OUTLINE = 3
_SIDE = _SIZE + 8  # of a cell, with room for the outline, or Qt would not erase that
_MARK = 16
_ANY_INDEX = QModelIndex | QPersistentModelIndex
_NO_ROWS: IndexArray = np.empty(0, dtype=np.int64)


class _GalleryModel(QAbstractTableModel):
    """The images that a gallery lists, laid out in rows of as many as fit.

    A table, not a list: of 60,000 cells of one size it computes the place of none beforehand.
    """

    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self._view = parent
        self._across = 1
        self.pictures: PictureSource = NoPictures()
        self.gallery: Gallery | None = None

    @property
    def rows(self) -> IndexArray:
        return _NO_ROWS if self.gallery is None else self.gallery.rows

    def set_gallery(self, gallery: Gallery | None) -> None:
        before = len(self.rows)
        if gallery is not None and len(gallery.rows) == before:
            self.gallery = gallery
            if before:
                last = self.index(self.rowCount() - 1, self.columnCount() - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.gallery = gallery
        self.endResetModel()

    def set_across(self, across: int) -> bool:
        if across == self._across:
            return False
        self.beginResetModel()
        self._across = across
        self.endResetModel()
        return True

    def place(self, at: int) -> QModelIndex:
        """The cell of the image that is listed at a place, from 0."""
        return self.index(*divmod(at, self._across))

    def at(self, index: _ANY_INDEX) -> int | None:
        """Which of the listed images a cell has; None for none."""
        at = index.row() * self._across + index.column()
        return at if index.isValid() and at < len(self.rows) else None

    def row(self, index: _ANY_INDEX) -> int | None:
        at = self.at(index)
        return None if at is None else int(self.rows[at])

    def place_of(self, sample: int) -> int | None:
        if self.gallery is None:
            return None
        found = np.flatnonzero(self.gallery.samples[self.rows] == sample)
        return int(found[0]) if len(found) else None

    def rowCount(self, parent: _ANY_INDEX | None = None) -> int:
        if parent is not None and parent.isValid():
            return 0
        return -(-len(self.rows) // self._across)

    def columnCount(self, parent: _ANY_INDEX | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._across

    def flags(self, index: _ANY_INDEX) -> Qt.ItemFlag:
        return Qt.ItemFlag.NoItemFlags if self.at(index) is None else super().flags(index)

    def data(self, index: _ANY_INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row(index)
        if self.gallery is None or row is None:
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(int(self.gallery.samples[row]))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(_words(self.gallery, row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _words(self.gallery, row)
        return None

    def fails(self, index: _ANY_INDEX) -> bool:
        """Whether an image's nearest neighbour is known to be of another class."""
        row, ranks = self.row(index), None if self.gallery is None else self.gallery.ranks
        return row is not None and ranks is not None and int(ranks[row]) > 1

    def _thumbnail(self, sample: int) -> QPixmap:
        assert self.gallery is not None, "there are rows"
        ratio = self._view.devicePixelRatioF()
        key = f"symmviz-{self.gallery.run}-{sample}-{ratio}"
        pixmap = QPixmap()
        if QPixmapCache.find(key, pixmap):
            return pixmap
        picture = PictureId(self.gallery.run, sample)
        made = picture_pixmap(self.pictures, picture, _SIZE, ratio)
        if made is None:
            return placeholder(_SIZE, ratio)
        QPixmapCache.insert(key, made)
        return made


class _ThumbnailDelegate(QStyledItemDelegate):
    """Draws a thumbnail, and an outline around the chosen one: a tint would change it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ANY_INDEX) -> None:
        """Draw one item."""
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        if pixmap is None:
            return
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        corner = area.center() - QPoint(_SIZE // 2 - 1, _SIZE // 2 - 1)
        frame = QRect(corner, QSize(_SIZE, _SIZE))
        size = pixmap.deviceIndependentSize().toSize()
        inside = QRect(QPoint(0, 0), size)
        inside.moveCenter(frame.center())
        painter.drawPixmap(inside.topLeft(), pixmap)
        model = index.model()
        if isinstance(model, _GalleryModel) and model.fails(index):
            draw_mark(painter, QRect(frame.bottomRight() - QPoint(15, 15), QSize(_MARK, _MARK)))
        colour = None
        if state & QStyle.StateFlag.State_Selected:
            colour = QColor(current_theme().accent)
        elif state & QStyle.StateFlag.State_MouseOver:
            colour = QColor(current_theme().muted)
        if colour is not None:
            painter.setPen(QPen(colour, _OUTLINE))
            painter.drawRect(frame.adjusted(-2, -2, 1, 1))


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
        self._images = _GalleryModel(self)
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
            header.setDefaultSectionSize(_SIDE)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # or the number of images across would change with their number
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setItemDelegate(_ThumbnailDelegate(self))
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Images")
        self.setMinimumWidth(2 * _SIDE)
        self.selectionModel().currentChanged.connect(self._on_current)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take thumbnails from there."""
        self._images.pictures = pictures

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self.viewport().update()

    def set_gallery(self, gallery: Gallery | None) -> None:
        """Show other images, or the same in another order; the chosen one stays chosen."""
        before, bar = self._images.gallery, self.verticalScrollBar()
        at = bar.value()
        same = before is not None and gallery is not None and before.samples is gallery.samples
        if not same:
            self._chosen = None
        self._marking = True
        self._images.set_gallery(gallery)
        self._marking = False
        bar.setValue(at if same else 0)
        self._mark_chosen()

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

    def chosen_place(self) -> int | None:
        """Where in the list the chosen image stands; None where none does."""
        return self._images.at(self.currentIndex())

    def choose(self, at: int) -> None:
        """Choose the image that is listed at a place, as a click does."""
        self.setCurrentIndex(self._images.place(at))

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
        """Put as many images across as fit."""
        super().resizeEvent(event)
        self._marking = True
        changed = self._images.set_across(max(1, event.size().width() // _SIDE))
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


def _words(gallery: Gallery, row: int) -> str:
    """An image in words: which, of which class, how it does, and its file."""
    sample = int(gallery.samples[row])
    kind = "Test" if gallery.split is Split.TEST else "Training"
    name = shown_name(gallery.class_names[int(gallery.labels[row])])
    lines = [f"{kind} image {sample}, class {name}"]
    if gallery.ranks is not None:
        rank = int(gallery.ranks[row])
        lines.append(f"First right at rank {rank:,}" if rank else "No other image of its class")
    if row in gallery.hints:
        lines.append(gallery.hints[row])
    if gallery.files is not None and sample < len(gallery.files.names):
        lines.append(gallery.files.names[sample])
    return "\n".join(lines)
