"""A line over each run's column that says what is wrong with the run, and what to try."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from symmviz.model.runs.findings import FindingLine
from symmviz.views.widgets.elided_label import ElidedLabel

_WARNING = "\u26a0"  # a sign, so that it is not told by colour alone
_ROOM_FOR_LABEL = 460  # pixels of a line from which the button says what it tries first


class _Cell(QWidget):
    """What is said of one run; as wide as its column, also where nothing is."""

    chosen = Signal(int)
    """The user wants to try this one of what is offered."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._line: FindingLine | None = None
        self.frame = QFrame(self)
        self.label = ElidedLabel(parent=self.frame, cut=Qt.TextElideMode.ElideRight)
        self.button = QToolButton(self.frame)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.button.setToolTip(
            "Opens the branch dialog with this setting, or offers to start anew where there is no "
            "checkpoint; nothing starts by itself. The arrow has more."
        )
        self.button.clicked.connect(lambda: self.chosen.emit(0))
        inner = QHBoxLayout(self.frame)
        inner.setContentsMargins(8, 2, 4, 2)
        inner.addWidget(self.label, 1)
        inner.addWidget(self.button)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.frame)

    def show_line(self, line: FindingLine | None) -> None:
        """Say this; None for nothing."""
        self._line = line
        self.frame.setVisible(line is not None)
        if line is None:
            return
        for widget, name, value in (
            (self.frame, "notice", line.alarming),
            (self.label, "muted", not line.alarming),
        ):
            widget.setProperty(name, value)
            widget.style().polish(widget)
        self.label.setText(f"{_WARNING} {line.sentence}" if line.alarming else line.sentence)
        menu = QMenu(self.button)
        for at, words in enumerate(line.tries):
            menu.addAction(f"Try {words}...").triggered.connect(partial(self.chosen.emit, at))
        before = self.button.menu()
        self.button.setMenu(menu)
        if before is not None:
            before.deleteLater()
        self.button.setVisible(bool(line.tries))
        self._name_button()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the room to the sentence where there is little."""
        super().resizeEvent(event)
        self._name_button()

    def _name_button(self) -> None:
        if self._line is not None and self._line.tries:
            wide = self.width() >= _ROOM_FOR_LABEL
            self.button.setText(f"Try {self._line.tries[0]}..." if wide else "Try...")


class FindingStrip(QWidget):
    """One line a column, side by side; hidden where there is nothing to say."""

    try_wanted = Signal(int, int)
    """The user wants to try a setting: the column, and which of those offered there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells: list[_Cell] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def set_findings(self, lines: tuple[FindingLine | None, ...]) -> None:
        """Say this of each column; None says nothing."""
        while len(self._cells) < len(lines):
            self._add_cell()
        for at, cell in enumerate(self._cells):
            cell.show_line(lines[at] if at < len(lines) else None)
            cell.setVisible(at < len(lines))
        self.setVisible(any(line is not None for line in lines))

    def text(self, run: int) -> str:
        """What is said of a run; empty for nothing."""
        cell = self._cells[run] if run < len(self._cells) else None
        return "" if cell is None or cell.frame.isHidden() else cell.label.text()

    def button(self, run: int) -> QToolButton:
        """The button of a run's line."""
        return self._cells[run].button

    def _add_cell(self) -> None:
        cell = _Cell(self)
        run = len(self._cells)
        cell.chosen.connect(lambda at: self.try_wanted.emit(run, at))
        self._cells.append(cell)
        self._layout.addWidget(cell, 1)
