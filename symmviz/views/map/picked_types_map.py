"""A small heat map beside a map: which types of points were picked as hard negatives."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from symmviz.model.map.picked_types import SHORT_COLUMNS, SHORT_ROWS, PickedTypes
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.plain_tip import plain_tip

_WIDTH, _HEIGHT, _LEAST_HEIGHT = 150, 118, 96  # pixels
_LABELS = 24.0  # pixels left of the cells
_UNKNOWN = "Which types are picked comes with the first frame."
_READ = (
    "Types of the pairs picked as hard negatives in the newest batch, in percent: rows are points "
    "of one class, columns of the other; a prime marks a synthetic point."
)
_DARKEST = 0.85  # opacity of the largest share


class PickedTypesMap(QWidget):
    """Four types of points of one class by four of another, each cell with its share."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._types: PickedTypes | None = None
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Picked types")
        self.set_types(None)

    def set_types(self, types: PickedTypes | None) -> None:
        """Show these; None while they are not known."""
        self._types = types
        self.setAccessibleDescription(self.text)
        self.update()

    @property
    def text(self) -> str:
        """What is shown, in words."""
        return _UNKNOWN if self._types is None else self._types.summary

    def tip(self, x: float, y: float) -> str:
        """What is said at a place: of a cell, or of all."""
        types = self._types
        if types is not None and types.counts is not None:
            for row in range(4):
                for column in range(4):
                    if self._cell(row, column).contains(x, y):
                        return types.about(row, column)
        return f"{_READ}\n{self.text}"

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(_WIDTH, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """No lower than four lines and their headings."""
        return QSize(0, _LEAST_HEIGHT)

    def event(self, event: QEvent) -> bool:
        """Say of the cell under the pointer how often it was picked."""
        if isinstance(event, QHelpEvent):
            tip = self.tip(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), plain_tip(tip), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cells, or why there are none."""
        painter = QPainter(self)
        theme, area = current_theme(), QRectF(self.rect())
        font = self.font()
        font.setPointSizeF(max(font.pointSizeF() - 1.5, 6))
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        if self._types is None or self._types.counts is None:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self.text)
            return
        line = self._line()
        title = f"Picked, step {self._types.step:,} (%)"
        painter.drawText(QRectF(0, 0, area.width(), line), title)
        middle = Qt.AlignmentFlag.AlignCenter
        for at in range(4):
            above, beside = self._cell(0, at), self._cell(at, 0)
            painter.drawText(above.translated(0, -above.height()), int(middle), SHORT_COLUMNS[at])
            painter.drawText(
                QRectF(0, beside.top(), _LABELS, beside.height()), int(middle), SHORT_ROWS[at]
            )
        for row in range(4):
            for column in range(4):
                self._draw_cell(painter, self._types, row, column)

    def _draw_cell(self, painter: QPainter, types: PickedTypes, row: int, column: int) -> None:
        theme, cell = current_theme(), self._cell(row, column)
        share = types.share(row, column)
        shade = QColor(theme.accent)
        strength = _DARKEST * share / (types.largest or 1.0)
        shade.setAlphaF(strength)
        painter.fillRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), shade)
        painter.setPen(QColor(theme.accent_text if strength > 0.55 else theme.text))
        text = "0" if share == 0 else "<1" if share < 0.01 else f"{100 * share:.0f}"
        painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), text)

    def _cell(self, row: int, column: int) -> QRectF:
        """Where a cell is: below a title and a line of headings."""
        line = self._line()
        width = (self.width() - _LABELS) / 4
        height = (self.height() - line) / 5
        return QRectF(_LABELS + column * width, line + (row + 1) * height, width, height)

    def _line(self) -> float:
        return float(self.fontMetrics().height())
