"""What is dragged onto a page."""

from PySide6.QtCore import QMimeData


def dropped_path(data: QMimeData) -> str | None:
    """The one folder or file of this computer that is dragged, without a look at the disk."""
    urls = data.urls()
    return (urls[0].toLocalFile() or None) if len(urls) == 1 and urls[0].isLocalFile() else None
