"""What the Start page is for, above its fields."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget


class StartHeading(QWidget):
    """A heading and a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heading = QLabel("Watch an embedding form", self)
        heading.setProperty("heading", True)
        intro = QLabel(
            "Train a network on images and see live where it puts them, which synthetic points "
            "Symm mines, and what it retrieves.",
            self,
        )
        intro.setWordWrap(True)
        intro.setProperty("muted", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(intro)
