"""Chooses what projects the points."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.projection.methods import METHODS, is_installed, what_to_install


class MethodBox(QComboBox):
    """The methods there are; one whose library is missing or broken says what it needs."""

    chosen = Signal(str)
    """The user chose the method of this name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(
            "What projects the embeddings to the plane. It can be changed at any time, also for "
            "frames that are over."
        )
        for at, info in enumerate(METHODS):
            self.addItem(info.label, info.name)
            self.setItemData(at, info.about, Qt.ItemDataRole.ToolTipRole)
        self.set_unusable(
            {info.name: what_to_install(info) for info in METHODS if not is_installed(info)}
        )
        self.setAccessibleName("Projection")
        self.activated.connect(lambda at: self.chosen.emit(self.itemData(at)))

    def set_unusable(self, remedies: Mapping[str, str]) -> None:
        """Say in the entries of these methods, by name, what they need; they cannot be chosen."""
        items = self.model()
        assert isinstance(items, QStandardItemModel), "it is what a combo box has"
        for method, remedy in remedies.items():
            at = self.findData(method)
            self.setItemText(at, remedy)
            self.setItemData(at, remedy, Qt.ItemDataRole.ToolTipRole)
            items.item(at).setEnabled(False)

    def set_method(self, method: str) -> None:
        """Show which one it is."""
        self.setCurrentIndex(self.findData(method))
