"""Sentences of any length that take a few lines at most, and scroll beyond."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QWidget

from symmviz.model.names import shown_text
from symmviz.views.widgets.plain_tip import breakable

_MOST_LINES = 4


class Note(QScrollArea):
    """Plain text that breaks anywhere it must, so that it widens no window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.label = QLabel(self)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self.label)
        for part in (self.viewport(), self.label):
            part.setAutoFillBackground(False)  # what lies below has the colour
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def text(self) -> str:
        """What is said."""
        return self._text

    def setText(self, text: str) -> None:
        """Say something else."""
        self._text = text
        self.label.setText(breakable(shown_text(text)))
        self.verticalScrollBar().setValue(0)
        self.updateGeometry()
        self._offer_bar()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scroll where the text takes more than there is room for now."""
        self._offer_bar()
        super().resizeEvent(event)

    def _offer_bar(self) -> None:
        """Have a scroll bar where one is needed; one that is there would be kept by its width."""
        fits = self.label.heightForWidth(self.width()) <= self.height()
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if fits else policy.ScrollBarAsNeeded
        )

    @property
    def is_error(self) -> bool:
        """Whether it says what is wrong."""
        return bool(self.label.property("error"))

    def set_error(self, is_error: bool) -> None:
        """Say with the colour whether this is an error."""
        self.label.setProperty("error", is_error)
        self.label.style().polish(self.label)  # the colour follows the property

    def set_muted(self) -> None:
        """Stand back behind what is said elsewhere."""
        self.label.setProperty("muted", True)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that the text takes, up to some lines."""
        most = _MOST_LINES * (self.fontMetrics().lineSpacing() + 1)  # it was rounded
        return min(max(self.label.heightForWidth(width), 1), most)

    def sizeHint(self) -> QSize:
        """A line of a sentence's width."""
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 60, metrics.lineSpacing())

    def minimumSizeHint(self) -> QSize:
        """Any width, and a line."""
        return QSize(0, self.fontMetrics().lineSpacing())
