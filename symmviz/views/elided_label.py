"""A label that shortens its text to the room there is and tells the whole in a tooltip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.views.plain_tip import plain_tip


class ElidedLabel(QLabel):
    """One line of plain text, cut where it does not fit.

    Args:
        text: the whole text.
        parent: the widget it is part of.
        cut: which part of the text is left out.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        cut: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__(parent)
        self._cut = cut
        self._tip = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._whole = ""
        self.setText(text)

    def text(self) -> str:
        """The whole text."""
        return self._whole

    def setText(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self._elide()

    def setToolTip(self, text: str) -> None:
        """Explain the text; where it is cut, the whole of it comes first."""
        self._tip = text
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """What the whole text takes."""
        width = self.fontMetrics().horizontalAdvance(self._whole)
        return QSize(width, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text to the new room."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._cut, max(self.width(), 1))
        super().setText(shown)
        whole = (self._whole,) if shown != self._whole else ()
        super().setToolTip(plain_tip("\n".join((*whole, *filter(None, (self._tip,))))))
