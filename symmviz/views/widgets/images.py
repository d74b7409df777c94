"""Pixmaps of dataset images, and what stands for one that is not there yet."""

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from symmcore.data.images.store import ImageArray
from symmviz.model.display import PictureId
from symmviz.model.pictures import SHOW_PIXELS_BELOW, PictureSource
from symmviz.views.style.theme import current_theme


def image_pixmap(image: ImageArray, size: int, ratio: float) -> QPixmap:
    """Scale an image (H, W, C) uint8, C 1 or 3, to fit a square.

    Args:
        image: the image.
        size: side of the square in logical pixels.
        ratio: device pixels to a logical pixel.
    """
    height, width, channels = image.shape
    pixels = np.ascontiguousarray(image)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    picture = QImage(pixels.data, width, height, width * channels, kind)
    smooth = max(width, height) >= SHOW_PIXELS_BELOW
    side = round(size * ratio)
    scaled = picture.scaled(
        side,
        side,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation
        if smooth
        else Qt.TransformationMode.FastTransformation,
    )
    pixmap = QPixmap.fromImage(scaled)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def picture_pixmap(
    source: PictureSource, picture: PictureId, size: int, ratio: float
) -> QPixmap | None:
    """A picture that is there, to fit a square of ``size`` logical pixels; None until it is."""
    image = source.picture(picture, round(size * ratio))
    return None if image is None else image_pixmap(image, size, ratio)


def numbered(sample: int, size: int, ratio: float) -> QPixmap:
    """What stands for an image of a run that has no images: its number in an outline."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_number(painter, QRect(0, 0, size, size), sample)
    painter.end()
    return pixmap


def draw_number(painter: QPainter, area: QRect, sample: int) -> None:
    """Draw the number of an image that cannot be drawn, in an outline."""
    theme = current_theme()
    painter.setPen(QColor(theme.border))
    painter.drawRect(area.adjusted(0, 0, -1, -1))
    painter.setPen(QColor(theme.muted))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, str(sample))


def placeholder(size: int, ratio: float) -> QPixmap:
    """What is drawn in place of a picture that is being made."""
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(current_theme().border))
    return pixmap
