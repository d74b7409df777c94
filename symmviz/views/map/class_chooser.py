"""A list of all classes to search and choose from, below the legend."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from symmviz.model.map.class_choice import MOST_CHOSEN, ShownClasses
from symmviz.model.names import shown_name
from symmviz.views.style.contrast import legible
from symmviz.views.style.theme import current_theme

_MOST_LISTED = 300
_WIDTH, _HEIGHT = 260, 320
_LABEL = Qt.ItemDataRole.UserRole


class ClassChooser(QFrame):
    """Shows which classes have colours, or are drawn where all have; a click changes that."""

    toggled = Signal(int)
    """A class was clicked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", True)
        self._classes = ShownClasses()
        self._search = QLineEdit(self)
        self._search.setAccessibleName("Name of a class")
        self._search.setToolTip("List only classes whose name holds this.")
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._fill)
        self._list = QListWidget(self)
        self._list.setAccessibleName("Classes")
        self._list.itemClicked.connect(lambda item: self.toggled.emit(item.data(_LABEL)))
        self._list.itemActivated.connect(lambda item: self.toggled.emit(item.data(_LABEL)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self._search)
        layout.addWidget(self._list)
        self.resize(_WIDTH, _HEIGHT)

    def set_classes(self, classes: ShownClasses) -> None:
        """Show these."""
        self._classes = classes
        what = "show or hide" if classes.are_few else f"colour up to {MOST_CHOSEN}"
        self._search.setPlaceholderText(f"Search {len(classes.labels):,} classes, {what}")
        if self.isVisible():
            self._fill()

    def open_at(self, place: QPoint) -> None:
        """Show the list at a place of the screen."""
        self._search.clear()
        self._fill()
        self.move(place)
        self.show()
        self._search.setFocus()

    def texts(self) -> list[str]:
        """What is listed."""
        return [self._list.item(at).text() for at in range(self._list.count())]

    def _fill(self) -> None:
        wanted, top = self._search.text().casefold(), self._list.verticalScrollBar().value()
        self._list.clear()
        classes = self._classes
        theme = current_theme()
        colours = theme.class_colours(classes)
        slots = {label: slot for slot, label in classes.coloured}
        matches = [
            (label, name)
            for label, name in zip(classes.labels, classes.names, strict=True)
            if wanted in name.casefold()
        ]
        # those that have colours first, where few of many have
        if not classes.are_few:
            matches.sort(key=lambda one: slots.get(one[0], len(slots) + MOST_CHOSEN))
        for label, name in matches[:_MOST_LISTED]:
            item = QListWidgetItem(shown_name(name), self._list)
            item.setData(_LABEL, label)
            chosen = label not in classes.hidden if classes.are_few else label in slots
            item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            if label in slots:
                colour = colours[slots[label] % len(colours)]
                item.setForeground(QColor(legible(colour, theme.base, theme.text)))
        if len(matches) > _MOST_LISTED:
            more = QListWidgetItem(f"{len(matches) - _MOST_LISTED:,} more: search", self._list)
            more.setFlags(Qt.ItemFlag.NoItemFlags)
        self._list.verticalScrollBar().setValue(top)
