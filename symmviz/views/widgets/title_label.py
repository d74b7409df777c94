"""A label of a few lines, with dots in the middle of what is longer."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.views.widgets.elided_label import broken, elided
from symmviz.views.widgets.plain_tip import plain_tip

_CUT = Qt.TextElideMode.ElideMiddle


class TitleLabel(QLabel):
    """A text broken between words; where its lines are too few, its tooltip has the whole.

    Args:
        parent: the widget it is part of.
        most_lines: that it takes.
    """

    lines_changed = Signal()
    """It takes another number of lines than before."""

    def __init__(self, parent: QWidget, most_lines: int = 2) -> None:
        super().__init__(parent)
        self._most = most_lines
        self._whole = ""
        self._lines = self._room = 1
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        return self._lines

    def whole_width(self) -> int:
        """Pixels that the whole name takes in one line."""
        return self.fontMetrics().horizontalAdvance(self._whole) + 1  # it was rounded

    def text(self) -> str:
        """The whole name."""
        return self._whole

    def shown(self) -> str:
        """What of it is on the screen."""
        return super().text()

    def setText(self, text: str) -> None:
        """Show another name, in one line that neither breaks nor reorders what is beside it."""
        self._whole = text
        self._break()

    def keep_lines(self, count: int) -> None:
        """Take so many lines, as other titles beside it do."""
        if count != self._room:
            self._room = count
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(0, self._room * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the name anew."""
        super().resizeEvent(event)
        self._break()

    def _break(self) -> None:
        metrics, width = self.fontMetrics(), max(self.width(), 1)
        parts: list[str] = []
        rest = self._whole
        while rest and len(parts) < self._most - 1:
            part, rest = broken(rest, metrics, width)
            parts.append(part)
        parts += filter(None, (rest,))
        shown = [elided(part, metrics, width, _CUT) for part in parts]
        super().setText("\n".join(shown))
        super().setToolTip("" if shown == parts else plain_tip(self._whole))
        if max(len(shown), 1) != self._lines:
            self._lines = max(len(shown), 1)
            self.lines_changed.emit()
