"""A small card beside the pointer: the image behind a point, or the two behind a synthetic one."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from symmviz.model.display import PictureId
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.views.widgets.elided_label import elided
from symmviz.views.widgets.images import picture_pixmap, placeholder

_SIZE, _SIZE_OF_TWO = 112, 84
_OFFSET = 14
_WIDEST = 320  # pixels of a line
_MOST = 2


class HoverCard(QFrame):
    """Shows images and a caption; lets the pointer through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self._pictures: PictureSource = NoPictures()
        self._shown: tuple[PictureId, ...] = ()
        self._waits = False
        self.setProperty("card", True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._images = tuple(QLabel(self) for _ in range(_MOST))
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        images = QHBoxLayout()
        images.setSpacing(6)
        for image in self._images:
            images.addWidget(image)
        images.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(images)
        layout.addWidget(self._text)
        self.hide()

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures

    def pictures_came(self) -> None:
        """Show the pictures if they are there by now."""
        if self._waits and self.isVisible():
            self._show_pictures()

    def show_at(self, position: QPoint, pictures: tuple[PictureId, ...], text: str) -> None:
        """Show one or two images beside a position in the parent."""
        self._shown = pictures[:_MOST]
        self._show_pictures()
        lines = (elided(line, self.fontMetrics(), _WIDEST) for line in text.splitlines())
        self._text.setText("\n".join(lines))
        self.adjustSize()
        area = self._area.rect()
        x, y = position.x() + _OFFSET, position.y() + _OFFSET
        if x + self.width() > area.right():
            x = position.x() - _OFFSET - self.width()
        if y + self.height() > area.bottom():
            y = position.y() - _OFFSET - self.height()
        self.move(max(0, x), max(0, y))
        self.raise_()
        self.show()

    def _show_pictures(self) -> None:
        ratio = self.devicePixelRatioF()
        size = _SIZE if len(self._shown) < _MOST else _SIZE_OF_TWO
        self._waits = False
        for at, label in enumerate(self._images):
            is_there = at < len(self._shown) and not self._pictures.missing_reason(
                self._shown[at].run
            )
            label.setVisible(is_there)
            if is_there:
                pixmap = picture_pixmap(self._pictures, self._shown[at], size, ratio)
                self._waits |= pixmap is None
                label.setPixmap(placeholder(size, ratio) if pixmap is None else pixmap)
