"""The Watch page by itself, with runs of any name."""

import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from symmcore.training.spec import parse_spec
from symmviz.model.curve import Curve, LegendEntry, Panel, Reading, Variant
from symmviz.model.display import ColourBy, PictureId
from symmviz.model.map.class_choice import shown_classes
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.resolve.events import EventsState
from symmviz.model.retrieval.query import Split
from symmviz.model.runs.titles import spec_title
from symmviz.views.curves.readings import ReadingsLabel
from symmviz.views.curves.run_legend import RunLegend
from symmviz.views.map.column import MapColumn
from symmviz.views.map.legend import ColourLegend
from symmviz.views.map.toggles import LayerMenu
from symmviz.views.style.run_colours import RunColours
from symmviz.views.watch.page import WatchPage
from symmviz.views.widgets.divided import Divided
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.plain_tip import plain_tip
from symmviz.views.widgets.title_label import TitleLabel

SETTINGS = "alpha=12.345,beta=98.765,rank=12,pairs=official,angle_deg=45.123,l2_reg=0.123456"
LONG = f"angular+symm:{SETTINGS}"


@pytest.fixture
def page(qtbot: QtBot) -> WatchPage:
    made = WatchPage()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_long_names_neither_widen_the_window_nor_one_of_the_scatters(
    qtbot: QtBot, page: WatchPage
) -> None:
    page.set_runs((spec_title(parse_spec("npair")),))
    narrowest = page.minimumSizeHint().width()
    runs = tuple(spec_title(parse_spec(spec)) for spec in ("angular", LONG))
    page.set_runs(runs)
    page.resize(900, 600)
    layout = page.layout()
    assert layout is not None
    layout.activate()
    assert page.width() == 900
    assert page.minimumSizeHint().width() <= max(narrowest, 900)
    widths = [page.scatter(run).parentWidget().width() for run in range(2)]
    assert abs(widths[0] - widths[1]) <= 1
    heading = page.findChildren(TitleLabel)[1]
    qtbot.waitUntil(lambda: " ".join(heading.shown().split("\n")) == runs[1].title)
    assert not heading.toolTip()
    page.resize(700, 600)
    qtbot.waitUntil(lambda: heading.toolTip() == plain_tip(runs[1].title))
    assert "…" in heading.shown()
    assert heading.text() == runs[1].title
    page.resize(900, 600)
    entries = tuple(LegendEntry(at, (run.name,), run.title) for at, run in enumerate(runs))
    page.curves.set_legend(entries, has_seeds=True)
    assert page.minimumSizeHint().width() <= max(narrowest, 900)
    legend = page.curves.findChild(RunLegend)
    assert legend is not None
    titles = [plain_tip(run.title).removeprefix("<span>").removesuffix("</span>") for run in runs]
    lines = legend.toolTip().removeprefix("<span>").split("<br>")
    assert lines[: len(runs)] == titles


def test_columns_that_would_be_too_narrow_stand_in_two_rows(qtbot: QtBot, page: WatchPage) -> None:
    specs = ("npair", "npair+symm:alpha=3,beta=2", "angular", "triplet", "lifted", "angular+symm")
    page.set_runs(tuple(spec_title(parse_spec(spec)) for spec in specs))

    bar = page.findChildren(QScrollArea)[0].horizontalScrollBar()

    def columns() -> list[QWidget]:
        return [page.scatter(run).parentWidget() for run in range(len(specs))]

    def stand_in(rows: list[int]) -> bool:
        found = Counter(one.y() for one in columns())
        return [found[y] for y in sorted(found)] == rows and bar.maximum() == 0

    for width, rows in ((1280, [6]), (900, [3, 3]), (500, [2, 2, 2]), (1280, [6])):
        page.resize(width, 700)
        qtbot.waitUntil(partial(stand_in, rows))
        widths = [one.width() for one in columns()]
        assert max(widths) - min(widths) <= 1
    assert [one.lines for one in page.findChildren(TitleLabel)] == [1, 2, 1, 1, 1, 1]
    assert len({page.scatter(run).y() for run in range(len(specs))}) == 1, "as one title has two"


def test_a_caption_keeps_its_room_beside_a_long_name(page: WatchPage) -> None:
    page.set_runs(tuple(spec_title(parse_spec(spec)) for spec in ("angular", LONG)))
    page.resize(1000, 600)
    page.set_caption(1, "PCA · step 75 · 52% of the variance")
    layout = page.layout()
    assert layout is not None
    layout.activate()
    caption = next(
        one for one in page.findChildren(QLabel) if one.text().endswith("52% of the variance")
    )
    assert caption.width() >= caption.fontMetrics().horizontalAdvance(caption.text())


def test_a_plot_without_lines_says_why_until_another_training(page: WatchPage) -> None:
    strokes = page.curves.panel(Panel.RATIO).note()
    page.curves.set_note(Panel.RATIO, "Nothing is mined.")
    assert page.curves.panel(Panel.RATIO).note() == "Nothing is mined."
    page.curves.set_note(Panel.RATIO, "")
    assert page.curves.panel(Panel.RATIO).note() == strokes


def test_the_legend_names_the_classes_there_are_as_far_as_there_is_room(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.resize(600, 20)
    names = tuple(f"class-{at}" for at in range(6))
    legend.set_meaning(ColourBy.CLASS, shown_classes((3, 4, 5), names, None))
    assert "class-3" in legend.text()
    assert "class-5" in legend.text()
    assert "class-0" not in legend.text()
    legend.show()
    legend.setMinimumWidth(0)
    legend.resize(120, 20)
    qtbot.waitUntil(lambda: "class-5" not in legend.text())
    assert "..." in legend.text()
    assert "class-5" in legend.toolTip()
    many = tuple(map(str, range(200)))
    legend.set_meaning(ColourBy.CLASS, shown_classes(tuple(range(100, 200)), many, None))
    assert "+ 90 in grey" in legend.text()
    assert legend.textFormat() is Qt.TextFormat.RichText


def test_a_plot_forgets_the_axes_of_the_run_before(page: WatchPage) -> None:
    steps = np.arange(1.0, 400.0)
    page.curves.set_curves(
        Panel.LOSS, (Curve(Panel.LOSS, 0, Variant.SOLID, steps, 1000 + steps),), ()
    )
    page.curves.clear()
    (x_min, x_max), (y_min, y_max) = page.curves.panel(Panel.LOSS).view_range()
    assert x_max < 20
    assert y_max < 10
    assert x_min < 1
    assert y_min < 1


def test_numbers_of_an_own_loop_have_plots_below_the_others(qtbot: QtBot, page: WatchPage) -> None:
    page.set_runs((spec_title(parse_spec("npair")),))
    page.curves.set_panels((*Panel, "learning_rate"))
    steps = np.arange(3.0)
    curve = Curve("learning_rate", 0, Variant.SOLID, steps, steps)
    page.curves.set_curves("learning_rate", (curve,), ())
    assert page.curves.panel("learning_rate").line_data(0, Variant.SOLID)[1] == [0.0, 1.0, 2.0]
    own = page.curves.panel("learning_rate")
    qtbot.waitUntil(own.isVisible)
    qtbot.waitUntil(lambda: own.y() > page.curves.panel(Panel.LOSS).y())
    page.curves.set_panels(tuple(Panel))
    with pytest.raises(KeyError):
        page.curves.panel("learning_rate")


def test_values_at_the_step_that_is_shown_stand_beside_what_the_strokes_mean(
    page: WatchPage,
) -> None:
    page.curves.set_readings(
        Panel.RECALL,
        (Reading(0, Variant.SOLID, 0.9123), Reading(1, Variant.DASHED, 0.5)),
        "step 7",
    )
    text = page.curves.panel(Panel.RECALL).readings()
    assert page.curves.panel(Panel.RECALL).note() == "step 7"
    assert text.index("0.912") < text.index("╌") < text.index("0.500")
    page.curves.clear()
    assert page.curves.panel(Panel.RECALL).readings() == ""


def test_a_second_row_of_the_same_runs_has_no_symbols_again(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    colours = RunColours()
    colours.set_names({0: "N-pair", 1: "Angular"})
    label = ReadingsLabel(".3f", parent, colours)
    label.resize(400, 20)
    both = [Reading(run, Variant.SOLID, 0.1) for run in (0, 1)]
    label.set_readings((*both, *(Reading(run, Variant.DASHED, 0.2) for run in (0, 1))))
    assert [label.text().count(colours.markup(run)) for run in (0, 1)] == [1, 1]
    label.set_readings((*both, Reading(1, Variant.DASHED, 0.2)))
    assert [label.text().count(colours.markup(run)) for run in (0, 1)] == [1, 2]


def test_values_that_do_not_fit_are_left_out_whole_and_told_by_the_tooltip(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    colours = RunColours()
    label = ReadingsLabel(".3f", parent, colours)
    label.resize(400, 20)
    label.set_readings(
        (
            Reading(0, Variant.SOLID, 0.9123),
            Reading(1, Variant.SOLID, math.nan),
            Reading(0, Variant.DASHED, 0.5),
        )
    )
    assert "0.912" in label.text()
    assert "n/a" in label.text()
    assert "0.500" in label.text()
    assert label.toolTip().count("0.912") == 1
    label.resize(60, 20)
    label.show_again()
    assert "0.912" in label.text()
    assert "0.500" not in label.text()
    assert "…" in label.text()
    assert "0.500" in label.toolTip()
    colours.set_names({0: "N-pair", 1: "a <b>"})
    label.show_again()
    first, second = label.toolTip().split("<br>")
    assert "N-pair 0.912 (╌ 0.500)" in first, "not by its colour alone"
    assert "a &lt;b&gt; n/a" in second
    label.set_readings(tuple(Reading(run, Variant.SOLID, 0.9) for run in range(6)))
    for width in (60, 120, 170):  # no number is cut
        label.resize(width, 20)
        assert 1 <= label.text().count("0.900") < 6
        assert label.findChildren(QLabel)[0].sizeHint().width() <= width
        assert label.toolTip().count("0.900") == 6
    label.set_readings(())
    assert label.text() == ""
    assert label.toolTip() == ""


def test_the_split_that_is_shown_is_named_whoever_chose_it(page: WatchPage) -> None:
    (split,) = (
        one for one in page.findChildren(QComboBox) if one.accessibleName() == "Which images"
    )
    (pairs,) = (one for one in page.findChildren(QCheckBox) if one.text() == "Mined pairs")
    for chosen, text in ((Split.TRAIN, "Training images"), (Split.TEST, "Test images")):
        page.set_look(chosen, ColourBy.CLASS, synthetic_visible=True, pairs_visible=False)
        assert split.currentText() == text
        assert pairs.isEnabled() == (chosen is Split.TRAIN)


def test_the_menu_of_layers_says_which_are_wanted_and_what_each_is(page: WatchPage) -> None:
    menu = page.findChild(LayerMenu)
    assert menu is not None
    assert menu.layers == AT_FIRST
    page.set_layers(frozenset())
    assert menu.layers == frozenset()
    page.set_layers(AT_FIRST)
    told: list[frozenset[Layer]] = []
    page.layers_chosen.connect(told.append)
    for layer in Layer:
        assert menu.action(layer).text()
        assert menu.action(layer).toolTip().endswith(".")
    menu.action(Layer.TRAILS).trigger()
    menu.action(Layer.SIMILARITIES).trigger()
    assert told == [AT_FIRST | {Layer.TRAILS}, frozenset({Layer.TRAILS})]


def test_the_histogram_is_beside_a_map_that_has_room_for_it(qtbot: QtBot, page: WatchPage) -> None:
    page.set_runs((spec_title(parse_spec("npair")),) * 3)
    page.set_layers(AT_FIRST)
    column = page.scatter(2).parentWidget()
    assert isinstance(column, MapColumn)
    page.resize(1500, 600)
    qtbot.waitUntil(lambda: column.histogram.isVisible())
    widest = page.scatter(2).width()
    page.resize(900, 600)
    qtbot.waitUntil(lambda: not column.histogram.isVisible())
    assert column.width() <= 300
    page.resize(1500, 600)
    qtbot.waitUntil(lambda: column.histogram.isVisible())
    page.set_layers(frozenset())
    assert not column.histogram.isVisible()
    qtbot.waitUntil(lambda: page.scatter(2).width() > widest + 100)


@pytest.mark.parametrize("runs", [1, 2])
def test_one_or_two_runs_need_no_scrolling_on_a_small_screen(
    qtbot: QtBot, page: WatchPage, runs: int
) -> None:
    page.set_runs(tuple(spec_title(parse_spec(spec)) for spec in ("npair", "angular")[:runs]))
    page.resize(900, 447)  # what a window of 900 x 600 leaves it
    area = page.findChildren(QScrollArea)[0]
    content = area.widget()
    assert content is not None
    qtbot.waitUntil(lambda: content.width() == area.viewport().width() == page.width())
    assert area.verticalScrollBar().maximum() == 0
    assert content.height() <= 447


def test_what_is_said_of_a_map_is_cut_between_its_parts(qtbot: QtBot, page: WatchPage) -> None:
    specs = ("npair", "npair+symm", "angular", "triplet", "lifted", "angular+symm")
    page.set_runs(tuple(spec_title(parse_spec(spec)) for spec in specs))
    caption, trust = (
        "t-SNE · step 40 · loading, PCA meanwhile",
        "Recall@1 80 in the map, 84 in the embedding · trustworthiness 0.97",
    )
    page.set_caption(0, caption)
    page.set_trust(0, trust)
    column = page.findChildren(MapColumn)[0]
    page.resize(1256, 640)
    qtbot.waitUntil(lambda: column.width() < 210)
    assert column.caption.shown() == "… · loading, PCA meanwhile"
    assert column.trust.shown() == "R@1 80 vs 84 · trust 0.97"
    assert plain_tip(trust).removesuffix("</span>") in column.trust.toolTip()
    page.set_runs(tuple(spec_title(parse_spec(spec)) for spec in specs[:1]))
    page.set_caption(0, caption)
    page.set_trust(0, trust)
    qtbot.waitUntil(lambda: column.width() > 1000)
    assert column.caption.shown() == caption
    assert column.trust.shown() == trust


def test_plots_have_shorter_titles_where_they_are_narrow(qtbot: QtBot, page: WatchPage) -> None:
    page.resize(876, 447)
    page.curves.resize(862, 160)
    titles = [page.curves.panel(panel).findChildren(ElidedLabel)[0] for panel in Panel]
    qtbot.waitUntil(lambda: all(0 < title.width() < 200 for title in titles))
    assert not any(title.shown().endswith("…") for title in titles)
    assert [title.text() for title in titles] == [panel.value for panel in Panel]


@pytest.mark.parametrize(
    ("size", "runs", "beside"),
    [((900, 445), 2, True), ((900, 445), 1, True), ((900, 445), 3, False), ((1280, 640), 2, False)],
)
def test_plots_stand_beside_the_maps_where_the_page_is_low(
    qtbot: QtBot, page: WatchPage, size: tuple[int, int], runs: int, beside: bool
) -> None:
    page.set_runs((spec_title(parse_spec("npair")),) * runs)
    page.resize(*size)
    maps = [page.scatter(run) for run in range(runs)]

    def are_beside() -> bool:
        plots = page.curves.mapTo(page, QPoint())
        return bool(plots.x() > maps[-1].mapTo(page, QPoint()).x())

    qtbot.waitUntil(lambda: are_beside() == beside)
    if runs <= 2:
        qtbot.waitUntil(lambda: all(one.height() >= 170 for one in maps))
    if beside:
        bar = page.findChildren(QScrollArea)[0].verticalScrollBar()
        qtbot.waitUntil(lambda: bar.maximum() == 0)  # nothing is cut
        for visible, listed in ((True, page.events), (False, page.curves)):
            page.events.set_events(EventsState(visible=visible, note="", lines=()))
            qtbot.waitUntil(listed.isVisible)
            other = page.curves if visible else page.events
            qtbot.waitUntil(other.isHidden)  # one is in place of the other
            qtbot.waitUntil(lambda: all(one.height() >= 170 for one in maps))
            qtbot.waitUntil(lambda: bar.maximum() == 0)


def test_plots_are_divided_as_before_once_the_page_is_high_again(
    qtbot: QtBot, page: WatchPage
) -> None:
    page.set_runs((spec_title(parse_spec("npair")),) * 2)
    page.resize(1280, 700)
    (divided,) = page.findChildren(Divided)
    qtbot.waitUntil(lambda: divided.sizes()[0] > 0)
    divided.moveSplitter(300, 1)
    before, state = divided.sizes(), divided.saveState()
    page.resize(900, 445)
    qtbot.waitUntil(lambda: divided.orientation() is Qt.Orientation.Horizontal)
    assert divided.saveState() == state, "which the next launch has"
    page.resize(1280, 700)
    qtbot.waitUntil(lambda: divided.orientation() is Qt.Orientation.Vertical)
    qtbot.waitUntil(lambda: abs(divided.sizes()[0] - before[0]) <= 2)


def test_what_is_offered_for_the_selection_says_whether_it_is_one_or_several(
    page: WatchPage,
) -> None:
    offered = []
    for text, count in (("", 0), ("Image 1", 1), ("Three images", 3)):
        page.set_selection(text, tuple(PictureId("run", at) for at in range(count)))
        (button,) = (
            one for one in page.selection.findChildren(QPushButton) if one.text() != "Show in Learn"
        )
        offered.append((button.text(), button.isEnabled()))
    assert offered == [
        ("See its neighbours", False),
        ("See its neighbours", True),
        ("List them in Retrieve", True),
    ]
