"""Recent runs on the Start page: a list with pictures, and a way to open any other."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.runs.recent import RecentRun
from symmviz.views.style.run_colours import draw_run_mark
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.images import image_pixmap
from symmviz.views.widgets.plain_tip import plain_tip

_ANY_INDEX = QModelIndex | QPersistentModelIndex
# All in logical pixels.
_PICTURE = 52
_ROW = QSize(120, 64)
_GAP = 6
_MARK = 11  # the symbol of a run
_LOOKING = "Looking for runs..."
_NOTHING = (
    "Each run that you train is listed here, with a picture of its last frame: click one to see "
    "it again from its first step to its last.\n\nOpen run... opens any other, also one that is "
    "still training on another machine."
)


class _RunsModel(QAbstractListModel):
    """The runs, and their pictures at the list's density."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._runs: tuple[RecentRun, ...] = ()
        self._pixmaps: dict[tuple[int, float], QPixmap] = {}

    def set_runs(self, runs: tuple[RecentRun, ...]) -> None:
        self.beginResetModel()
        self._runs = runs
        self._pixmaps.clear()
        self.endResetModel()

    def run(self, row: int) -> RecentRun:
        return self._runs[row]

    def rowCount(self, parent: _ANY_INDEX | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._runs)

    def data(self, index: _ANY_INDEX, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        run = self._runs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return run.title
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return run.caption
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{run.title}\n{run.caption}\n{run.folder}")
        return None

    def pixmap(self, row: int) -> QPixmap | None:
        picture = self._runs[row].picture
        if picture is None:
            return None
        ratio = self._widget.devicePixelRatioF()
        if (row, ratio) not in self._pixmaps:
            self._pixmaps[row, ratio] = image_pixmap(picture, _PICTURE, ratio)
        return self._pixmaps[row, ratio]


class _RunDelegate(QStyledItemDelegate):
    """Draws a run's picture beside its title and caption."""

    def __init__(self, model: _RunsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: _ANY_INDEX) -> QSize:
        """One height for all: a picture with its margins."""
        return _ROW

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ANY_INDEX) -> None:
        """Draw one run."""
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        font: QFont = option.font
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, area.adjusted(1, 1, -1, -1), state)
        square = QRect(area.left() + _GAP, area.top() + _GAP, _PICTURE, _PICTURE)
        self._paint_picture(painter, square, index.row())
        run = self._model.run(index.row())
        words = area.adjusted(_PICTURE + 3 * _GAP, _GAP, -_GAP, -_GAP)
        self._paint_words(painter, words, font, run)
        painter.restore()

    def _paint_ground(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        theme = current_theme()
        colour = QColor(theme.accent)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        colour.setAlphaF(0.18 if chosen else 0.0)
        if state & QStyle.StateFlag.State_MouseOver and not chosen:
            colour = QColor(theme.window)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(QColor(theme.accent), 1) if chosen or focused else Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(area, 6, 6)

    def _paint_picture(self, painter: QPainter, square: QRect, row: int) -> None:
        theme = current_theme()
        pixmap = self._model.pixmap(row)
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize()
            corner = square.center() - QRect(0, 0, size.width(), size.height()).center()
            painter.drawPixmap(corner, pixmap)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if pixmap is not None else QColor(theme.window))
        painter.drawRoundedRect(square, 3, 3)
        if pixmap is None:
            painter.setPen(QColor(theme.muted))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, "no\nframe")

    def _paint_words(self, painter: QPainter, area: QRect, font: QFont, run: RecentRun) -> None:
        theme = current_theme()
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        lines = [(run.title, bold, theme.text)]
        lines += [(line, font, theme.muted) for line in run.caption.split("\n")[:2]]
        painter.setFont(font)
        height = painter.fontMetrics().height() + 1
        top = area.top() + max(area.height() - height * len(lines), 0) // 2
        for at, (text, weight, colour) in enumerate(lines):
            painter.setFont(weight)
            painter.setPen(QColor(colour))
            room = QRect(area.left(), top + at * height, area.width(), height)
            if at == 0:
                room.setLeft(room.left() + self._paint_marks(painter, room, run))
                painter.setPen(QColor(colour))
            end = Qt.TextElideMode.ElideRight
            shown = painter.fontMetrics().elidedText(text, end, room.width())
            painter.drawText(
                room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown
            )

    def _paint_marks(self, painter: QPainter, room: QRect, run: RecentRun) -> int:
        """Draw the symbol of each of its SPECs; how many pixels they take."""
        for at, place in enumerate(run.places):
            left = room.left() + at * (_MARK + 2)
            draw_run_mark(painter, place, QPointF(left + _MARK / 2, room.center().y() + 0.5))
        return len(run.places) * (_MARK + 2) + (4 if run.places else 0)


class _RunsList(QListView):
    """A click or Enter opens; with Ctrl or Shift a click selects."""

    opened = Signal(list)
    """Open the runs at these rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pressed = QPersistentModelIndex()
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)  # it lies on a card
        self.setAccessibleName("Recent runs")
        self.setMinimumHeight(2 * _ROW.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember what is pressed; what a plain click opens need not stay selected."""
        super().mousePressEvent(event)
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        left = event.button() is Qt.MouseButton.LeftButton
        at = self.indexAt(event.position().toPoint())
        self._pressed = QPersistentModelIndex(at if plain and left else QModelIndex())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open what was clicked; a second click of a double click opens nothing again."""
        super().mouseReleaseEvent(event)
        at = self.indexAt(event.position().toPoint())
        pressed, self._pressed = self._pressed, QPersistentModelIndex()
        if pressed.isValid() and at.isValid() and pressed.row() == at.row():
            self.opened.emit([at.row()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open what is selected on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.rows():
                self.opened.emit(self.rows())
            event.accept()
            return
        super().keyPressEvent(event)

    def rows(self) -> list[int]:
        """What is selected, from top to bottom."""
        return sorted(index.row() for index in self.selectedIndexes())


class RecentRuns(QFrame):
    """The card with the list, or what will be in it."""

    open_wanted = Signal(object)
    """Open the runs in these folders, side by side: a tuple of paths."""
    dialog_wanted = Signal()
    """Ask which other run to open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._runs: tuple[RecentRun, ...] = ()
        title = QLabel("Recent runs", self)
        title.setProperty("title", True)
        self.together_button = QPushButton("Open together", self)
        self.together_button.setToolTip("Show the selected runs side by side (Enter).")
        self.together_button.hide()
        self.open_button = QPushButton("Open run...", self)
        self.open_button.setToolTip("Choose the folder of a run or of a comparison (Ctrl+O).")
        self._hint = QLabel("Ctrl+click selects several.", self)
        self._hint.setProperty("muted", True)
        self._hint.hide()
        self.list = _RunsList(self)
        self._model = _RunsModel(self.list)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_RunDelegate(self._model, self.list))
        self._empty = QLabel(_LOOKING, self)
        self._empty.setWordWrap(True)
        self._empty.setProperty("muted", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._content = QStackedLayout()
        self._content.addWidget(self._empty)
        self._content.addWidget(self.list)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.open_button)
        foot = QHBoxLayout()
        self.together_button.ensurePolished()
        # Or the list would get lower, under the pointer that is selecting.
        foot.addStrut(self.together_button.sizeHint().height())
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.together_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addLayout(head)
        layout.addLayout(self._content, 1)
        layout.addLayout(foot)
        self.open_button.clicked.connect(self.dialog_wanted)
        self.together_button.clicked.connect(lambda: self._open(self.list.rows()))
        self.list.opened.connect(self._open)
        self.list.selectionModel().selectionChanged.connect(self._show_selection)

    def set_runs(self, runs: tuple[RecentRun, ...]) -> None:
        """List other runs, newest first; what is selected stays so where it is still there."""
        chosen = {self._runs[row].folder for row in self.list.rows()}
        self._runs = runs
        self._model.set_runs(runs)
        self._empty.setText(_NOTHING)
        self._content.setCurrentWidget(self.list if runs else self._empty)
        self._hint.setVisible(len(runs) > 1)
        selection = self.list.selectionModel()
        for row, run in enumerate(runs):
            if run.folder in chosen:
                selection.select(self._model.index(row), selection.SelectionFlag.Select)
        self._show_selection()

    def fields(self) -> Sequence[QWidget]:
        """What the tab key reaches, in order."""
        return (self.open_button, self.list, self.together_button)

    def is_empty(self) -> bool:
        """Whether nothing is listed but what will be."""
        return self._content.currentWidget() is self._empty

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.list.viewport().update()

    def _open(self, rows: list[int]) -> None:
        folders: tuple[Path, ...] = tuple(self._runs[row].folder for row in rows)
        self.list.clearSelection()
        self.open_wanted.emit(folders)

    def _show_selection(self) -> None:
        count = len(self.list.rows())
        self.together_button.setVisible(count > 1)
        self.together_button.setText(f"Open {count} together")
