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
        self._proposed: list[int] = []
        self._first = orientation
        self._kept: QByteArray | None = None  # how it was divided before it was turned
        self.splitterMoved.connect(self._on_moved)

    @property
    def by_user(self) -> bool:
        """Whether the user has divided it."""
        return self._by_user

    def propose(self, sizes: list[int]) -> None:
        """Divide it so as long as the user does not."""
        self._proposed = sizes
        self.setSizes(sizes)

    def restore(self, state: QByteArray) -> None:
        """Divide it as the user did at an earlier launch."""
        if self._kept is not None:
            self._kept, self._by_user = state, True
            return
        self._by_user = self.restoreState(state)
        self.setOrientation(self._first)  # a state has one too

    def reset(self, sizes: list[int]) -> None:
        """Divide it as it was proposed, else so, as nobody had."""
        self._by_user = False
        if self._kept is None:
            self.setSizes(self._proposed or sizes)
        else:
            self._kept = QByteArray()

    def turn(self, orientation: Qt.Orientation, sizes: list[int]) -> None:
        """Have its parts stand the other way, divided so, which is not remembered."""
        if self._kept is None:
            self._kept = super().saveState()
        self.setOrientation(orientation)
        self.setSizes(sizes)

    def turn_back(self) -> None:
        """Have its parts stand as at first, divided as they were then."""
        if self._kept is None:
            return
        kept, self._kept = self._kept, None
        self.setOrientation(self._first)
        if not self.restoreState(kept):
            self.setSizes(self._proposed)

    def saveState(self) -> QByteArray:
        """How the user has divided it, its parts standing as at first."""
        return super().saveState() if self._kept is None else self._kept

    def _on_moved(self) -> None:
        self._by_user = self._by_user or self._kept is None
