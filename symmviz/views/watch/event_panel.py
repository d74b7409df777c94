"""The list of what happened, beside the maps, and the button that opens it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.map.frame_changes import MIX_RISE, NEIGHBOURS, SPLIT_FALL
from symmviz.model.resolve.events import EventLine, EventsState
from symmviz.views.watch.event_rows import EventRows
from symmviz.views.widgets.plain_tip import plain_tip

_WIDTH = 236  # pixels
_TIP = (
    "What happened from one recorded frame to the next, by the nearest neighbours of the watched "
    f"images (as many as the class has others, at most {NEIGHBOURS}):\n"
    f"mix: the neighbours of two classes that are of the other grew by {MIX_RISE:.0%} or more; "
    "split: the largest part of a class, connected by images that are each other's neighbours, "
    f"lost {SPLIT_FALL:.0%} of it or more; left: most neighbours were of the own class and are now "
    "of one other; turned wrong: the nearest was of the own class and no longer is.\n"
    "Click one, or press Enter: the slider goes there and its images are selected."
)


class EventPanel(QFrame):
    """A list of what happened from frame to frame, with what opens and closes it.

    Attributes:
        button: opens and closes the list; stands elsewhere.
        list: the events, the newest first.
    """

    chosen = Signal(object)
    """The user wants to see this :class:`EventLine`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._lines: tuple[EventLine, ...] = ()
        self.button = QPushButton("Events", parent)
        self.button.setCheckable(True)
        self.button.setToolTip(plain_tip(_TIP))
        heading = QLabel("What happened", self)
        heading.setProperty("title", True)
        heading.setToolTip(plain_tip(_TIP))
        self._note = QLabel(self)
        self._note.setWordWrap(True)
        self._note.setProperty("muted", True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = QListWidget(self)
        self.list.setAccessibleName("What happened, the newest first")
        self.list.setItemDelegate(EventRows(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 4, 6)
        layout.setSpacing(4)
        for widget, stretch in ((heading, 0), (self._note, 1), (self.list, 1)):
            layout.addWidget(widget, stretch)
        self.setFixedWidth(_WIDTH)
        self.hide()

    def set_events(self, state: EventsState) -> None:
        """Show these events, or no list."""
        self.button.setChecked(state.visible)
        self.setVisible(state.visible)
        self._note.setText(state.note)
        self._note.setVisible(bool(state.note))
        self.list.setVisible(not state.note)
        if state.lines != self._lines:
            self._fill(state.lines)

    def _fill(self, lines: tuple[EventLine, ...]) -> None:
        """List these; the current one stays so, and what is looked at stays in its place."""
        row, bar = self.list.currentRow(), self.list.verticalScrollBar()
        current = self._lines[row] if 0 <= row < len(self._lines) else None
        at = bar.value()
        self._lines = lines
        self.list.clear()
        for line in lines:
            item = QListWidgetItem(f"{line.heading}\n{line.sentence}", self.list)
            item.setData(Qt.ItemDataRole.UserRole, line)
        if current in lines:
            self.list.setCurrentRow(lines.index(current))
        bar.setValue(at)

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
