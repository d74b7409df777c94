"""A layout that breaks a row of widgets into as many lines as its width asks for."""

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayoutItem, QWidget

from symmviz.views.widgets.item_layout import ItemLayout

_Line = list[tuple[QLayoutItem, QSize]]


class FlowLayout(ItemLayout):
    """Puts widgets beside one another, and below where there is no room.

    A widget whose size policy has a horizontal stretch takes what is left of its line. Whenever
    anything in the window changes its size, Qt asks all layouts many times how large they would
    be: what they answer is kept until something of them changed.

    Args:
        parent: the widget that is laid out, if it is known yet.
        spacing: pixels between two widgets of a line.
        line_spacing: pixels between two lines; as ``spacing`` if None.
        top: put the widgets of a line at its top, not at its middle.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        spacing: int = 6,
        line_spacing: int | None = None,
        top: bool = False,
    ) -> None:
        super().__init__(parent, spacing)
        self._known: _Line | None = None
        self._heights: dict[int, int] = {}  # by width
        self._least: QSize | None = None
        self._placed: QRect | None = None
        self._line_spacing = spacing if line_spacing is None else line_spacing
        self._top = top

    def invalidate(self) -> None:
        """Ask the widgets anew how large they are, once that is needed."""
        self._known = self._least = self._placed = None
        self._heights = {}
        super().invalidate()

    def expandingDirections(self) -> Qt.Orientation:
        """It takes no more room than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that all lines take at this width."""
        if width not in self._heights:
            lines = list(self._lines(width))
            between = self._line_spacing * max(len(lines) - 1, 0)
            self._heights[width] = sum(_height(line) for line in lines) + between
        return self._heights[width]

    def sizeHint(self) -> QSize:
        """All in one line."""
        shown = self._shown()
        return QSize(self._width(shown), _height(shown))

    def minimumSize(self) -> QSize:
        """One below the other."""
        if self._least is None:
            shown = self._shown()
            width = max((item.minimumSize().width() for item, _ in shown), default=0)
            self._least = QSize(width, _height(shown))
        return self._least

    def setGeometry(self, area: QRect) -> None:
        """Place all widgets, unless they are where they belong."""
        super().setGeometry(area)
        if area == self._placed:
            return
        self._placed = QRect(area)
        top = area.top()
        for line in self._lines(area.width()):
            self._place(line, QRect(area.left(), top, area.width(), _height(line)))
            top += _height(line) + self._line_spacing

    def _shown(self) -> _Line:
        """What is shown, and how large."""
        if self._known is None:
            self._known = [(item, _size(item)) for item in self._items if not item.isEmpty()]
        return self._known

    def _width(self, line: _Line) -> int:
        between = self.spacing() * max(len(line) - 1, 0)
        return sum(size.width() for _, size in line) + between

    def _lines(self, width: int) -> Iterator[_Line]:
        line: _Line = []
        left = width
        for item, size in self._shown():
            taken = size.width()
            if line and taken > left:
                yield line
                line, left = [], width
            line.append((item, size))
            left -= taken + self.spacing()
        if line:
            yield line

    def _place(self, line: _Line, area: QRect) -> None:
        left = area.left()
        stretched = sum(_stretch(item) for item, _ in line)
        spare = max(area.width() - self._width(line), 0)
        for item, size in line:
            share = spare * _stretch(item) // stretched if stretched else 0
            width = min(size.width() + share, area.width())
            above = 0 if self._top else (area.height() - size.height()) // 2
            corner = QPoint(left, area.top() + above)
            item.setGeometry(QRect(corner, QSize(width, size.height())))
            left += width + self.spacing()


def _height(line: _Line) -> int:
    return max((size.height() for _, size in line), default=0)


def _size(item: QLayoutItem) -> QSize:
    """What a widget asks for, also one that wants no more than its minimum."""
    return item.sizeHint().expandedTo(item.minimumSize())


def _stretch(item: QLayoutItem) -> int:
    widget = item.widget()
    return 0 if widget is None else widget.sizePolicy().horizontalStretch()
