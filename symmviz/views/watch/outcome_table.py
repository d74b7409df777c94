"""A small table of scores: the runs of a training, and the differences between them."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from symmviz.model.results import Outcome, OutcomeRow
from symmviz.views.style.run_colours import RunMark
from symmviz.views.widgets.elided_label import ElidedLabel

_MOST_LINES = 7
_BETWEEN = 14  # pixels
_WIDEST_TITLE = 220
_AFTER_MARK = 6


class OutcomeTable(QScrollArea):
    """As high as its rows, up to some; then it scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: list[list[QLabel]] = []
        self._wanted = QSize(0, 0)
        self._ends: list[int] = []  # pixels from the left at which each column ends
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Scores of the training")
        self.viewport().setAutoFillBackground(False)

    def show_outcome(self, outcome: Outcome) -> None:
        """Show these scores."""
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setHorizontalSpacing(_BETWEEN)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        headings = [QLabel(title, content) for title in outcome.columns]
        for heading in headings:
            heading.setProperty("muted", True)
        rows = [[_title(content, row), *_cells(content, row)] for row in outcome.rows]
        self._labels = [[QLabel(content), *headings], *rows]
        marks = [None, *(_mark(content, row) for row in outcome.rows)]
        for line, (mark, labels) in enumerate(zip(marks, self._labels, strict=True)):
            titled = QHBoxLayout()
            titled.setSpacing(_AFTER_MARK)
            if mark is not None:
                titled.addWidget(mark)
            titled.addWidget(labels[0], 1)
            grid.addLayout(titled, line, 0)
            for at, label in enumerate(labels[1:], start=1):
                grid.addWidget(label, line, at, Qt.AlignmentFlag.AlignRight)
        self.setWidget(content)
        for label in content.findChildren(QLabel):
            label.ensurePolished()  # or its height would be that from before the style sheet
        policy = Qt.ScrollBarPolicy
        fits = len(self._labels) <= _MOST_LINES
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if fits else policy.ScrollBarAsNeeded
        )
        content.setAutoFillBackground(False)  # what lies below has the colour
        self._measure(content)
        self._leave_out()
        self.updateGeometry()

    def words(self) -> list[list[str]]:
        """What the lines say, from the headings on."""
        return [[label.text() for label in line] for line in self._labels]

    def sizeHint(self) -> QSize:
        """What all columns take, and the rows that are shown without scrolling."""
        wanted = self._wanted
        line = wanted.height() / max(len(self._labels), 1)
        most = round(line * min(len(self._labels), _MOST_LINES))
        bar = 0 if len(self._labels) <= _MOST_LINES else self.verticalScrollBar().sizeHint().width()
        return QSize(wanted.width() + bar, most)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the last columns where there is no room: the Results page has them."""
        super().resizeEvent(event)
        self._leave_out()

    def _measure(self, content: QWidget) -> None:
        self._wanted = content.sizeHint()
        widths = [
            max(one.sizeHint().width() for one in column)
            for column in zip(*self._labels, strict=True)
        ]
        marks = (one.sizeHint().width() + _AFTER_MARK for one in content.findChildren(RunMark))
        widths[0] += max(marks, default=0)
        self._ends = [sum(widths[: at + 1]) + at * _BETWEEN for at in range(len(widths))]

    def _leave_out(self) -> None:
        room = self.viewport().width()
        for labels in self._labels:
            for at, label in enumerate(labels[1:], start=1):
                label.setVisible(self._ends[at] <= room)

    def minimumSizeHint(self) -> QSize:
        """Any width: where there is too little, the card leaves the table out."""
        return QSize(0, self.sizeHint().height())


def _title(content: QWidget, row: OutcomeRow) -> QLabel:
    title = ElidedLabel(row.title, content, Qt.TextElideMode.ElideRight)
    title.setMinimumWidth(min(title.sizeHint().width(), _WIDEST_TITLE // 2))
    title.setMaximumWidth(_WIDEST_TITLE)
    title.setProperty("muted", row.is_difference)
    return title


def _mark(content: QWidget, row: OutcomeRow) -> RunMark | None:
    if row.place is None:
        return None
    mark = RunMark(content)
    mark.set_place(row.place)
    return mark


def _cells(content: QWidget, row: OutcomeRow) -> list[QLabel]:
    labels = [QLabel(text, content) for text in row.cells]
    for at, label in enumerate(labels):
        label.setProperty("title", at in row.best)  # in bold
        label.setProperty("muted", row.is_difference)
    return labels
