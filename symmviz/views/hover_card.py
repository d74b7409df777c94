"""A small card beside the pointer: the image behind a point."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from symmviz.model.display import PictureId
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.views.elided_label import elided
from symmviz.views.images import picture_pixmap, placeholder

_SIZE = 72
_OFFSET = 14
_WIDEST = 320  # pixels of a line


class HoverCard(QFrame):
    """Shows an image and a caption; lets the pointer through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
        self._pictures: PictureSource = NoPictures()
        self._shown: PictureId | None = None
        self._waits = False
        self.setProperty("card", True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture = QLabel(self)
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 10, 8)
        layout.addWidget(self._picture)
        layout.addWidget(self._text)
        self.hide()

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures

    def pictures_came(self) -> None:
        """Show the picture if it is there by now."""
        if self._waits and self.isVisible():
            self._show_picture()

    def show_at(self, position: QPoint, picture: PictureId, text: str) -> None:
        """Show an image beside a position in the parent."""
        self._shown = picture
        self._show_picture()
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

    def _show_picture(self) -> None:
        if self._shown is None:
            return
        ratio = self.devicePixelRatioF()
        pixmap = picture_pixmap(self._pictures, self._shown, _SIZE, ratio)
        self._waits = pixmap is None
        self._picture.setPixmap(placeholder(_SIZE, ratio) if pixmap is None else pixmap)
