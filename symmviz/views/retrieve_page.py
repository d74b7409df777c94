"""The Retrieve page: test images to choose from, and what each run finds for one."""

from itertools import pairwise

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.display import Gallery, ImageCard, NeighbourRow
from symmviz.model.names import shown_name
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.model.retrieval import Query, Split
from symmviz.views.elided_label import ElidedLabel, elided
from symmviz.views.flow_layout import FlowLayout
from symmviz.views.gallery import GalleryView
from symmviz.views.image_tile import ImageTile
from symmviz.views.images import picture_pixmap, placeholder
from symmviz.views.note import Note
from symmviz.views.plain_tip import plain_tip

_QUERY_SIZE = 112
_GALLERY_WIDTH = 350  # pixels, at most until the user divides the page
_GALLERY_SHARE = 0.36
_ALL = -1
_BESIDE_NAME = 40  # pixels, for margins and a scroll bar
_WIDEST_NAME = 360  # pixels in the list of classes: the tooltip has the whole


class _RowWidget(QFrame):
    """One run's title, caption and neighbours."""

    chosen = Signal(Query, str)

    def __init__(self, pictures: PictureSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.setProperty("card", True)
        self._title = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._title.setProperty("title", True)
        self._caption = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._caption.setProperty("muted", True)
        self._tiles: list[ImageTile] = []
        self._across = FlowLayout(spacing=2, line_spacing=4, top=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.addWidget(self._title)
        layout.addWidget(self._caption)
        layout.addLayout(self._across)

    def show_row(self, row: NeighbourRow) -> None:
        """Show a run's neighbours, in the tiles there are where they suffice."""
        self._title.setText(shown_name(row.run.title))
        self._caption.setText(row.caption)
        while len(self._tiles) < len(row.cards):
            self._add_tile()
        for tile in self._tiles[len(row.cards) :]:
            tile.hide()
        for tile, card in zip(self._tiles, row.cards, strict=False):
            tile.show_card(card)
            tile.show()

    def forget(self) -> None:
        """What is shown next is of another dataset."""
        for tile in self._tiles:
            tile.forget()

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        for tile in self._tiles:
            tile.pictures_came()

    def buttons(self) -> list[QWidget]:
        """What the tab key reaches, in order."""
        return [tile.button for tile in self._tiles]

    def caption(self) -> str:
        """What is said of the run's search."""
        return self._caption.text()

    def tile(self, at: int) -> ImageTile:
        """The tile of the neighbour at this rank, from 0."""
        return self._tiles[at]

    def _add_tile(self) -> None:
        tile = ImageTile(self._pictures, self)
        tile.chosen.connect(self.chosen)
        self._across.addWidget(tile)
        self._tiles.append(tile)


class RetrievePage(QWidget):
    """See :class:`symmviz.presenters.retrieve.RetrieveView` for what it shows."""

    chosen = Signal(Query, str)
    """An image of the gallery, or a neighbour, was clicked; and the key of its run."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: PictureSource = NoPictures()
        self._card: ImageCard | None = None
        self._waits = False
        self._classes = QComboBox(self)
        self._classes.setToolTip("Show only the test images of one class.")
        # Names of classes may be of any length; they do not widen the gallery.
        self._classes.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._classes.setMinimumContentsLength(14)
        self._classes.currentIndexChanged.connect(self._on_class)
        self._count = QLabel(self)
        self._count.setProperty("muted", True)
        self._gallery = GalleryView(self)
        self._gallery.chosen.connect(self._on_gallery)
        self._picture = QLabel(self)
        self._picture.setFixedSize(_QUERY_SIZE, _QUERY_SIZE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._name.setProperty("heading", True)
        self._caption = Note(self)
        self._caption.set_muted()
        self._rows: list[_RowWidget] = []
        self._row_area = QVBoxLayout()
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._divided = False
        self._lay_out()
        self.setFocusProxy(self._gallery)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures
        self._gallery.set_pictures(pictures)

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self._gallery.pictures_came()
        for row in self._rows:
            row.pictures_came()
        if self._waits:
            self._show_picture()

    def set_gallery(self, gallery: Gallery | None) -> None:
        """See :class:`symmviz.presenters.retrieve.RetrieveView`."""
        self._gallery.set_gallery(gallery)
        for row in self._rows:
            row.forget()
        self._classes.blockSignals(True)
        self._classes.clear()
        self._classes.addItem("All classes", _ALL)
        for label, name in enumerate(() if gallery is None else gallery.class_names):
            if gallery is not None and (gallery.labels == label).any():
                self._add_class(shown_name(name), label)
        self._classes.blockSignals(False)
        metrics = self._classes.fontMetrics()
        items = map(self._classes.itemText, range(self._classes.count()))
        widest = max(map(metrics.horizontalAdvance, items))
        self._classes.view().setMinimumWidth(widest + _BESIDE_NAME)
        self._show_count()

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """See :class:`symmviz.presenters.retrieve.RetrieveView`."""
        self._card = card
        self._name.setText("" if card is None else f"Class {shown_name(card.class_name)}")
        self._name.setVisible(card is not None)
        self._picture.setVisible(card is not None)
        self._caption.setText(caption)
        self._show_picture()

    def set_rows(self, rows: tuple[NeighbourRow, ...]) -> None:
        """See :class:`symmviz.presenters.retrieve.RetrieveView`."""
        while len(self._rows) < len(rows):
            widget = _RowWidget(self._pictures, self)
            widget.chosen.connect(self.chosen)
            self._row_area.addWidget(widget)
            self._rows.append(widget)
        for widget in self._rows[len(rows) :]:
            widget.hide()
        for widget, row in zip(self._rows, rows, strict=False):
            widget.show_row(row)
            widget.show()
        self._order_tabs()

    def show_in_gallery(self, sample: int) -> None:
        """See :class:`symmviz.presenters.retrieve.RetrieveView`."""
        self._gallery.mark(sample)

    @property
    def gallery(self) -> GalleryView:
        """The grid of test images."""
        return self._gallery

    def row(self, run: int) -> _RowWidget:
        """A run's neighbours."""
        return self._rows[run]

    def row_count(self) -> int:
        """How many runs' neighbours are shown."""
        return sum(not row.isHidden() for row in self._rows)

    def query_caption(self) -> str:
        """What is said of the query."""
        return self._caption.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave most of the width to what is found, until the user divides it."""
        super().resizeEvent(event)
        if not self._divided:
            width = event.size().width()
            gallery = min(_GALLERY_WIDTH, round(width * _GALLERY_SHARE))
            self._splitter.setSizes([gallery, width - gallery])

    def changeEvent(self, event: QEvent) -> None:
        """Draw the picture anew on a screen of another density."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._show_picture()

    def _lay_out(self) -> None:
        head = FlowLayout()
        head.addWidget(self._classes)
        head.addWidget(self._count)
        left = QWidget(self)
        choose = QVBoxLayout(left)
        choose.setContentsMargins(0, 0, 0, 0)
        choose.addLayout(head)
        choose.addWidget(self._gallery, 1)
        query = QHBoxLayout()
        words = QVBoxLayout()
        words.addStretch(1)
        words.addWidget(self._name)
        words.addWidget(self._caption)
        words.addStretch(1)
        query.addWidget(self._picture)
        query.addSpacing(8)
        query.addLayout(words, 1)
        content = QWidget(self)
        found = QVBoxLayout(content)
        found.setContentsMargins(4, 0, 4, 0)
        found.addLayout(query)
        found.addLayout(self._row_area)
        found.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        self._splitter.addWidget(left)
        self._splitter.addWidget(scroll)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.splitterMoved.connect(self._on_divided)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.addWidget(self._splitter)

    def _add_class(self, name: str, label: int) -> None:
        line = elided(f"Class {name}", self._classes.fontMetrics(), _WIDEST_NAME)
        self._classes.addItem(line, label)
        tip = plain_tip(name)
        self._classes.setItemData(self._classes.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def _order_tabs(self) -> None:
        """Have the tab key go from the class to the images and on to what was found."""
        found = [button for row in self._rows for button in row.buttons()]
        for one, following in pairwise((self._classes, self._gallery, *found)):
            self.setTabOrder(one, following)

    def _on_gallery(self, sample: int) -> None:
        run = self._gallery.run
        if run is not None:
            self.chosen.emit(Query(sample, Split.TEST), run)

    def _on_divided(self) -> None:
        self._divided = True

    def _on_class(self) -> None:
        label = self._classes.currentData()
        self._gallery.set_class(None if label == _ALL else label)
        self._show_count()

    def _show_count(self) -> None:
        shown, total = self._gallery.counts()
        self._count.setText(f"{shown:,} of {total:,} test images")

    def _show_picture(self) -> None:
        if self._card is None:
            return
        ratio = self.devicePixelRatioF()
        pixmap = picture_pixmap(self._pictures, self._card.picture, _QUERY_SIZE, ratio)
        self._waits = pixmap is None
        self._picture.setPixmap(placeholder(_QUERY_SIZE, ratio) if pixmap is None else pixmap)
