"""The cells of a gallery: which image each holds, and how it is drawn."""

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPixmapCache
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from symmcore.records import IndexArray
from symmviz.model.display import Gallery, PictureId
from symmviz.model.names import shown_name
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.model.retrieval.query import Split
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.images import draw_number, picture_pixmap
from symmviz.views.widgets.marks import draw_mark
from symmviz.views.widgets.plain_tip import plain_tip

_SIZE = 56
_OUTLINE = 3
CELL_SIDE = _SIZE + 8
"""Pixels of a cell, with room for the outline, or Qt would not erase that."""
_MARK = 16
AnyIndex = QModelIndex | QPersistentModelIndex
_NO_ROWS: IndexArray = np.empty(0, dtype=np.int64)


class GalleryModel(QAbstractTableModel):
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
        """Which of all images are listed, in order."""
        return _NO_ROWS if self.gallery is None else self.gallery.rows

    def set_gallery(self, gallery: Gallery | None) -> None:
        """List other images, or the same in another order."""
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
        """Put so many in a row; whether that is another number than before."""
        if across == self._across:
            return False
        self.beginResetModel()
        self._across = across
        self.endResetModel()
        return True

    def place(self, at: int) -> QModelIndex:
        """The cell of the image that is listed at a place, from 0."""
        return self.index(*divmod(at, self._across))

    def at(self, index: AnyIndex) -> int | None:
        """Which of the listed images a cell has; None for none."""
        at = index.row() * self._across + index.column()
        return at if index.isValid() and at < len(self.rows) else None

    def row(self, index: AnyIndex) -> int | None:
        """Which of all images a cell has; None for none."""
        at = self.at(index)
        return None if at is None else int(self.rows[at])

    def place_of(self, sample: int) -> int | None:
        """Where in the list an image stands; None where it does not."""
        if self.gallery is None:
            return None
        found = np.flatnonzero(self.gallery.samples[self.rows] == sample)
        return int(found[0]) if len(found) else None

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        """Rows that the images take."""
        if parent is not None and parent.isValid():
            return 0
        return -(-len(self.rows) // self._across)

    def columnCount(self, parent: AnyIndex | None = None) -> int:
        """Images in a row."""
        return 0 if parent is not None and parent.isValid() else self._across

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """What can be done with a cell: nothing behind the last image."""
        return Qt.ItemFlag.NoItemFlags if self.at(index) is None else super().flags(index)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What is said of an image; its picture is drawn by itself."""
        row = self.row(index)
        if self.gallery is None or row is None:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(image_words(self.gallery, row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return image_words(self.gallery, row)
        return None

    def failures(self, index: AnyIndex) -> tuple[int, int]:
        """In how many runs an image's nearest neighbour is of another class, and of how many."""
        row = self.row(index)
        if row is None or self.gallery is None:
            return 0, 0
        ranks = self.gallery.ranks
        return sum(int(one.ranks[row]) > 1 for one in ranks), len(ranks)

    @property
    def missing_reason(self) -> str:
        """Why there are no pictures, in a sentence; empty where there are or may be."""
        return "" if self.gallery is None else self.pictures.missing_reason(self.gallery.run)

    def sample(self, at: int) -> int:
        """The position in the dataset of the image that is listed at a place, from 0."""
        assert self.gallery is not None, "there are rows"
        return int(self.gallery.samples[self.rows[at]])

    def thumbnail(self, at: int) -> QPixmap | None:
        """The picture of the image that is listed at a place, from 0; None until it is made."""
        assert self.gallery is not None, "there are rows"
        sample, ratio = self.sample(at), self._view.devicePixelRatioF()
        key = f"symmviz-{self.gallery.run}-{sample}-{ratio}"
        pixmap = QPixmap()
        if QPixmapCache.find(key, pixmap):
            return pixmap
        picture = PictureId(self.gallery.run, sample)
        made = picture_pixmap(self.pictures, picture, _SIZE, ratio)
        if made is not None:
            QPixmapCache.insert(key, made)
        return made


class ThumbnailDelegate(QStyledItemDelegate):
    """Draws a thumbnail, and an outline around the chosen one: a tint would change it.

    Attributes:
        waiting: places in the list of images that were drawn without their picture.
    """

    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self.waiting: set[int] = set()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one item."""
        model = index.model()
        if not isinstance(model, GalleryModel) or (at := model.at(index)) is None:
            return
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        corner = area.center() - QPoint(_SIZE // 2 - 1, _SIZE // 2 - 1)
        frame = QRect(corner, QSize(_SIZE, _SIZE))
        pixmap = model.thumbnail(at)
        if pixmap is None and model.missing_reason:
            draw_number(painter, frame, model.sample(at))
        elif pixmap is None:
            painter.fillRect(frame, QColor(current_theme().border))
            self.waiting.add(at)
        else:
            inside = QRect(QPoint(0, 0), pixmap.deviceIndependentSize().toSize())
            inside.moveCenter(frame.center())
            painter.drawPixmap(inside.topLeft(), pixmap)
        failing, runs = model.failures(index)
        if failing:
            mark = QRect(frame.bottomRight() - QPoint(15, 15), QSize(_MARK, _MARK))
            draw_mark(painter, mark, whole=failing == runs)
        colour = None
        if state & QStyle.StateFlag.State_Selected:
            colour = QColor(current_theme().accent)
        elif state & QStyle.StateFlag.State_MouseOver:
            colour = QColor(current_theme().muted)
        if colour is not None:
            painter.setPen(QPen(colour, _OUTLINE))
            painter.drawRect(frame.adjusted(-2, -2, 1, 1))


def image_words(gallery: Gallery, row: int) -> str:
    """An image in words: which, of which class, how it does, and its file."""
    sample = int(gallery.samples[row])
    kind = "Test" if gallery.split is Split.TEST else "Training"
    name = shown_name(gallery.class_names[int(gallery.labels[row])])
    lines = [f"{kind} image {sample}, class {name}"]
    for one in gallery.ranks:
        rank = int(one.ranks[row])
        if not rank:
            lines.append("No other image of its class")
            break  # in no run
        where = f" in {shown_name(one.title)}" if len(gallery.ranks) > 1 else ""
        lines.append(f"First right at rank {rank:,}{where}")
    if row in gallery.hints:
        lines.append(gallery.hints[row])
    if gallery.files is not None and sample < len(gallery.files.names):
        lines.append(gallery.files.names[sample])
    return "\n".join(lines)
