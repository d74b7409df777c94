"""Pictures as files: whatever can be painted, as PNG, SVG and PDF."""

from functools import cache
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageSize,
    QPainter,
    QPdfWriter,
)
from PySide6.QtSvg import QSvgGenerator

from symmcore.errors import InputError
from symmcore.export.tables import file_ending
from symmcore.palette import RUNS_ON_LIGHT
from symmviz.run_symbols import draw_symbol

BACKGROUND, TEXT, MUTED, BORDER = "#ffffff", "#1c1f24", "#5d6470", "#d5d8de"

_PIXELS = 2.0  # of a PNG, for each unit of a sheet
_UNITS_AN_INCH = 96
_FONT, _TITLE, _MARK = 13, 14, 10  # units


class Sheet(Protocol):
    """Something that can be painted at any size."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in units of a 96th of an inch."""

    def paint(self, painter: QPainter) -> None:
        """Paint all of it, from (0, 0) on; the background is there already."""


def write_sheet(sheet: Sheet, path: Path) -> None:
    """Write a picture as the file's ending says.

    Raises:
        OSError: if it cannot be written.
    """
    ensure_application()
    if file_ending(path) == ".svg":
        _write_svg(sheet, path)
    elif file_ending(path) == ".pdf":
        _write_pdf(sheet, path)
    elif not sheet_image(sheet, _PIXELS).save(str(path)):
        raise OSError(0, "the picture cannot be written")


def sheet_image(sheet: Sheet, pixels: float, size: tuple[int, int] | None = None) -> QImage:
    """A sheet as an image.

    Args:
        sheet: what is painted.
        pixels: for each unit.
        size: of the image in pixels, where it is not to be that of the sheet.
    """
    width, height = size or (round(sheet.size[0] * pixels), round(sheet.size[1] * pixels))
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(BACKGROUND))
    painter = QPainter(image)
    try:  # a device that is painted on may not go, which an interrupt would have it do
        painter.scale(pixels, pixels)
        _paint(sheet, painter)
    finally:
        painter.end()
    return image


@cache
def ensure_application() -> QGuiApplication | None:
    """Make what Qt's fonts need where there is none; no window and no screen is."""
    if QGuiApplication.instance() is not None:
        return None
    return QGuiApplication(["symmviz", "-platform", "offscreen"])


def draw_text(
    painter: QPainter,
    box: QRectF,
    text: str,
    colour: str = TEXT,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    size: float = _FONT,
    *,
    bold: bool = False,
) -> None:
    """Write one line of text in a box, cut where it is too long."""
    painter.setFont(font(size, bold=bold))
    painter.setPen(QColor(colour))
    fitting = QFontMetricsF(painter.font()).elidedText(
        text, Qt.TextElideMode.ElideRight, box.width()
    )
    painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, fitting)


def draw_run(painter: QPainter, box: QRectF, title: str, place: int) -> None:
    """Write the title of a run in a box, behind its symbol in its colour."""
    centre = QPointF(box.x() + _MARK / 2, box.center().y())
    draw_symbol(painter, place, centre, _MARK / 2, run_colour(place))
    draw_text(painter, box.adjusted(_MARK + 6, 0, 0, 0), title, bold=True, size=_TITLE)


def run_colour(place: int) -> QColor:
    """The colour of this place: see :func:`symmcore.palette.run_places`."""
    return QColor(RUNS_ON_LIGHT[place])


def font(size: float = _FONT, *, bold: bool = False) -> QFont:
    """The font of pictures; sizes are in units, the same on every device."""
    made = QFont()
    made.setPixelSize(max(1, round(size)))
    made.setBold(bold)
    return made


def text_width(text: str, size: float = _FONT) -> float:
    """How wide a text is, in units."""
    return QFontMetricsF(font(size)).horizontalAdvance(text)


def _write_svg(sheet: Sheet, path: Path) -> None:
    width, height = sheet.size
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(QSize(width, height))
    generator.setViewBox(QRectF(0, 0, width, height))
    generator.setTitle("symmviz")
    _paint_on(sheet, generator)


def _write_pdf(sheet: Sheet, path: Path) -> None:
    width, height = sheet.size
    writer = QPdfWriter(str(path))
    writer.setCreator("symmviz")
    writer.setResolution(_UNITS_AN_INCH)
    points = QSizeF(width * 72 / _UNITS_AN_INCH, height * 72 / _UNITS_AN_INCH)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    _paint_on(sheet, writer)


def _paint_on(sheet: Sheet, device: QSvgGenerator | QPdfWriter) -> None:
    painter = QPainter()
    if not painter.begin(device):
        raise OSError(0, "the picture cannot be written")
    try:
        painter.fillRect(QRectF(0, 0, *sheet.size), QColor(BACKGROUND))
        _paint(sheet, painter)
    finally:
        whole = painter.end()
    if not whole:
        raise OSError(0, "the picture cannot be written")


def _paint(sheet: Sheet, painter: QPainter) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    sheet.paint(painter)


def check_runs(count: int, most: int, what: str) -> None:
    """Check that so many runs fit a picture.

    Raises:
        InputError: if they are too many.
    """
    if count > most:
        raise InputError(f"{count} runs are too many for {what}: name at most {most}.")
