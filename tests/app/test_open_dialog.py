"""The dialog that asks for images lists those that can be decoded, and all files on request."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from symmcore.data.images.formats import image_endings
from symmviz.views.dialogs.open_dialog import ask_for_images


def test_images_are_listed_by_every_ending_that_is_decoded(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def choose(_: QWidget, title: str, **options: object) -> tuple[list[str], str]:
        asked.append(str(options["filter"]))
        return ["/photos/a.PNG"], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileNames", choose)
    parent = QWidget()
    qtbot.addWidget(parent)
    assert ask_for_images(parent, "Search", image_endings()) == [Path("/photos/a.PNG")]
    images, everything = asked[0].split(";;")
    listed = images.removeprefix("Images (").removesuffix(")").split()
    assert listed == [f"*{ending}" for ending in image_endings()]
    assert everything == "All files (*)"
