"""The list of all shortcuts."""

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

_MOUSE_HELP = (
    ("Drag, wheel", "Move and zoom a picture or plot"),
    ("Double click", "Fit it again"),
    ("Click a point", "Select its image"),
    ("Shift and drag on a map", "Select the images within"),
    ("Arrow keys, Enter", "Move among images and neighbours (Retrieve)"),
    ("Right click on an image", "Show in the map, open its file, copy its path"),
    ("Drop an image", "Search with it (Retrieve)"),
    ("Wheel over the time slider", "One frame back or on"),
    ("Right click on a diamond", "Branch from a checkpoint"),
    ("Drag a point, arrow keys", "Move it (Learn)"),
    ("Right click on a map or plot", "Copy or save its picture"),
)


def show_shortcuts(window: QWidget) -> None:
    """List the shortcuts of all of a window's actions, and what the mouse does."""
    rows = [
        (_shortcuts(action), action.text())
        for action in window.findChildren(QAction)
        if not action.shortcut().isEmpty()
    ]
    table = "".join(
        f"<tr><td style='padding-right:24px'><b>{keys}</b></td>"
        f"<td>{text.replace('&', '')}</td></tr>"
        for keys, text in (*dict.fromkeys(rows), *_MOUSE_HELP)
    )
    box = QMessageBox(QMessageBox.Icon.NoIcon, "Shortcuts", f"<table>{table}</table>")
    box.setParent(window, box.windowFlags())
    box.finished.connect(box.deleteLater)
    box.open()


def _shortcuts(action: QAction) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return " or ".join(keys.toString(native) for keys in action.shortcuts())
