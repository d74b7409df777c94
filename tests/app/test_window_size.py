"""The window fits the screen, and every page can be used in it."""

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.model.curve import Panel
from symmviz.model.display import ImageCard, NeighbourRow, PictureId, RunTitle
from symmviz.model.retrieval.query import Query, Split
from symmviz.presenters.controls import Commands, Notice
from symmviz.views.curves.grid import CurveGrid
from symmviz.views.start.page import StartPage
from symmviz.views.style.theme import apply_appearance
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.window.main_window import MainWindow
from symmviz.views.window.window_size import PREFERRED, fitted_area, opening_area, place_window

# What remains of common screens in logical pixels: at 200, 150 and 100%, with and without a panel.
SCREENS = {
    "1280x800 at 200%": QRect(0, 0, 640, 400),
    "1280x800 at 150%": QRect(0, 0, 853, 533),
    "1280x800 at 150%, panel": QRect(0, 32, 853, 501),
    "1920x1200 at 200%": QRect(0, 0, 960, 600),
    "1366x768": QRect(0, 0, 1366, 728),
    "1280x800": QRect(0, 0, 1280, 800),
    "3840x2160 at 200%": QRect(0, 0, 1920, 1080),
    "3840x2160": QRect(0, 0, 3840, 2160),
    "the right one of two": QRect(1920, 200, 1280, 720),
    "left of the main one": QRect(-1280, 0, 1280, 720),
}
SMALLEST = QSize(640, 400)
SIZES = [(640, 400), (837, 489), (944, 556), (900, 600), (1280, 760)]
LONG = "x" * 300
_GAP = 4  # pixels between the words of two neighbours, at least


@pytest.mark.parametrize("available", SCREENS.values(), ids=SCREENS)
def test_a_new_window_opens_inside_the_screen(available: QRect) -> None:
    area = opening_area(available)
    assert available.contains(area)
    assert area.top() - available.top() >= 30, "the title bar has a place"
    assert area.width() == min(PREFERRED.width(), available.width() - 16)
    assert area.height() <= PREFERRED.height()


@pytest.mark.parametrize("available", SCREENS.values(), ids=SCREENS)
@pytest.mark.parametrize(
    "wanted",
    [QRect(0, 0, 1280, 800), QRect(-500, -500, 300, 300), QRect(5000, 5000, 4000, 3000)],
    ids=["usual", "outside", "huge"],
)
def test_a_window_that_was_elsewhere_comes_to_the_screen(wanted: QRect, available: QRect) -> None:
    area = fitted_area(wanted, available)
    assert available.contains(area)
    assert area.width() <= wanted.width()
    assert area.height() <= wanted.height()


def test_a_window_that_fits_stays_where_it_was() -> None:
    wanted = QRect(100, 120, 700, 500)
    assert fitted_area(wanted, QRect(0, 0, 1920, 1080)) == wanted


@pytest.mark.parametrize("size", [QSize(500, 400), QSize(4000, 3000)])
def test_a_remembered_window_fits_the_screen_of_today(qtbot: QtBot, size: QSize) -> None:
    before = QWidget()
    qtbot.addWidget(before)
    before.setGeometry(QRect(QPoint(60, 60), size))
    window = QWidget()
    qtbot.addWidget(window)
    place_window(window, before.saveGeometry())
    available = QGuiApplication.primaryScreen().availableGeometry()
    assert available.contains(window.geometry())
    if available.contains(before.geometry()):
        assert window.geometry() == before.geometry()


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> MainWindow:
    """The window with all that can make it large: a notice, long names, Go on."""
    qapp.setStyle("Fusion")
    apply_appearance(qapp, Appearance.LIGHT)
    made = MainWindow(StartPage(tmp_path / LONG), Appearance.LIGHT)
    qtbot.addWidget(made)
    made.set_training_pages(True)
    made.controls.set_commands(Commands(extend=True))
    made.controls.set_facts("cuda:0 · seed 4,294,967,295")
    made.controls.set_notice(Notice(f"/{LONG}/{LONG}\nmore\nand more", "details"))
    runs = (RunTitle("a", "N-pair"), RunTitle("b", LONG))
    made.watch_page.curves.set_panels(tuple(Panel))  # which are made in parts at a launch
    made.watch_page.set_runs(runs)
    made.watch_page.curves.set_panels(tuple(Panel))
    made.set_shown("Showing 2,000 of 60,502 training images and their 2,000 synthetic points")
    card = ImageCard(Query(0, Split.TEST), PictureId("a", 0), LONG, 0.5, correct=True)
    made.retrieve_page.set_query(card, "Test image 0")
    caption = "step 300 · 7 of 10 right · searched 1,999 other watched training images"
    made.retrieve_page.set_rows(tuple(NeighbourRow(run, caption, (card,) * 10) for run in runs))
    made.show()
    qtbot.waitExposed(made)
    return made


def settle(qtbot: QtBot, window: MainWindow, page: QWidget, size: tuple[int, int]) -> None:
    window.show_page(page)
    window.resize(*size)
    qtbot.waitUntil(lambda: page.isVisible() and window.size().toTuple() == size)
    for _ in range(3):  # a layout may ask for another
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def show_advanced(window: MainWindow) -> None:
    button = window.start_page.findChild(QToolButton)
    assert isinstance(button, QToolButton)
    button.setChecked(True)


def in_sight(widget: QWidget) -> bool:
    """Whether all of a widget is seen."""
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect()


def test_the_window_can_be_as_small_as_the_smallest_screen(window: MainWindow) -> None:
    window.start_page.set_error(f"{LONG} cannot be written")
    window.start_page.set_dataset_note(LONG, is_error=True)
    show_advanced(window)
    least = window.minimumSizeHint()
    assert least.width() <= SMALLEST.width() - 16
    assert least.height() <= SMALLEST.height() - 44


@pytest.mark.parametrize("size", SIZES)
def test_start_is_in_sight_at_every_size(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    page = window.start_page
    page.set_error(f"{LONG} cannot be written: choose another folder for runs.")
    show_advanced(window)
    settle(qtbot, window, page, size)
    assert in_sight(page.start_button)
    assert in_sight(page.compare_button)


@pytest.mark.parametrize("size", SIZES)
def test_no_page_is_cut_at_its_side(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    for page in (window.start_page, window.watch_page, window.retrieve_page):
        settle(qtbot, window, page, size)
        for scroll in page.findChildren(QScrollArea):
            if scroll.isVisible():
                assert scroll.horizontalScrollBar().maximum() == 0, (page, scroll)
    assert in_sight(window.controls.extend_button)


@pytest.mark.parametrize("size", SIZES)
def test_pictures_and_plots_are_never_squeezed_to_nothing(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    page = window.watch_page
    settle(qtbot, window, page, size)
    for run in (0, 1):
        assert page.scatter(run).height() >= 100
    for panel in Panel:
        assert page.curves.panel(panel).plot.height() >= 80
        assert page.curves.panel(panel).plot.width() >= 150
    assert in_sight(window.statusBar())


def test_the_plots_stand_in_two_rows_in_a_narrow_window(qtbot: QtBot, window: MainWindow) -> None:
    grid = window.findChild(CurveGrid)
    assert grid is not None
    for width, across in ((1280, 4), (837, 4), (640, 2), (1280, 4)):
        settle(qtbot, window, window.watch_page, (width, 900))  # under the maps
        assert grid.across == across
        tops = [window.watch_page.curves.panel(panel).y() for panel in Panel]
        assert len(set(tops)) == 4 // across


def test_neighbours_wrap(qtbot: QtBot, window: MainWindow) -> None:
    page = window.retrieve_page
    lines = []
    for width in (1280, 640):
        settle(qtbot, window, page, (width, 700))
        tiles = [page.row(0).tile(at) for at in range(10)]
        assert all(tile.geometry().right() < page.row(0).width() for tile in tiles)
        beside = [(one, other) for one, other in pairwise(tiles) if one.y() == other.y()]
        assert all(other.x() - one.geometry().right() > _GAP for one, other in beside)
        lines.append(len({tile.y() for tile in tiles}))
    assert lines[0] == 1
    assert lines[1] > 1


def test_a_flow_gives_what_is_left_to_what_stretches(qtbot: QtBot) -> None:
    area = QWidget()
    qtbot.addWidget(area)
    flow = FlowLayout(area, spacing=10)
    ones = [QWidget() for _ in range(3)]
    for one in ones:
        one.setFixedSize(100, 20)
        flow.addWidget(one)
    assert flow.heightForWidth(320) == 20
    assert flow.heightForWidth(319) == 50
    assert flow.heightForWidth(1) == 80
    assert flow.sizeHint() == QSize(320, 20)
    assert flow.minimumSize() == QSize(100, 20)
    ones[1].hide()
    assert flow.heightForWidth(210) == 20
    ones[2].setFixedSize(120, 30)  # what was known of it holds no longer
    assert flow.heightForWidth(210) == 60
    ones[2].setFixedSize(100, 20)
    assert flow.heightForWidth(210) == 20
    wide = QWidget()
    policy = wide.sizePolicy()
    policy.setHorizontalStretch(1)
    wide.setSizePolicy(policy)
    wide.setMinimumSize(50, 20)
    flow.addWidget(wide)
    area.resize(400, 60)
    area.show()
    qtbot.waitExposed(area)
    assert (wide.x(), wide.width()) == (220, 180)
