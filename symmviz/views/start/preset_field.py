"""The field of the preset: which one, whether its numbers were changed, and the way back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from symmcore.settings.presets import PRESETS, Preset, preset
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.note import Note


class PresetField(QWidget):
    """A list of presets; beside it, while numbers are others than its own, a button for these."""

    chosen = Signal()
    """The numbers of the preset are to be filled in: it was chosen, or they are wanted back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QComboBox(self)
        self.box.setAccessibleName("Preset")
        for at, entry in enumerate(PRESETS):
            self.box.addItem(entry.title, entry.name)
            self.box.setItemData(at, entry.description, Qt.ItemDataRole.ToolTipRole)
        self.box.currentIndexChanged.connect(self._on_chosen)
        self.reset_button = QPushButton(self)
        self.reset_button.clicked.connect(self.chosen)
        self.reset_button.hide()
        self._problem = Note(self)
        self._problem.set_error(True)
        self._problem.hide()
        row = FlowLayout()
        row.addWidget(self.box)
        row.addWidget(self.reset_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._problem)
        self._changed = False
        self.box.setToolTip(self.preset.description)

    @property
    def preset(self) -> Preset:
        """The one that is chosen."""
        return preset(self.box.currentData())

    def set_preset(self, name: str) -> None:
        """Choose one; nothing is chosen by a name that there is not."""
        at = self.box.findData(name)
        if at >= 0:
            self.box.setCurrentIndex(at)

    def set_changed(self, changed: bool) -> None:
        """Say whether numbers are others than the preset's."""
        if changed == self._changed:
            return
        self._changed = changed
        title = self.preset.title
        self.box.setItemText(self.box.currentIndex(), f"{title}, changed" if changed else title)
        self.reset_button.setText(f"Back to {title}")
        self.reset_button.setToolTip(f"Fill in the numbers of the preset {title} again.")
        self.reset_button.setVisible(changed)

    def set_problem(self, text: str) -> None:
        """Say below it why it cannot be trained with; empty for nothing."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))

    def problem(self) -> str:
        """What is said to be wrong with it."""
        return self._problem.text()

    def _on_chosen(self) -> None:
        self._changed = False
        for at, entry in enumerate(PRESETS):
            self.box.setItemText(at, entry.title)
        self.reset_button.hide()
        self.box.setToolTip(self.preset.description)
        self.chosen.emit()
