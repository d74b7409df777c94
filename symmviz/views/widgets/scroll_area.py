"""A page that scrolls where the window is too small for it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class SqueezedContent(QWidget):
    """The content of a page that is made smaller, down to its least height, before it scrolls.

    Qt scrolls what has a height for its width, such as lines that break, from the height on that
    it would like to have.
    """

    def heightForWidth(self, width: int) -> int:
        """Pixels below which there is a scroll bar."""
        layout = self.layout()
        return -1 if layout is None else layout.totalMinimumHeightForWidth(width)


def scrolling(content: QWidget, parent: QWidget) -> QScrollArea:
    """A frameless scroll area that its content fills, and that the tab key passes by."""
    made = QScrollArea(parent)
    made.setFrameShape(QFrame.Shape.NoFrame)
    made.setWidgetResizable(True)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setWidget(content)
    return made


def reveal(area: QScrollArea, *widgets: QWidget) -> None:
    """Scroll as little as it takes to see these; the last, where there is no room for all."""
    for widget in widgets:
        area.ensureWidgetVisible(widget, 0, 0)
