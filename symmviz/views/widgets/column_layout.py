"""A layout of columns of one width, in a second row where one row would make them too narrow."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayoutItem, QWidget

from symmviz.views.widgets.item_layout import ItemLayout


class ColumnLayout(ItemLayout):
    """Puts widgets side by side as long as each has its least width, else in rows of as many."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, spacing=6)
        self._rows = 1

    def expandingDirections(self) -> Qt.Orientation:
        """It takes whatever room there is."""
        return Qt.Orientation.Horizontal | Qt.Orientation.Vertical

    def sizeHint(self) -> QSize:
        """What all ask for, in one row."""
        hints = [item.sizeHint() for item in self._shown()]
        wide = sum(hint.width() for hint in hints) + self.spacing() * max(len(hints) - 1, 0)
        return QSize(wide, max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        """One column, as high as its rows are at the width that there is."""
        least = self._least()
        between = self.spacing() * (self._rows - 1)
        return QSize(least.width(), self._rows * least.height() + between)

    def setGeometry(self, area: QRect) -> None:
        """Place all widgets."""
        super().setGeometry(area)
        shown, gap = self._shown(), self.spacing()
        if not shown:
            return
        fit = max(1, (area.width() + gap) // (max(self._least().width(), 1) + gap))
        rows = -(-len(shown) // fit)
        if rows != self._rows:
            self._rows = rows
            self.update()  # it takes another height
        across = -(-len(shown) // rows)
        for at, item in enumerate(shown):
            row, column = divmod(at, across)
            left, right = _part(area.width(), column, across, gap)
            top, bottom = _part(area.height(), row, rows, gap)
            item.setGeometry(QRect(area.x() + left, area.y() + top, right - left, bottom - top))

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _least(self) -> QSize:
        least = QSize(0, 0)
        for item in self._shown():
            least = least.expandedTo(item.minimumSize())
        return least


def _part(length: int, at: int, count: int, gap: int) -> tuple[int, int]:
    """Where one of so many equal parts of a length begins and ends."""
    whole = length + gap
    return at * whole // count, (at + 1) * whole // count - gap
