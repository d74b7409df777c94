"""The card that says what a training came to; above the maps, not on them."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QToolButton, QWidget

from symmviz.model.results import Outcome
from symmviz.views.watch.outcome_table import OutcomeTable
from symmviz.views.widgets.note import Note

_WIDTH_FOR_TWO = 1100  # pixels from which the table stands beside the sentence
_WIDTH_FOR_TABLE = 760  # from which there is a place for the table at all
_HEIGHT_FOR_TABLE = 500  # of the window


class ResultCard(QFrame):
    """Shown from a training's end until it is dismissed, or another begins."""

    retrieve_wanted = Signal()
    """The user wants to see what is retrieved, failures first."""
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
        self.table = OutcomeTable(self)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(6)
        actions: tuple[tuple[str, str, Callable[[], None]], ...] = (
            (
                "Open in Retrieve",
                "What the trained network finds, image by image, failures first.",
                self.retrieve_wanted.emit,
            ),
            ("All results", "The table of the runs that are shown.", self.results_wanted.emit),
            ("Open folder", "Where the run was recorded.", self.folder_wanted.emit),
        )
        for text, tip, then in actions:
            button = QPushButton(text, self)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, then=then: then())
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)
        self.dismiss_button = QToolButton(self)
        self.dismiss_button.setText("\N{MULTIPLICATION X}")
        self.dismiss_button.setAutoRaise(True)
        self.dismiss_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.dismiss_button.setAccessibleName("Dismiss the result")
        self.dismiss_button.setToolTip("Take this away; the Results page has it all.")
        self.dismiss_button.clicked.connect(self.dismiss)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 6, 8, 6)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 1)
        self._is_wide: bool | None = None
        self._place(is_wide=True)
        self.hide()

    def set_outcome(self, outcome: Outcome | None) -> None:
        """Say what a training came to; None takes the card away."""
        self._outcome = outcome
        if outcome is not None:
            self._text.setText(" ".join(filter(None, (outcome.meaning, outcome.caution))))
            self.table.show_outcome(outcome)
        self._show()

    def set_has_place(self, has_place: bool) -> None:
        """Say whether the page that is shown has a place for it."""
        self._has_place = has_place
        self._show()

    def text(self) -> str:
        """The sentence; empty where it says nothing."""
        return "" if self._outcome is None else self._text.text()

    def dismiss(self) -> None:
        """Take it away until another training ends."""
        self.set_outcome(None)

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the window's size from now on."""
        super().showEvent(event)
        self.window().removeEventFilter(self)
        self.window().installEventFilter(self)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Be laid out anew with the window."""
        if event.type() is QEvent.Type.Resize:
            self._arrange()
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        """Put the table where there is room; a small window leaves it to the Results page."""
        window = self.window().size()
        self._place(is_wide=window.width() >= _WIDTH_FOR_TWO)
        self.table.setVisible(
            window.width() >= _WIDTH_FOR_TABLE and window.height() >= _HEIGHT_FOR_TABLE
        )

    def _place(self, *, is_wide: bool) -> None:
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        grid, middle = self._grid, Qt.AlignmentFlag.AlignVCenter
        for part in (self._text, self.table, self.dismiss_button):
            grid.removeWidget(part)
        grid.removeItem(self._buttons)
        grid.addWidget(self.dismiss_button, 0, 2, Qt.AlignmentFlag.AlignTop)
        if is_wide:
            grid.addWidget(self._text, 0, 0)
            grid.addLayout(self._buttons, 1, 0)
            grid.addWidget(self.table, 0, 1, 2, 1, middle)
        else:
            grid.addWidget(self._text, 0, 0, 1, 2)
            grid.addWidget(self.table, 1, 0, middle)
            grid.addLayout(self._buttons, 1, 1)

    def _show(self) -> None:
        self.setVisible(self._has_place and self._outcome is not None)
