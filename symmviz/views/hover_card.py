"""A small card beside the pointer: the image behind a point."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from symmcore.data.images.store import ImageArray
from symmviz.views.elided_label import elided
from symmviz.views.images import image_pixmap

_SIZE = 72
_OFFSET = 14
_WIDEST = 320  # pixels of a line


class HoverCard(QFrame):
    """Shows an image and a caption; lets the pointer through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._area = parent
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

    def show_at(self, position: QPoint, image: ImageArray, text: str) -> None:
        """Show an image (H, W, C) uint8 beside a position in the parent."""
        self._picture.setPixmap(image_pixmap(image, _SIZE, self.devicePixelRatioF()))
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
