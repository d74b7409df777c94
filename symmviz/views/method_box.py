"""Chooses what projects the points."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.projection.methods import METHODS, is_installed, what_to_install


class MethodBox(QComboBox):
    """The methods there are; one whose library is missing says what to install."""

    chosen = Signal(str)
    """The user chose the method of this name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(
            "What projects the embeddings to the plane. It can be changed at any time, also for "
            "frames that are over."
        )
        items = self.model()
        assert isinstance(items, QStandardItemModel), "it is what a combo box has"
        for at, info in enumerate(METHODS):
            self.addItem(info.label, info.name)
            self.setItemData(at, info.about, Qt.ItemDataRole.ToolTipRole)
            if not is_installed(info):
                self.setItemText(at, what_to_install(info))
                items.item(at).setEnabled(False)
        self.setAccessibleName("Projection")
        self.activated.connect(lambda at: self.chosen.emit(self.itemData(at)))

    def set_method(self, method: str) -> None:
        """Show which one it is."""
        self.setCurrentIndex(self.findData(method))
