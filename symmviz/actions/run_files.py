"""What the user does with the files of the runs that are shown."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from symmviz.model.resolve import offers
from symmviz.model.workspace import Workspace


def open_folder(workspace: Workspace) -> None:
    """Open the folder of the run or comparison in the system's file manager."""
    folder = offers(workspace.recordings).folder
    if folder is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def copy_weights(workspace: Workspace) -> None:
    """Put the path of the newest weights on the clipboard."""
    weights = offers(workspace.recordings).weights
    if weights is not None:
        QGuiApplication.clipboard().setText(str(weights))
