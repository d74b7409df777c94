"""The start buttons and what there is to say of them, below what the Start page scrolls."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.note import Note

_WIDEST = 900  # pixels
_BUSY = "A training is running: stop it to start another."
_SEE_PRESET = "This preset cannot be trained on this dataset: see Preset."


class StartFooter(QFrame):
    """In sight however low the window is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("footer", True)
        self.start_button = QPushButton("Start", self)
        self.start_button.setToolTip("Train what is chosen above, and watch it.")
        self.start_button.setProperty("primary", True)
        self.start_button.setDefault(True)
        self.start_button.setMinimumWidth(120)
        self.compare_button = QPushButton(self)
        self.compare_button.setToolTip(
            "Trains both at once on the same initial weights, batches and augmentation, so "
            "that a difference between two curves is the loss and nothing else."
        )
        self._error = Note(self)
        self._error.set_error(True)
        self._error.hide()
        self._can_start = True
        self._problem = False
        self._busy = ElidedLabel(_BUSY, self)
        self._busy.setProperty("muted", True)
        self._busy.hide()
        buttons = FlowLayout()
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.compare_button)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 10, 24, 10)
        column.addWidget(self._error)
        column.addWidget(self._busy)
        column.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(centred(content, self))

    def set_compared(self, count: int) -> None:
        """Offer to start the comparison that was put together; of 0 runs, what is chosen."""
        self.start_button.setText(f"Compare these {count} runs" if count > 1 else "Start")
        self.compare_button.setVisible(count < 2)

    def set_can_start(self, can_start: bool) -> None:
        """Enable the two buttons, or say why not."""
        self._can_start = can_start
        self._show()

    def set_problem(self, text: str, *, beside_preset: bool) -> None:
        """Enable the two buttons, or say what cannot be trained, or where that is said."""
        if text or self._problem:  # another error stays
            self.set_error("" if beside_preset else text)
        self._problem = bool(text)
        self._show()

    def set_error(self, text: str) -> None:
        """Say what is wrong; empty for nothing."""
        self._error.setText(text)
        self._error.setVisible(bool(text))

    def _show(self) -> None:
        can_start = self._can_start and not self._problem
        self.start_button.setEnabled(can_start)
        self.compare_button.setEnabled(can_start)
        busy = "" if self._can_start else _BUSY
        self._busy.setText(busy or _SEE_PRESET)
        self._busy.setVisible(bool(busy) or (self._problem and not self._error.text()))

    def error(self) -> str:
        """What is said to be wrong."""
        return self._error.text()


def centred(content: QWidget, parent: QWidget) -> QWidget:
    """A widget with the content in its middle, no wider than a page is read."""
    content.setMaximumWidth(_WIDEST)
    content.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    outer = QWidget(parent)
    across = QHBoxLayout(outer)
    across.setContentsMargins(0, 0, 0, 0)
    across.addStretch(1)
    across.addWidget(content, 1000)  # as wide as it may be, then margins
    across.addStretch(1)
    return outer
