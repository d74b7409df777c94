"""How large the window opens, on whatever screen there is."""

from PySide6.QtCore import QByteArray, QMargins, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

PREFERRED = QSize(1280, 800)
# What a window manager draws around a window: known only once it is shown.
_FRAME = QMargins(8, 36, 8, 8)


def opening_area(available: QRect) -> QRect:
    """Where a new window opens: in the middle, and no larger than there is room.

    Args:
        available: the screen without its panels, in logical pixels.
    """
    area = QRect(available.topLeft(), PREFERRED)
    area.moveCenter(available.center())
    return fitted_area(area, available)


def fitted_area(wanted: QRect, available: QRect) -> QRect:
    """The area nearest to the wanted one that lies, with a frame, on the screen.

    Args:
        wanted: the window without its frame, in logical pixels.
        available: the screen without its panels, in logical pixels.
    """
    room = available.marginsRemoved(_FRAME)
    area = QRect(wanted.topLeft(), wanted.size().boundedTo(room.size()))
    area.moveLeft(min(max(area.left(), room.left()), room.right() + 1 - area.width()))
    area.moveTop(min(max(area.top(), room.top()), room.bottom() + 1 - area.height()))
    return area


def place_window(window: QWidget, remembered: QByteArray | None) -> None:
    """Put a window where it was the last time, if it fits there, before it is shown."""
    restored = remembered is not None and window.restoreGeometry(remembered)
    if restored and (window.isMaximized() or window.isFullScreen()):
        return
    screen = window.screen() if restored else QGuiApplication.primaryScreen()
    available = screen.availableGeometry()
    area = fitted_area(window.geometry(), available) if restored else opening_area(available)
    window.setGeometry(area)
