"""Pixmaps of dataset images."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

from symmcore.data.images.store import ImageArray

# Below this width an image is shown as its pixels; a smoothed digit is only a blur.
_SHOW_PIXELS_BELOW = 64


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
    smooth = max(width, height) >= _SHOW_PIXELS_BELOW
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
