"""The gallery's cells are drawn once without a picture, and again when it has come."""

import numpy as np
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from symmcore.data.images.store import ImageArray
from symmviz.model.display import Gallery, PictureId, RunRanks
from symmviz.model.retrieval.query import Split
from symmviz.views.retrieve.gallery import GalleryView
from symmviz.views.retrieve.gallery_cells import CELL_SIDE, GalleryModel, image_words

COUNT = 4
BRIGHT = 250


class Pictures:
    """White pictures, of those images that a test has made; what was asked for is noted."""

    def __init__(self) -> None:
        self.made: set[int] = set()
        self.asked: list[int] = []
        self.lacks = ""

    def missing_reason(self, run: str) -> str:
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
    assert view.missing_reason == pictures.lacks
    shown = view.viewport().grab().toImage()
    corner = view.visualRect(view.place(0)).topLeft() + QPoint(9, 9)
    paper = shown.pixelColor(view.viewport().width() - 2, view.viewport().height() - 2)
    assert placeholder.pixelColor(corner) != paper
    assert shown.pixelColor(corner) == paper
    pictures.asked = []
    view.pictures_came()
    assert not pictures.asked


def test_images_fill_the_width_evenly(qtbot: QtBot) -> None:
    view = GalleryView()
    qtbot.addWidget(view)
    view.set_gallery(gallery_of("test_gallery"))
    view.show()
    for across in (2, 3, 4):
        view.resize(across * CELL_SIDE + CELL_SIDE // 2 + 40, 300)
        right = view.visualRect(view.place(across - 1)).right()
        assert 0 <= view.viewport().width() - 1 - right < across, "no gap of half an image"


def test_a_failure_in_some_runs_only_is_marked_and_named_so(qtbot: QtBot) -> None:
    rows = np.arange(COUNT)
    ranks = (RunRanks("N-pair", np.array([1, 3, 1, 0])), RunRanks("Symm", np.array([1, 1, 4, 0])))
    gallery = Gallery("run", Split.TEST, rows, rows, tuple("abcd"), rows, ranks)
    view = GalleryView()
    qtbot.addWidget(view)
    view.set_gallery(gallery)
    model = view.model()
    assert isinstance(model, GalleryModel)
    assert [model.failures(view.place(at)) for at in range(COUNT)] == [
        (0, 2),
        (1, 2),
        (1, 2),
        (0, 2),
    ]
    words = image_words(gallery, 2).splitlines()
    assert words[1:] == ["First right at rank 1 in N-pair", "First right at rank 4 in Symm"]
    assert image_words(gallery, 3).splitlines()[1:] == ["No other image of its class"]
