"""A page whose content is made once it is turned to."""

from collections.abc import Callable

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget


class LatePage(QWidget):
    """Holds what ``make`` makes when it is first shown, so that no launch waits for it."""

    def __init__(self, make: Callable[[QWidget], QWidget], parent: QWidget) -> None:
        super().__init__(parent)
        self._make = make
        self._content: QWidget | None = None

    @property
    def content(self) -> QWidget:
        """What it holds, made now if it is not there."""
        if self._content is None:
            self._content = self._make(self)
            layout = QVBoxLayout(self)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self._content)
            self.setFocusProxy(self._content)
            self._content.show()  # a layout would show it only later
        return self._content

    def showEvent(self, event: QShowEvent) -> None:
        """Make the content."""
        _ = self.content
        super().showEvent(event)


def learn_page(parent: QWidget) -> QWidget:
    """The Learn page, whose modules are imported now."""
    from symmviz.views.learn_page import LearnPage

    return LearnPage(parent)
