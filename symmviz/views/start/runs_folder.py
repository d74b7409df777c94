"""Where runs are kept, and a button to keep them elsewhere."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from symmviz.views.widgets.elided_label import ElidedLabel


class RunsFolder(QWidget):
    """Shows a folder."""

    chosen = Signal(Path)
    """The user wants runs kept there."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._name = ElidedLabel(parent=self)
        self.button = QPushButton("Change...", self)
        self.button.setToolTip("Choose the folder that new runs are kept in.")
        self.button.clicked.connect(self._on_change)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._name)
        row.addWidget(self.button)
        row.addStretch(1)
        self.set_folder(folder)

    @property
    def folder(self) -> Path:
        """Where runs are kept."""
        return self._folder

    def set_folder(self, folder: Path) -> None:
        """Name the folder."""
        self._folder = folder
        self._name.setText(str(folder))

    def _on_change(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Where to keep runs", str(self._folder))
        if chosen:
            self.chosen.emit(Path(chosen))
