"""A neighbour's tile says whose image it is, in two lines at most."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from symmcore.data.images.store import ImageArray
from symmviz.model.display import ImageCard, PictureId
from symmviz.model.retrieval.query import Query, Split
from symmviz.views.retrieve.image_tile import ImageTile


class Pictures:
    """Pictures of one shade each, once a test has made them."""

    def __init__(self) -> None:
        self.made: dict[PictureId, int] = {}
        self.lacks = ""

    def missing_reason(self, run: str) -> str:
        return self.lacks

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        shade = self.made.get(picture)
        return None if shade is None else np.full((side, side, 1), shade, np.uint8)


def card(name: str, similarity: float = 0.9, run: str = "run") -> ImageCard:
    return ImageCard(Query(1, Split.TEST), PictureId(run, 1), name, similarity, correct=True)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("3", ["class 3"]),
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
    tile = ImageTile(Pictures())
    qtbot.addWidget(tile)
    tile.show_card(card(name, 0.9876))
    return tile


def shown(qtbot: QtBot, name: str) -> list[str]:
    """The lines under the mark and the similarity."""
    tile = tile_of(qtbot, name)
    mark, *lines = tile.text().split("<br>")
    assert mark.endswith("</span> 0.988")
    return lines


def red(tile: ImageTile) -> int:
    """How bright the tile's picture is in its middle."""
    return tile.button.icon().pixmap(8).toImage().pixelColor(4, 4).red()


def test_a_tile_waits_for_its_picture_with_a_placeholder(qtbot: QtBot) -> None:
    pictures = Pictures()
    tile = ImageTile(pictures)
    qtbot.addWidget(tile)
    tile.show_card(card("a"))
    assert not tile.button.icon().isNull()
    assert red(tile) not in (7, 250)
    pictures.made[PictureId("run", 1)] = 250
    tile.pictures_came()
    assert red(tile) == 250


def test_of_a_run_without_images_the_number_is_shown(qtbot: QtBot) -> None:
    pictures = Pictures()
    tile = ImageTile(pictures)
    qtbot.addWidget(tile)
    tile.show_card(card("a"))
    waited = tile.waits
    pictures.lacks = "This run has none."
    tile.pictures_came()
    assert (waited, tile.waits) == (True, False)
    shown = tile.button.icon().pixmap(68).toImage()
    assert shown.pixelColor(3, 3).alpha() == 0, "no square"
    assert any(shown.pixelColor(x, 34).alpha() for x in range(20, 48)), "but a number"


def test_a_tile_of_another_dataset_shows_that_ones_image(qtbot: QtBot) -> None:
    pictures = Pictures()
    tile = ImageTile(pictures)
    qtbot.addWidget(tile)
    for run, value in (("run", 0), ("other", 255)):
        pictures.made[PictureId(run, 1)] = value
        tile.show_card(card("a", run=run))
        assert red(tile) == value


def test_a_click_says_which_run_has_the_image(qtbot: QtBot) -> None:
    tile = ImageTile(Pictures())
    qtbot.addWidget(tile)
    tile.show_card(card("a", run="other"))
    with qtbot.waitSignal(tile.chosen) as chosen:
        tile.click()
    assert chosen.args == [Query(1, Split.TEST), "other"]


def test_a_name_that_looks_like_markup_is_text_in_the_tooltip(qtbot: QtBot) -> None:
    tile = ImageTile(Pictures())
    qtbot.addWidget(tile)
    tile.show_card(card("<img src=x>"))
    assert "&lt;img src=x&gt;" in tile.button.toolTip()


def test_other_words_do_not_have_the_page_laid_out_anew(qtbot: QtBot) -> None:
    tile = tile_of(qtbot, "3")
    tile.keep_lines(3)
    size = tile.sizeHint()
    for name in ("alphabet 21, the third character", "3"):
        tile.show_card(card(name))
        assert tile.sizeHint() == size
    assert tile.lines == 2


def test_a_class_that_is_a_number_is_called_a_class(qtbot: QtBot) -> None:
    tile = tile_of(qtbot, "3")
    assert tile.text().endswith("class 3")
    assert tile_of(qtbot, "lamp 3").text().endswith("lamp 3")
