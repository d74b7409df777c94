"""A table of scores that is as high as its rows, and as narrow as it can be."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableWidget, QWidget


class ScoreTable(QTableWidget):
    """Rows that are read and copied, not edited; headings break where there is too little room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headings: tuple[str, ...] = ()
        self._is_broken = False
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # the tab key leaves the table
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def headings(self) -> tuple[str, ...]:
        """What the columns are called, each in one line."""
        return self._headings

    def begin(self, headings: tuple[str, ...], rows: int) -> None:
        """Be empty, with these columns and so many rows."""
        self.clear()
        self._headings, self._is_broken = headings, False
        self.setRowCount(rows)
        self.setColumnCount(len(headings))
        self.setHorizontalHeaderLabels(headings)

    def fit(self) -> None:
        """Break the headings where the columns would be wider than the table; once it is filled."""
        self._label(broken=False)
        if self._wanted_width() > self.viewport().width():
            self._label(broken=True)
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the headings, or not any more."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def sizeHint(self) -> QSize:
        """As high as all rows."""
        frame = 2 * self.frameWidth()
        header = self.horizontalHeader()
        wanted = self._wanted_width()
        height = header.sizeHint().height() + self.verticalHeader().length() + frame
        if wanted > self.viewport().width():
            height += self.horizontalScrollBar().sizeHint().height()
        return QSize(wanted + frame, height)

    def minimumSizeHint(self) -> QSize:
        """No higher than its rows."""
        return super().minimumSizeHint().boundedTo(self.sizeHint())

    def _label(self, *, broken: bool) -> None:
        if broken != self._is_broken:
            self._is_broken = broken
            shown = [in_two_lines(one) if broken else one for one in self._headings]
            self.setHorizontalHeaderLabels(shown)

    def _wanted_width(self) -> int:
        header = self.horizontalHeader()
        return sum(
            max(self.sizeHintForColumn(at), header.sectionSizeHint(at))
            for at in range(self.columnCount())
            if not self.isColumnHidden(at)
        )


def in_two_lines(heading: str) -> str:
    """A heading with a line break: between its words, or before its K as in Recall@K."""
    if " " in heading:
        return heading.replace(" ", "\n", 1)
    return heading.replace("@", "\n@", 1)
