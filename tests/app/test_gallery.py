"""The gallery's cells are drawn once without a picture, and again when it has come."""

import numpy as np
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from symmcore.data.images.store import ImageArray
from symmviz.model.display import Gallery, PictureId
from symmviz.model.retrieval import Split
from symmviz.views.gallery import GalleryView

COUNT = 4
BRIGHT = 250


class Pictures:
    """White pictures, of those images that a test has made; what was asked for is noted."""

    def __init__(self) -> None:
        self.made: set[int] = set()
        self.asked: list[int] = []
        self.lacks = ""

    def lack(self, run: str) -> str:
        return self.lacks

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        self.asked.append(picture.sample)
        is_made = picture.sample in self.made
        return np.full((side, side, 1), BRIGHT, np.uint8) if is_made else None


def gallery_of(name: str) -> Gallery:
    rows = np.arange(COUNT)
    return Gallery(name, Split.TEST, rows, rows, tuple("abcd"), rows)


def brightness(view: GalleryView) -> list[int]:
    """How bright the middle of each cell is."""
    shown = view.viewport().grab().toImage()
    centres = [view.visualRect(view.place(at)).center() for at in range(COUNT)]
    return [shown.pixelColor(centre).red() for centre in centres]


def test_pictures_are_drawn_as_they_come_and_asked_for_no_more(qtbot: QtBot) -> None:
    view, pictures = GalleryView(), Pictures()
    qtbot.addWidget(view)
    view.set_pictures(pictures)
    view.set_gallery(gallery_of("test_gallery"))
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    assert BRIGHT not in brightness(view)
    pictures.made = {1, 3}
    view.pictures_came()
    assert [one == BRIGHT for one in brightness(view)] == [False, True, False, True]
    pictures.made, pictures.asked = {0, 1, 2, 3}, []
    view.pictures_came()
    assert set(pictures.asked) == {0, 2}
    assert set(brightness(view)) == {BRIGHT}
    pictures.asked = []
    view.pictures_came()
    assert not pictures.asked


def test_of_a_run_without_images_numbers_are_drawn_in_no_squares(qtbot: QtBot) -> None:
    view, pictures = GalleryView(), Pictures()
    qtbot.addWidget(view)
    view.set_pictures(pictures)
    view.set_gallery(gallery_of("test_gallery without images"))
    view.resize(400, 300)
    view.show()
    qtbot.waitExposed(view)
    placeholder = view.viewport().grab().toImage()
    pictures.lacks = "This run has none."
    view.pictures_came()
    assert view.lack == pictures.lacks
    shown = view.viewport().grab().toImage()
    corner = view.visualRect(view.place(0)).topLeft() + QPoint(9, 9)
    paper = shown.pixelColor(view.viewport().width() - 2, view.viewport().height() - 2)
    assert placeholder.pixelColor(corner) != paper
    assert shown.pixelColor(corner) == paper
    pictures.asked = []
    view.pictures_came()
    assert not pictures.asked
