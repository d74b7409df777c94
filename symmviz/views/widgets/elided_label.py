"""A label that shortens its text to the room there is and tells the whole in a tooltip."""

from itertools import takewhile

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.model.names import END_ISOLATE, ISOLATE, shown_text
from symmviz.views.widgets.plain_tip import plain_tip

_END = Qt.TextElideMode.ElideRight


def elided(text: str, metrics: QFontMetrics, width: int, cut: Qt.TextElideMode = _END) -> str:
    """A text in one line of at most that many pixels; what is left out becomes dots.

    An isolate that is cut in two is closed behind the dots, or opened before them: they stand at
    the end that was cut, and what follows stays in order.
    """
    shown = metrics.elidedText(text, cut, width)
    if shown == text or ISOLATE not in text:
        return shown
    same = takewhile(lambda pair: pair[0] == pair[1], zip(text, shown, strict=False))
    kept = len(list(same))
    head, rest = shown[:kept], shown[kept:]
    unclosed = shown.count(ISOLATE) - shown.count(END_ISOLATE)
    dots, tail = rest[:1], rest[1:]
    return head + ISOLATE * -unclosed + dots + END_ISOLATE * unclosed + tail


def broken(text: str, metrics: QFontMetrics, width: int) -> tuple[str, str]:
    """The words of a text that fit into a line of that many pixels, at least one; and the rest."""
    first, rest = text, ""
    while metrics.horizontalAdvance(first) > width and " " in first and ISOLATE not in first:
        first, _, word = first.rpartition(" ")
        rest = f"{word} {rest}".rstrip()
    return first, rest


class ElidedLabel(QLabel):
    """One line of plain text, cut where it does not fit.

    Args:
        text: the whole text; names in it may be of any script.
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
        self._whole, self._lines = "", [""]
        self.setText(text)

    def text(self) -> str:
        """The whole text."""
        return self._whole

    def shown(self) -> str:
        """What of the text is on the screen."""
        return super().text()

    def setText(self, text: str, *shorter: str) -> None:
        """Show another text; the same one costs no new layout of the window.

        Args:
            text: the whole.
            shorter: what is shown instead where that does not fit, the longest first; the last one
                is cut where it does not fit either.
        """
        lines = [" ".join(shown_text(one).splitlines()) for one in (text, *shorter)]
        if text == self._whole and lines == self._lines:
            return
        self._whole, self._lines = text, lines
        self._elide()
        self.updateGeometry()  # of no width, nothing is shown: to Qt the same as before

    def setToolTip(self, text: str) -> None:
        """Explain the text; where it is cut, the whole of it comes first."""
        self._tip = text
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """What the whole text takes."""
        width = self.fontMetrics().horizontalAdvance(self._lines[0]) + 1  # it was rounded
        return QSize(width, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text to the new room."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics, width = self.fontMetrics(), max(self.width(), 1)
        fits = (one for one in self._lines if metrics.horizontalAdvance(one) <= width)
        shown = next(fits, None)
        if shown is None:
            shown = elided(self._lines[-1], metrics, width, self._cut)
        if shown != self.shown():
            super().setText(shown)
        whole = (self._whole,) if shown != self._lines[0] else ()
        super().setToolTip(plain_tip("\n".join((*whole, *filter(None, (self._tip,))))))
