"""The Retrieve page in the real window, on runs that are opened."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_widgets import choose, click_item, control, enter
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from symmcore.runs import Recorder
from symmviz.app import Launched, launch
from symmviz.model.display import Gallery, RunRanks
from symmviz.model.retrieval.browse import GalleryList
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Selection
from symmviz.views.retrieve.gallery import GalleryView
from symmviz.views.retrieve.page import RetrievePage

WAIT_MS = 60_000
COUNT, CLASSES = 48, 4


def record(folder: Path, files: list[Path], noise: float) -> None:
    labels = np.arange(COUNT) % CLASSES
    random = np.random.default_rng(3)
    directions = random.standard_normal((COUNT, 8))
    with Recorder(folder, labels=labels, images=files) as recorder:
        for step in (0, 10, 20):
            points = 4 * np.eye(CLASSES, 8)[labels] + noise / (1 + step / 10) * directions
            recorder.frame(step, points.astype(np.float32))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("retrieve")
    files = []
    for at in range(COUNT):
        path = folder / "photos" / f"class {at % CLASSES}" / f"IMG_{at:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 12), (5 * at, 80, 160)).save(path)
        files.append(path)
    made = folder / "first", folder / "second"
    for run, noise in zip(made, (9.0, 4.0), strict=True):
        record(run, files, noise)
    return made


@pytest.fixture
def opened(
    qapp: QApplication, qtbot: QtBot, runs_folder: Path, runs: tuple[Path, Path]
) -> Iterator[Launched]:
    parts = launch(qapp, runs)
    qtbot.waitExposed(parts.window)
    qtbot.waitUntil(lambda: len(parts.controller.workspace.recordings) == 2, timeout=WAIT_MS)
    parts.window.show_page(parts.window.retrieve_page)
    page = parts.window.retrieve_page
    qtbot.waitUntil(lambda: "fail" in page.listing.summary(), timeout=WAIT_MS)
    yield parts
    parts.window.close_without_asking()
    assert parts.session.close(30), "a thread did not end"
    parts.window.deleteLater()


def page_of(parts: Launched) -> RetrievePage:
    return parts.window.retrieve_page


def wait_for_rows(qtbot: QtBot, parts: Launched) -> None:
    qtbot.waitUntil(lambda: page_of(parts).row_count() == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: parts.session.searches.idle, timeout=WAIT_MS)
    parts.controller.workspace.cursor = parts.controller.workspace.cursor
    qtbot.wait(60)


def test_failures_come_first_and_lead_to_their_neighbours(qtbot: QtBot, opened: Launched) -> None:
    page = page_of(opened)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    wait_for_rows(qtbot, opened)
    assert "first right at rank" in page.row(0).caption()
    assert "rank 1 " not in page.row(0).caption()
    assert "✗" in page.row(0).tile(0).text()
    assert page.query.file().endswith(".png")
    qtbot.waitUntil(lambda: len(page.query.curves.curves) == 2, timeout=WAIT_MS)
    assert page.query.curves.curves[0].steps == (0, 10, 20)


def test_the_first_failure_is_shown_to_who_has_selected_nothing(
    qtbot: QtBot, opened: Launched
) -> None:
    window, workspace, page = opened.window, opened.controller.workspace, page_of(opened)
    first = page.gallery.listed()[0]
    qtbot.waitUntil(lambda: workspace.selection.query == Query(first, Split.TEST), timeout=WAIT_MS)
    wait_for_rows(qtbot, opened)
    assert "rank 1 " not in page.row(0).caption()
    workspace.selection = Selection()
    qtbot.wait(100)
    assert workspace.selection == Selection(), "not again to who has let go of it"
    window.show_page(window.watch_page)
    other = Query(page.gallery.listed()[-1], Split.TEST)
    workspace.select(workspace.recordings[0], other)
    window.show_page(page)
    qtbot.wait(100)
    assert workspace.selection.query == other, "what was selected elsewhere stays so"
    window.show_page(window.watch_page)
    window.result_card.retrieve_wanted.emit()
    assert window.page is page
    qtbot.waitUntil(lambda: workspace.selection.query == Query(first, Split.TEST), timeout=WAIT_MS)
    assert page.gallery.verticalScrollBar().value() == 0


def test_the_first_failure_of_a_list_in_any_order(qtbot: QtBot) -> None:
    gallery = GalleryView()
    qtbot.addWidget(gallery)
    listed = Gallery("run", Split.TEST, np.arange(5), np.zeros(5, np.int64), ("a",), np.arange(5))
    assert gallery.first_failure() is None
    for ranks, rows, wanted in (
        (None, [0, 1, 2], None),
        ([1, 0, 1, 4, 2], [], None),
        ([1, 0, 1, 4, 2], [0, 1, 4, 3], 2),
        ([1, 0, 1, 4, 2], [2, 1, 0], 0),
    ):
        known = () if ranks is None else (RunRanks("run", np.array(ranks)),)
        gallery.set_gallery(replace(listed, rows=np.array(rows, np.int64), ranks=known))
        assert gallery.first_failure() == wanted


def test_a_neighbour_is_gone_on_from_and_back_leads_back(qtbot: QtBot, opened: Launched) -> None:
    page = page_of(opened)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    wait_for_rows(qtbot, opened)
    first = page.query.caption()
    page.row(1).tile(2).click()
    second = page.query.caption()
    assert second != first
    page.query.back.emit()
    assert page.query.caption() == first
    page.query.forward.emit()
    assert page.query.caption() == second


def test_all_selected_images_are_listed_and_stay_selected(qtbot: QtBot, opened: Launched) -> None:
    window, workspace, page = opened.window, opened.controller.workspace, page_of(opened)
    window.show_page(window.watch_page)
    chosen = frozenset({3, 9, 27, 40})
    workspace.select_all(workspace.recordings[0], Query(9, Split.TEST), chosen)
    window.watch_page.neighbours_wanted.emit()
    assert window.page is page
    assert set(page.gallery.listed()) == chosen
    click_item(qtbot, page.gallery, page.gallery.place(page.gallery.listed().index(27)))
    assert workspace.selection.query == Query(27, Split.TEST)
    assert workspace.selection.samples == chosen
    assert set(page.gallery.listed()) == chosen
    buttons = {one.text(): one for one in page.listing.findChildren(QAbstractButton)}
    buttons["✕"].click()
    assert len(page.gallery.listed()) == COUNT
    buttons = {one.text(): one for one in page.listing.findChildren(QAbstractButton)}
    buttons["Selection (4)"].click()
    assert set(page.gallery.listed()) == chosen
    assert not buttons["Selection (4)"].isVisible()


def test_the_keyboard_goes_from_the_images_to_the_neighbours(
    qtbot: QtBot, opened: Launched
) -> None:
    page = page_of(opened)
    opened.window.activateWindow()
    page.gallery.setFocus()
    click_item(qtbot, page.gallery, page.gallery.place(0))
    qtbot.keyClick(page.gallery, Qt.Key.Key_Right)
    assert page.gallery.currentIndex() == page.gallery.place(1)
    wait_for_rows(qtbot, opened)
    for key, focused in (
        (Qt.Key.Key_Return, (0, 0)),
        (Qt.Key.Key_Right, (0, 1)),
        (Qt.Key.Key_Down, (1, 1)),
        (Qt.Key.Key_Left, (1, 0)),
    ):
        qtbot.keyClick(QApplication.focusWidget(), key)
        assert QApplication.focusWidget() is page.row(focused[0]).tile(focused[1]).button
    before = page.query.caption()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert page.query.caption() != before
    qtbot.keyClick(page, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert page.query.caption() == before


def test_lists_orders_and_texts_choose_what_is_listed(qtbot: QtBot, opened: Launched) -> None:
    page = page_of(opened)
    names = control(page.listing, QLineEdit, "Class or file name")
    enter(qtbot, names, "img_007")
    qtbot.waitUntil(lambda: page.gallery.listed() == [7], timeout=WAIT_MS)
    enter(qtbot, names, "")
    assert page.gallery.counts() == (COUNT, COUNT)
    order = control(page.listing, QComboBox, "Order")
    titles = [order.itemText(at) for at in range(order.count())]
    choose(qtbot, order, next(title for title in titles if "Fixed" in title))
    assert 0 < page.gallery.counts()[0] < COUNT
    control(page.listing, QPushButton, GalleryList.CLASSES.value).click()
    recalls = [float(page.listing.classes.cell(row, 1)) for row in range(CLASSES)]
    assert recalls == sorted(recalls)
    name, confused = (page.listing.classes.cell(0, column) for column in (0, 3))
    click_item(qtbot, page.listing.classes, page.listing.classes.model().index(0, 3))
    assert f"({page.gallery.counts()[0]})" in confused
    assert {sample % CLASSES for sample in page.gallery.listed()} == {int(name)}
    for shown in (GalleryList.DUPLICATES, GalleryList.LABELS, GalleryList.IMAGES):
        control(page.listing, QPushButton, shown.value).click()
        assert opened.controller.workspace.browse.shown is shown


def test_as_many_neighbours_as_wanted_are_shown(qtbot: QtBot, opened: Launched) -> None:
    page = page_of(opened)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    page.query.count_chosen.emit(25)
    qtbot.waitUntil(lambda: page.row_count() == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(page.row(0).cards()) == 25, timeout=WAIT_MS)


def test_the_menu_of_an_image_copies_its_path_and_shows_it_in_the_map(
    qtbot: QtBot, opened: Launched
) -> None:
    page = page_of(opened)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    wait_for_rows(qtbot, opened)
    page.row(0).menu_wanted.disconnect()  # or it would open, which takes a screen
    cards = []
    page.row(0).menu_wanted.connect(lambda card, _: cards.append(card))
    tile = page.row(0).tile(1)
    tile.button.customContextMenuRequested.emit(tile.button.rect().center())
    (card,) = cards
    actions = {action.text(): action for action in page.image_menu(card).actions()}
    actions["Copy its path"].trigger()
    assert Path(QGuiApplication.clipboard().text()) == card.file
    assert card.file is not None
    assert card.file.is_file()
    actions["Show in the map"].trigger()
    assert opened.window.page is opened.window.watch_page
    assert opened.controller.workspace.selection.query == card.query


def test_the_step_of_the_slider_is_the_one_searched(qtbot: QtBot, opened: Launched) -> None:
    page = page_of(opened)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    wait_for_rows(qtbot, opened)
    opened.window.time_slider.moved.emit(0)
    qtbot.waitUntil(lambda: "step 0 " in page.row(0).caption(), timeout=WAIT_MS)


def test_dropped_and_pasted_images_say_that_there_is_no_network(
    qtbot: QtBot, opened: Launched, runs: tuple[Path, Path]
) -> None:
    page = page_of(opened)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (runs[0], runs[1])])
    assert page.accept_images(data)
    assert "no class" in page.query.caption()
    assert len(page.uploads().cards()) == 2
    assert "No checkpoint" in page.row(0).caption()
    image = QImage(13, 7, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.red)
    data = QMimeData()
    data.setImageData(image)
    assert page.accept_images(data)
    upload = opened.controller.workspace.selection.upload
    assert upload is not None
    assert opened.session.uploads.read(upload.number, 26).shape == (14, 26, 3)
    click_item(qtbot, page.gallery, page.gallery.place(0))
    assert isinstance(opened.controller.workspace.selection.asked, Query)
    page.query.back.emit()
    assert opened.controller.workspace.selection.upload == upload
