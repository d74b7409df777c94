"""The card that says what a training came to; above the maps, not on them."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QWidget

from symmviz.model.results import Outcome
from symmviz.views.note import Note

_ACROSS = 2  # buttons in a line


class ResultCard(QFrame):
    """Shown from a training's end until it is dismissed, or another begins."""

    retrieve_wanted = Signal()
    """The user wants to see what is retrieved."""
    results_wanted = Signal()
    """The user wants the table of results."""
    folder_wanted = Signal()
    """The user wants the run's folder."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", True)
        self.setAccessibleName("Result of the training")
        self._has_place = False
        self._outcome: Outcome | None = None
        self._text = Note(self)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        actions: tuple[tuple[str, str, Callable[[], None]], ...] = (
            (
                "Open in Retrieve",
                "What the trained network finds, image by image.",
                self.retrieve_wanted.emit,
            ),
            ("All results", "The table of the runs that are shown.", self.results_wanted.emit),
            ("Open folder", "Where the run was recorded.", self.folder_wanted.emit),
            ("Dismiss", "Take this away; the Results page has it all.", self.dismiss),
        )
        for at, (text, tip, then) in enumerate(actions):
            button = QPushButton(text, self)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, then=then: then())
            buttons.addWidget(button, *divmod(at, _ACROSS))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(12)
        row.addWidget(self._text, 1)
        row.addLayout(buttons)
        self.hide()

    def set_outcome(self, outcome: Outcome | None) -> None:
        """Say what a training came to; None takes the card away."""
        self._outcome = outcome
        if outcome is not None:
            self._text.setText("\n".join((outcome.meaning, *outcome.lines)))
        self._show()

    def set_has_place(self, has_place: bool) -> None:
        """Say whether the page that is shown has a place for it."""
        self._has_place = has_place
        self._show()

    def text(self) -> str:
        """What the card says; empty where it says nothing."""
        return "" if self._outcome is None else self._text.text()

    def dismiss(self) -> None:
        """Take it away until another training ends."""
        self.set_outcome(None)

    def _show(self) -> None:
        self.setVisible(self._has_place and self._outcome is not None)
