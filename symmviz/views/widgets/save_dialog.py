"""The dialog that asks where a file is to be saved."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

PICTURE_FORMATS = {".png": "PNG", ".svg": "SVG", ".pdf": "PDF"}
"""What a picture can be saved as, by the endings of files."""


def ask_where_to_save(
    parent: QWidget, title: str, proposed: str, formats: Mapping[str, str]
) -> Path | None:
    """Ask for a file to write; what is there under its whole name has been asked about.

    Args:
        parent: what the dialog stands over.
        title: of the dialog.
        proposed: a name, or a path; its ending says which format is proposed.
        formats: names of the formats by their endings, such as ".png"; the first is proposed
            where the name has none of them. Empty where the name has no ending.

    Returns:
        The path, with one of the endings; None where the user wants no file.
    """
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    filters = {f"{name} (*{ending})": ending for ending, name in formats.items()}
    dialog.setNameFilters(list(filters) or ["All files (*)"])

    def choose(one: str) -> None:
        dialog.setDefaultSuffix(filters.get(one, ""))

    dialog.filterSelected.connect(choose)
    suffix = Path(proposed).suffix.lower()
    first = next((one for one, ending in filters.items() if ending == suffix), None)
    first = first or next(iter(filters), "")
    if first:
        dialog.selectNameFilter(first)
    choose(first)
    dialog.selectFile(proposed)
    try:
        return _asked(dialog, filters)
    finally:
        dialog.deleteLater()


def _asked(dialog: QFileDialog, filters: Mapping[str, str]) -> Path | None:
    while dialog.exec():
        path = Path(dialog.selectedFiles()[0])
        if not filters or path.suffix.lower() in filters.values():
            return path
        # A name with another ending is asked about anew: its whole name may be there.
        ending = filters.get(dialog.selectedNameFilter()) or next(iter(filters.values()))
        dialog.selectFile(str(path.with_name(path.name + ending)))
    return None
