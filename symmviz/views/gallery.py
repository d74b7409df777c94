"""A grid of images to choose one from; thumbnails are asked for as they are scrolled to."""

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPixmapCache
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from symmcore.records import IndexArray
from symmviz.model.display import Gallery, PictureId
from symmviz.model.names import shown_name
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.views.images import picture_pixmap, placeholder
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import current_theme

_SIZE = 56
_OUTLINE = 3
_CELL = QSize(_SIZE + 8, _SIZE + 8)
_ANY_INDEX = QModelIndex | QPersistentModelIndex


class _GalleryModel(QAbstractListModel):
    """The rows of a gallery, all or those of one class."""

    def __init__(self, parent: QListView) -> None:
        super().__init__(parent)
        self._list = parent
        self.pictures: PictureSource = NoPictures()
        self._gallery: Gallery | None = None
        self._rows: IndexArray = np.empty(0, dtype=np.int64)

    def set_gallery(self, gallery: Gallery | None) -> None:
        self.beginResetModel()
        self._gallery = gallery
        self._rows = np.arange(0 if gallery is None else len(gallery.samples))
        self.endResetModel()

    def set_class(self, label: int | None) -> None:
        if self._gallery is None:
            return
        self.beginResetModel()
        if label is None:
            self._rows = np.arange(len(self._gallery.samples))
        else:
            self._rows = np.flatnonzero(self._gallery.labels == label)
        self.endResetModel()

    @property
    def run(self) -> str | None:
        return None if self._gallery is None else self._gallery.run

    def counts(self) -> tuple[int, int]:
        return len(self._rows), 0 if self._gallery is None else len(self._gallery.samples)

    def sample(self, row: int) -> int:
        assert self._gallery is not None, "there are rows"
        return int(self._gallery.samples[self._rows[row]])

    def row_of(self, sample: int) -> int | None:
        if self._gallery is None:
            return None
        rows = np.flatnonzero(self._gallery.samples[self._rows] == sample)
        return int(rows[0]) if len(rows) else None

    def rowCount(self, parent: _ANY_INDEX | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: _ANY_INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._gallery is None or not index.isValid():
            return None
        row = int(self._rows[index.row()])
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(int(self._gallery.samples[row]))
        if role == Qt.ItemDataRole.ToolTipRole:
            name = shown_name(self._gallery.class_names[int(self._gallery.labels[row])])
            return plain_tip(f"Test image {int(self._gallery.samples[row])}, class {name}")
        return None

    def _thumbnail(self, sample: int) -> QPixmap:
        assert self._gallery is not None, "there are rows"
        ratio = self._list.devicePixelRatioF()
        key = f"symmviz-{self._gallery.run}-{sample}-{ratio}"
        pixmap = QPixmap()
        if QPixmapCache.find(key, pixmap):
            return pixmap
        picture = PictureId(self._gallery.run, sample)
        made = picture_pixmap(self.pictures, picture, _SIZE, ratio)
        if made is None:
            return placeholder(_SIZE, ratio)
        QPixmapCache.insert(key, made)
        return made


class _OutlineDelegate(QStyledItemDelegate):
    """Draws a thumbnail, and an outline around the chosen one: a tint would change it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ANY_INDEX) -> None:
        """Draw one item."""
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        corner = area.center() - QPoint(_SIZE // 2 - 1, _SIZE // 2 - 1)
        painter.drawPixmap(corner, pixmap)
        colour = None
        if state & QStyle.StateFlag.State_Selected:
            colour = QColor(current_theme().accent)
        elif state & QStyle.StateFlag.State_MouseOver:
            colour = QColor(current_theme().muted)
        if colour is not None:
            painter.setPen(QPen(colour, _OUTLINE))
            painter.drawRect(QRect(corner, QSize(_SIZE, _SIZE)).adjusted(-2, -2, 1, 1))

    def sizeHint(self, option: QStyleOptionViewItem, index: _ANY_INDEX) -> QSize:
        """The thumbnail with room for its outline, or Qt would not erase that."""
        return _CELL


class GalleryView(QListView):
    """Shows test images; click, or move with the arrow keys, to choose one."""

    chosen = Signal(int)
    """An image was chosen: its position in the dataset."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images = _GalleryModel(self)
        self._marking = False
        self._chosen: int | None = None
        self.setModel(self._images)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(_SIZE, _SIZE))
        self.setGridSize(_CELL)
        self.setItemDelegate(_OutlineDelegate(self))
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(self._on_current)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take thumbnails from there."""
        self._images.pictures = pictures

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self.viewport().update()

    def set_gallery(self, gallery: Gallery | None) -> None:
        """Show other images, or none."""
        self._chosen = None
        self._images.set_gallery(gallery)

    def set_class(self, label: int | None) -> None:
        """Show only the images of one class, or all; the chosen one stays chosen."""
        self._images.set_class(label)
        self.scrollToTop()
        if self._chosen is not None:
            self.mark(self._chosen)

    @property
    def run(self) -> str | None:
        """Key of the run whose images are shown; None while there are none."""
        return self._images.run

    def counts(self) -> tuple[int, int]:
        """How many images are shown, of how many."""
        return self._images.counts()

    def choose(self, row: int) -> None:
        """Choose the image at a row, as a click does."""
        self.setCurrentIndex(self._images.index(row))

    def mark(self, sample: int) -> None:
        """Mark an image as chosen without announcing it; none where it is not shown."""
        self._chosen = sample
        row = self._images.row_of(sample)
        self._marking = True
        if row is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        else:
            self.setCurrentIndex(self._images.index(row))
        self._marking = False

    def _on_current(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid() and not self._marking:
            self._chosen = self._images.sample(current.row())
            self.chosen.emit(self._chosen)
