"""Copies and saves the picture of a plot, by a right click on it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QMarginsF,
    QObject,
    QPoint,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPageSize,
    QPainter,
    QPdfWriter,
    QRegion,
)
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QMenu, QWidget

from symmviz.views.style.run_colours import draw_run_mark
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.save_dialog import PICTURE_FORMATS, ask_where_to_save

_LINE, _LAST, _BEFORE = 18, 4, 20  # pixels of a name: its height, below the last, before each
_LEAST_PIXELS = 2.0  # for each logical pixel: a picture is looked at larger than it was


class PictureMenu(QObject):
    """A menu of a plot's picture, which is that of the widget that it stands in.

    Args:
        target: what is in the picture.
        plot: where the menu is asked for.
        name: what the file is called by default.
        left_out: parts of the target that are controls.
        named: of each run whose lines are in the picture the place of its colour and symbol, and
            its name, which stand below.
    """

    save_wanted = Signal(Path, bytes)
    """This picture is to be written to a file."""

    def __init__(
        self,
        target: QWidget,
        plot: pg.PlotWidget,
        name: Callable[[], str],
        left_out: tuple[QWidget, ...] = (),
        named: Callable[[], Sequence[tuple[int, str]]] = tuple,
    ) -> None:
        super().__init__(target)
        self._target = target
        self._name = name
        self._left_out = left_out
        self._named = named
        plot.scene().sigMouseClicked.connect(self._on_clicked)
        copy = QAction("Copy picture", plot)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        plot.addAction(copy)
        self._actions = [copy]
        for text, then in (("Save picture...", self.ask_where_to_save),):
            action = QAction(text, plot)
            action.triggered.connect(then)
            plot.addAction(action)
            self._actions.append(action)

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self.image())

    def ask_where_to_save(self) -> None:
        """Ask for a file; its ending says the format."""
        path = ask_where_to_save(
            self._target, "Save picture", f"{self._name()}.png", PICTURE_FORMATS
        )
        if path is not None:
            self.save_wanted.emit(path, self.coded(path.suffix.lower()))

    def image(self) -> QImage:
        """The picture, at twice the pixels of a plain screen or more."""
        pixels = max(self._target.devicePixelRatioF(), _LEAST_PIXELS)
        size = self._size() * pixels
        image = QImage(size, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(pixels)
        painter = QPainter(image)
        try:
            self._paint(painter)
        finally:
            painter.end()
        return image

    def coded(self, ending: str) -> bytes:
        """The picture as a file of this ending: .png, .svg or .pdf."""
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        if ending == ".png":
            self.image().save(buffer, "PNG")  # type: ignore[call-overload]  # the stub is wrong
        else:
            size = self._size()
            device = _svg(buffer, size) if ending == ".svg" else _pdf(buffer, size)
            painter = QPainter(device)
            try:
                self._paint(painter)
            finally:
                painter.end()
        buffer.close()
        return bytes(content.data())

    def _paint(self, painter: QPainter) -> None:
        background = QColor(current_theme().raised)
        painter.fillRect(QRectF(QPoint(), self._size().toSizeF()), background)
        self._paint_names(painter)
        self._target.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
        for part in self._left_out:
            if part.isVisible():
                corner = part.mapTo(self._target, QPoint())
                painter.fillRect(QRectF(corner, part.size()), background)

    def _size(self) -> QSize:
        """Of the picture, in logical pixels."""
        names = len(self._named())
        return self._target.size() + QSize(0, names * _LINE + _LAST if names else 0)

    def _paint_names(self, painter: QPainter) -> None:
        """Write which run is which, one a line, below the plot."""
        font = self._target.font()
        metrics = QFontMetrics(font)
        width = self._target.width() - _BEFORE
        for at, (place, name) in enumerate(self._named()):
            middle = self._target.height() + (at + 0.5) * _LINE
            draw_run_mark(painter, place, QPointF(_BEFORE / 2, middle))
            painter.setFont(font)
            painter.setPen(QColor(current_theme().text))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)
            box = QRectF(_BEFORE, middle - _LINE / 2, width, _LINE)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.button() == Qt.MouseButton.RightButton:
            menu = QMenu(self._target)
            menu.addActions(self._actions)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(event.screenPos().toPoint())


def _svg(buffer: QBuffer, size: QSize) -> QSvgGenerator:
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    generator.setTitle("symmviz")
    return generator


def _pdf(buffer: QBuffer, size: QSize) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    writer.setCreator("symmviz")
    writer.setResolution(96)
    writer.setPageSize(QPageSize(size.toSizeF() * 0.75, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    return writer
