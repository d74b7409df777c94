"""A neighbour's tile says whose image it is, in two lines at most."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from symmviz.model.retrieval import Query, Split
from symmviz.presenters.retrieve import ImageCard
from symmviz.views.image_tile import ImageTile


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("3", ["3"]),
        ("a <b>", ["a &lt;b&gt;"]),
        ("", ["(no name)"]),
    ],
)
def test_a_name_takes_two_lines_at_most(qtbot: QtBot, name: str, lines: list[str]) -> None:
    assert shown(qtbot, name) == lines


def test_a_name_is_broken_between_words(qtbot: QtBot) -> None:
    first, second = shown(qtbot, "alphabet 21, the third character")
    assert first.startswith("alph")
    assert second  # how much of it fits is up to the font


@pytest.mark.parametrize("name", ["חתולים", "قطط صغيرة", "x\ny", "\u202ex", "\u0301"])
def test_mark_and_number_stay_in_order_before_any_name(qtbot: QtBot, name: str) -> None:
    tile = tile_of(qtbot, name)
    document = QTextDocument()
    document.setHtml(tile.text())
    block = document.firstBlock()
    assert document.blockCount() == 1
    assert block.textDirection() is Qt.LayoutDirection.LeftToRight
    assert document.toPlainText().count("\n") == 1
    assert document.toPlainText().startswith("✓ 0.988\n")


@pytest.mark.parametrize("name", ["x" * 200, "word " * 50, "001.Black_footed_Albatross"])
def test_a_long_name_is_cut(qtbot: QtBot, name: str) -> None:
    lines = shown(qtbot, name)
    assert len(lines) <= 2
    assert lines[-1].endswith("…")


def tile_of(qtbot: QtBot, name: str) -> ImageTile:
    tile = ImageTile()
    qtbot.addWidget(tile)
    image = np.zeros((8, 8, 1), np.uint8)
    tile.show_card(ImageCard(Query(1, Split.TEST), image, name, 0.9876, correct=True))
    return tile


def shown(qtbot: QtBot, name: str) -> list[str]:
    """The lines under the mark and the similarity."""
    tile = tile_of(qtbot, name)
    mark, *lines = tile.text().split("<br>")
    assert mark.endswith("</span> 0.988")
    return lines


def test_a_tile_of_another_dataset_shows_that_ones_image(qtbot: QtBot) -> None:
    tile = ImageTile()
    qtbot.addWidget(tile)
    query = Query(1, Split.TEST)
    for value in (0, 255):
        image = np.full((8, 8, 1), value, np.uint8)
        tile.show_card(ImageCard(query, image, "a", 0.9, correct=True))
        shown = tile.button.icon().pixmap(8).toImage().pixelColor(4, 4)
        assert shown.red() == value
        tile.forget()


def test_a_name_that_looks_like_markup_is_text_in_the_tooltip(qtbot: QtBot) -> None:
    tile = ImageTile()
    qtbot.addWidget(tile)
    image = np.zeros((8, 8, 1), np.uint8)
    tile.show_card(ImageCard(Query(1, Split.TEST), image, "<img src=x>", 0.9, correct=True))
    assert "&lt;img src=x&gt;" in tile.button.toolTip()
