"""A picture of what is painted over a map, made anew only where it differs."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget


class KeptPicture:
    """Paints from a picture: text and smooth lines take twenty times as long to paint."""

    def __init__(self) -> None:
        self._picture = QPixmap()
        self._source: tuple[object, ...] = ()

    def paint(
        self,
        painter: QPainter,
        size: tuple[int, int],
        ratio: float,
        source: tuple[object, ...],
        draw: Callable[[QPainter], None],
    ) -> None:
        """Paint what is drawn, onto a widget from the picture of it.

        Onto anything else, such as a picture that is exported at whatever size, it is drawn.

        Args:
            painter: onto the whole of a map.
            size: of the map, in device pixels.
            ratio: device pixels to a logical pixel.
            source: differs wherever what is drawn does.
            draw: draws it.
        """
        if not isinstance(painter.device(), QWidget):
            draw(painter)
            return
        if source != self._source:
            picture = QPixmap(*size)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            onto = QPainter(picture)
            onto.setRenderHints(painter.renderHints())
            onto.setFont(painter.font())
            draw(onto)
            onto.end()
            self._picture, self._source = picture, source
        painter.drawPixmap(0, 0, self._picture)
