"""The list of all shortcuts."""

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.scroll_area import scrolling

_MOUSE_HELP = (
    ("Drag, wheel", "Move and zoom a picture or plot"),
    ("Double click", "Fit it again"),
    ("Click a point", "Select its image"),
    ("Shift and drag on a map", "Select the images within"),
    ("Click a class (legend)", "Hide it; twice: show it alone"),
    ("Right click on an image", "Show in the map, open its file, copy its path"),
    ("Drop an image", "Search with it (Retrieve)"),
    ("Wheel over the time slider", "One frame back or on"),
    ("Right click on a diamond", "Branch from a checkpoint"),
    ("Drag a point", "Move it (Learn)"),
    ("Right click on a map or plot", "Copy or save its picture"),
)
_KEYS_OF_LISTS = (
    ("Arrow keys, Enter", "Move among images and neighbours (Retrieve)"),
    ("Arrow keys on a point", "Move it (Learn)"),
)
_APART = 24  # pixels, between the keys and what they do
_MARGIN = 16
_OF_SCREEN = 0.9  # most of the screen that the list takes
_Row = tuple[str, str]
_Section = tuple[str, list[_Row]]


class ShortcutList(QDialog):
    """What the keys do, by menu, beside what the mouse does; it scrolls on a low screen.

    Args:
        window: whose actions are listed.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle("Shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sections = _sections(window)
        half = sum(len(rows) + 1 for _, rows in sections) // 2
        left: list[_Section] = []
        while sections and sum(len(rows) + 1 for _, rows in left) < half:
            left.append(sections.pop(0))
        self._labels = [QLabel(_table(part), self) for part in (left, sections)]
        content = QWidget(self)
        columns = QHBoxLayout(content)
        columns.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 0)
        columns.setSpacing(_APART)
        for label in self._labels:
            label.setTextFormat(Qt.TextFormat.RichText)
            label.ensurePolished()  # or its width would be that from before the style sheet
            columns.addWidget(label, label.sizeHint().width(), Qt.AlignmentFlag.AlignTop)
        self._wanted = content.sizeHint()  # in lines that are not broken
        for label in self._labels:
            label.setWordWrap(True)
        self._scroll = scrolling(content, self)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName("Shortcuts")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the arrow keys scroll it
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._buttons.rejected.connect(self.reject)
        self._buttons.setContentsMargins(_MARGIN, 0, _MARGIN, _MARGIN)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._buttons)
        self.resize(self.sizeHint())  # Qt by itself gives a dialog two thirds of the screen

    def text(self) -> str:
        """All of it, as markup."""
        return "".join(label.text() for label in self._labels)

    def sizeHint(self) -> QSize:
        """All of it, where the screen has the room."""
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        wanted = self._wanted + QSize(bar, self._buttons.sizeHint().height() + _APART)
        return wanted.boundedTo(self.screen().availableGeometry().size() * _OF_SCREEN)


def show_shortcuts(window: QMainWindow) -> None:
    """List the shortcuts of all of a window's actions, and what the mouse does."""
    ShortcutList(window).open()


def _sections(window: QMainWindow) -> list[_Section]:
    """The menus, what only a page has, and the mouse."""
    found: list[_Section] = []
    listed: set[QAction] = set()
    for entry in window.menuBar().actions():
        menu = entry.menu()
        if isinstance(menu, QMenu):
            rows = list(_rows(menu.actions()))
            listed.update(menu.actions())
            if rows:
                found.append((_plain(entry.text()), rows))
    others = (action for action in window.findChildren(QAction) if action not in listed)
    of_pages = list(dict.fromkeys((*_rows(others), *_KEYS_OF_LISTS)))
    return [*found, ("On a page", of_pages), ("Mouse", list(_MOUSE_HELP))]


def _rows(actions: Iterable[QAction]) -> Iterator[_Row]:
    native = QKeySequence.SequenceFormat.NativeText
    for action in actions:
        keys = " or ".join(one.toString(native) for one in action.shortcuts())
        if keys:
            yield keys, _plain(action.text())


def _plain(text: str) -> str:
    return text.replace("&", "")


def _table(sections: list[_Section]) -> str:
    lines: list[str] = []
    for title, rows in sections:
        above = "padding-top:10px" if lines else ""
        colour = current_theme().muted
        lines.append(f"<tr><td colspan=2 style='{above};color:{colour}'>{title}</td></tr>")
        lines += [
            f"<tr><td style='padding-right:{_APART}px'><b>{keys}</b></td><td>{text}</td></tr>"
            for keys, text in rows
        ]
    return f"<table cellspacing=0>{''.join(lines)}</table>"
