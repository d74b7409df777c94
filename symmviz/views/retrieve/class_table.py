"""A table of classes: how many of their images are right, and what is found instead."""

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from symmviz.model.names import shown_name
from symmviz.model.retrieval.query_scores import ClassRow
from symmviz.views.widgets.plain_tip import plain_tip

_HEADS = ("Class", "Recall@1", "Images", "Found instead")
_NAME, _RECALL, _IMAGES, _INSTEAD = range(4)
_TIPS = (
    "Click to see its images, failures first",
    "Share of its images whose nearest neighbour is of the class",
    "Images that can be right: those whose class has another one",
    "The class that is nearest most often instead, and how often: click to see the images",
)
_ANY_INDEX = QModelIndex | QPersistentModelIndex


class _ClassModel(QAbstractTableModel):
    """Rows of a class table."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[ClassRow, ...] = ()

    def set_rows(self, rows: tuple[ClassRow, ...]) -> None:
        if len(rows) == len(self.rows):
            self.rows = rows
            if rows:
                last = self.index(len(rows) - 1, len(_HEADS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _ANY_INDEX | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _ANY_INDEX | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADS)

    def data(self, index: _ANY_INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{_cell(row, column)}\n{_TIPS[column]}")
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return _TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None


class ClassTable(QTableView):
    """Click, or press Enter, to see the images of a class, or those found as another."""

    chosen = Signal(int, object)
    """A class was chosen, and the one that its images are found as; None for all of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes = _ClassModel(self)
        self.setModel(self._classes)
        self.setShowGrid(False)
        self.setProperty("spaced", True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in (_RECALL, _IMAGES):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, head.sectionSizeHint(column) + 6)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Classes")
        self.clicked.connect(self._choose)

    def set_rows(self, rows: tuple[ClassRow, ...]) -> None:
        """Show these classes, in this order."""
        self._classes.set_rows(rows)

    def cell(self, row: int, column: int) -> str:
        """What a cell says."""
        return _cell(self._classes.rows[row], column)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        score = self._classes.rows[index.row()].score
        self.chosen.emit(score.label, score.confused if index.column() == _INSTEAD else None)


def _alignment(column: int) -> Qt.AlignmentFlag:
    """Numbers right, words left, and their headings with them."""
    side = (
        Qt.AlignmentFlag.AlignRight if column in (_RECALL, _IMAGES) else Qt.AlignmentFlag.AlignLeft
    )
    return side | Qt.AlignmentFlag.AlignVCenter


def _cell(row: ClassRow, column: int) -> str:
    score = row.score
    if column == _NAME:
        return shown_name(row.name)
    if column == _RECALL:
        return f"{score.recall:.2f}"
    if column == _IMAGES:
        return f"{score.count:,}"
    if score.confused is None:
        return ""
    return f"{shown_name(row.confused)} ({score.confused_count:,})"
