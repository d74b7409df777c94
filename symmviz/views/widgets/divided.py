"""A splitter that is remembered from launch to launch once the user has divided it."""

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QSplitter, QWidget


class Divided(QSplitter):
    """Divided as its page proposes until the user divides it, now or at an earlier launch.

    Args:
        name: what it is remembered by.
        orientation: whether its parts stand side by side, or one above the other.
        parent: its page.
    """

    def __init__(self, name: str, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self.setObjectName(name)
        self.setChildrenCollapsible(False)
        self._by_user = False
        self.splitterMoved.connect(self._on_moved)

    @property
    def by_user(self) -> bool:
        """Whether the user has divided it."""
        return self._by_user

    def restore(self, state: QByteArray) -> None:
        """Divide it as the user did at an earlier launch."""
        self._by_user = self.restoreState(state)

    def reset(self, sizes: list[int]) -> None:
        """Divide it so, as nobody had."""
        self._by_user = False
        self.setSizes(sizes)

    def _on_moved(self) -> None:
        self._by_user = True
