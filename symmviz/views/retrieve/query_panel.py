"""The query: its picture, class and file, how it did over time, and ways to other queries."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.display import ImageCard, RankCurve
from symmviz.model.names import shown_name
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.model.retrieval.browse import MOST_NEIGHBOURS
from symmviz.model.retrieval.query import Query
from symmviz.views.retrieve.rank_curve import RankCurves
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.images import picture_pixmap, placeholder
from symmviz.views.widgets.note import Note
from symmviz.views.widgets.transport_button import Sign, TransportButton

_SMALL, _LARGE = 112, 176  # pixels of the picture
_LARGE_FROM = 480  # pixels of the page's height
_CURVES_FROM = 320


class QueryPanel(QWidget):
    """Shows the query large, or how to choose one."""

    back = Signal()
    """To the query before."""
    forward = Signal()
    """To the query after."""
    count_chosen = Signal(int)
    """How many neighbours are to be shown."""
    image_wanted = Signal()
    """The user wants to choose an image file to search with."""
    open_wanted = Signal(Path)
    """The file of the query is to be opened."""
    copy_wanted = Signal(Path)
    """The path of the query's file is to be copied."""
    menu_wanted = Signal(ImageCard, QPoint)
    """A right click on the picture; and where, on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: PictureSource = NoPictures()
        self._card: ImageCard | None = None
        self._waits = False
        self._size = _SMALL
        self._has_room = True
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._back = TransportButton(Sign.EARLIER, "Back to the query before (Alt+Left)", self)
        self._forward = TransportButton(Sign.LATER, "Forward again (Alt+Right)", self)
        self._name = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._caption = Note(self)
        self._count = QSpinBox(self)
        self._image = QPushButton("Search with image...", self)
        self._file = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideLeft)
        self._open = QPushButton("Open", self)
        self._copy = QPushButton("Copy", self)
        self.curves = RankCurves(self)
        self._prepare()
        self._lay_out()

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures

    def pictures_came(self) -> None:
        """Draw the picture if it is there by now."""
        if self._waits:
            self._show_picture()

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """Show a query, or how to choose one."""
        self._card = card
        name = "" if card is None else shown_name(card.class_name)
        is_query = card is not None and isinstance(card.query, Query)
        self._name.setText(f"Class {name}" if is_query else name)
        self._picture.setVisible(card is not None)
        self._caption.setText(caption)
        file = None if card is None else card.file
        self._file.setText("" if file is None else str(file))
        for one in (self._file, self._open, self._copy):
            one.setVisible(file is not None)
        self._show_picture()

    def set_history(self, *, back: bool, forward: bool) -> None:
        """Whether there are queries before and after."""
        self._back.setEnabled(back)
        self._forward.setEnabled(forward)

    def set_count(self, count: int) -> None:
        """Say how many neighbours are shown."""
        self._count.blockSignals(True)
        self._count.setValue(count)
        self._count.blockSignals(False)

    def set_curves(self, curves: tuple[RankCurve, ...], step: int | None) -> None:
        """Show how the query did over time."""
        self.curves.set_curves(curves, step)
        self._show_curves()

    def set_height(self, height: int) -> None:
        """Fit the picture to the height of the page."""
        self._has_room = height >= _CURVES_FROM
        self._show_curves()
        size = _LARGE if height >= _LARGE_FROM else _SMALL
        if size != self._size:
            self._size = size
            self._picture.setFixedSize(size, size)
            self._show_picture()

    def caption(self) -> str:
        """What is said of the query."""
        return self._caption.text()

    def file(self) -> str:
        """The path that is shown; empty for none."""
        return self._file.text()

    def fields(self) -> tuple[QWidget, ...]:
        """What the tab key reaches, in order."""
        return (self._back, self._forward, self._count, self._image, self._open, self._copy)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the picture anew on a screen of another density."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._show_picture()

    def _prepare(self) -> None:
        self._picture.setFixedSize(QSize(self._size, self._size))
        self._picture.customContextMenuRequested.connect(self._on_menu)
        self._back.clicked.connect(self.back)
        self._forward.clicked.connect(self.forward)
        self._name.setProperty("heading", True)
        self._caption.set_muted()
        self._count.setRange(1, MOST_NEIGHBOURS)
        self._count.setPrefix("K = ")
        self._count.setKeyboardTracking(False)
        self._count.setToolTip("How many neighbours each run shows, from 1 to 50.")
        self._count.setAccessibleName("Neighbours")
        self._count.valueChanged.connect(self.count_chosen)
        self._image.setToolTip(
            "Search with an image of your own: choose it here, drop it on the page, or paste it "
            "(Ctrl+V). The shown run's network embeds it."
        )
        self._image.clicked.connect(self.image_wanted)
        self._open.setToolTip("Open the image's file with the program for it.")
        self._open.clicked.connect(lambda: self._with_file(self.open_wanted.emit))
        self._copy.setToolTip("Copy the path of the image's file.")
        self._copy.clicked.connect(lambda: self._with_file(self.copy_wanted.emit))
        self._file.setProperty("muted", True)
        self.set_history(back=False, forward=False)
        self.set_query(None, "")
        self.curves.hide()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self._back)
        first.addWidget(self._forward)
        first.addSpacing(4)
        first.addWidget(self._name, 1)
        fields = FlowLayout()
        fields.addWidget(self._count)
        fields.addWidget(self._image)
        file = QHBoxLayout()
        file.addWidget(self._file, 1)
        file.addWidget(self._open)
        file.addWidget(self._copy)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(first)
        words.addWidget(self._caption)
        words.addLayout(fields)
        words.addLayout(file)
        words.addWidget(self.curves)
        words.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        layout.addSpacing(8)
        layout.addLayout(words, 1)

    def _show_picture(self) -> None:
        if self._card is None:
            self._waits = False
            return
        ratio = self.devicePixelRatioF()
        pixmap = picture_pixmap(self._pictures, self._card.picture, self._size, ratio)
        is_missing = pixmap is None and bool(self._pictures.missing_reason(self._card.picture.run))
        self._waits = pixmap is None and not is_missing
        self._picture.setHidden(is_missing)
        self._picture.setPixmap(placeholder(self._size, ratio) if pixmap is None else pixmap)

    def _show_curves(self) -> None:
        """Leave a low page to the neighbours."""
        has_lines = any(len(curve.steps) > 1 for curve in self.curves.curves)
        self.curves.setVisible(has_lines and self._has_room)

    def _with_file(self, then: Callable[[Path], object]) -> None:
        if self._card is not None and self._card.file is not None:
            then(self._card.file)

    def _on_menu(self, spot: QPoint) -> None:
        if self._card is not None:
            self.menu_wanted.emit(self._card, self._picture.mapToGlobal(spot))
