"""The dialog that asks for image files."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_ALL_FILES = "All files (*)"


def ask_for_images(parent: QWidget, title: str, endings: Sequence[str]) -> list[Path]:
    """The image files that the user chose; none where the user wants none.

    Args:
        parent: what the dialog stands over.
        title: of the dialog.
        endings: of the names of images, such as ".png": other files are listed only on request.
    """
    images = f"Images ({' '.join(f'*{ending}' for ending in endings)})"
    names, _ = QFileDialog.getOpenFileNames(
        parent,
        title,
        filter=f"{images};;{_ALL_FILES}",
        # dozens of endings, which no field is wide enough for
        options=QFileDialog.Option.HideNameFilterDetails,
    )
    return [Path(name) for name in names]
