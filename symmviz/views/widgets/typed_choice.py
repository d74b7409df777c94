"""A drop-down list in which a value of one's own can be typed, too."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QComboBox, QCompleter, QWidget

_LIST_MARGIN = 16  # pixels beside a text of the list


class TypedChoice(QComboBox):
    """Choices with their titles, and one more for what was typed in last."""

    typed = Signal(str)
    """The user types: what the field says now."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._has_own = False
        edit = self.lineEdit()
        assert edit is not None, "it is editable"
        edit.editingFinished.connect(self._on_finished)
        edit.textEdited.connect(self.typed)

    def offer(self, values: Sequence[str]) -> None:
        """List those of these values that hold what is typed, to choose one of them."""
        completer = QCompleter(values, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        # It has written the value into the field by then.
        completer.activated.connect(self._take_offered, Qt.ConnectionType.QueuedConnection)
        popup = completer.popup()
        assert popup is not None, "it completes in a list of its own"
        bar = popup.verticalScrollBar().sizeHint().width()
        longest = max(map(popup.fontMetrics().horizontalAdvance, values), default=0)
        popup.setMinimumWidth(longest + bar + _LIST_MARGIN)
        edit = self.lineEdit()
        assert edit is not None, "it is editable"
        # Not the box's own, which takes a place in the list for one among the choices.
        edit.setCompleter(completer)

    def take_typed(self) -> None:
        """Choose what the field says by now."""
        self.choose(self.currentText().strip())

    def choose(self, text: str) -> None:
        """Choose by title or value; any other text becomes a value; nothing is no value."""
        at = self.findText(text, Qt.MatchFlag.MatchFixedString)
        at = self.findData(text) if at < 0 else at
        if at < 0 and text:
            self.blockSignals(True)
            if self._has_own:
                self.removeItem(self.count() - 1)
            self.addItem(text, text)
            self.blockSignals(False)
            self._has_own, at = True, self.count() - 1
        at = self.currentIndex() if at < 0 else at
        self.setCurrentIndex(at)
        self.setEditText(self.itemText(at))

    def _on_finished(self) -> None:
        """Take what was typed, unless the focus is only with the list of what may follow."""
        edit = self.lineEdit()
        completer = None if edit is None else edit.completer()
        popup = None if completer is None else completer.popup()
        if popup is None or QApplication.activePopupWidget() is not popup:
            self.take_typed()

    def _take_offered(self) -> None:
        self.take_typed()
        edit = self.lineEdit()
        if edit is not None:
            edit.home(False)  # a long name shows how it begins
