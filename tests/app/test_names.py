"""Names that others gave neither break nor reorder what stands beside them."""

import unicodedata
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QSizePolicy, QWidget
from pytestqt.qtbot import QtBot

from symmviz.model.curve import LegendEntry
from symmviz.model.display import ColourBy
from symmviz.model.map.class_choice import shown_classes
from symmviz.model.names import NO_NAME, shown_name, shown_text, told_apart, without_shared_start
from symmviz.presenters.controls import Notice
from symmviz.views.curves.run_legend import RunLegend
from symmviz.views.map.legend import ColourLegend
from symmviz.views.widgets.elided_label import ElidedLabel, elided
from symmviz.views.widgets.plain_tip import breakable, plain_tip
from symmviz.views.window.controls_bar import NoticeBar

HEBREW, ARABIC = "חתולים", "قطط صغيرة"
MARK, ISOLATE, END = "\u200e", "\u2068", "\u2069"


@pytest.mark.parametrize("name", ["a", "001.Black_footed_Albatross", "Ünïcödé", "猫", "👩‍👩‍👧 x"])
def test_a_name_from_left_to_right_is_shown_as_it_is(name: str) -> None:
    assert shown_name(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", NO_NAME),
        ("a\nb", "a\\nb"),
        ("a\tb\x1b[31m", "a\\tb\\x1b[31m"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("cat\u200b", "cat\\u200b"),
        ("\ufeffcat", "\\ufeffcat"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("a\u2069b\u2066", "a\\u2069b\\u2066"),
        ("\udcff", "\\udcff"),
        (" ", "(U+0020)"),
        ("\u200d\ufe0f", "(U+200D U+FE0F)"),
        (" " * 9, "(U+0020 U+0020 U+0020 U+0020 ...)"),
        ("\u0301x", "\u25cc\u0301x"),
    ],
)
def test_what_cannot_be_seen_in_a_name_is_written(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@pytest.mark.parametrize("name", [HEBREW, ARABIC, f"a {HEBREW}", f"{HEBREW}-3", "\u0301" + HEBREW])
def test_a_name_from_right_to_left_is_isolated(name: str) -> None:
    shown = shown_name(name)
    assert shown.startswith(MARK + ISOLATE)
    assert shown.endswith(END)
    assert name in shown


@pytest.mark.parametrize("name", ["a", HEBREW, "a\u2068b", "\u2069" + HEBREW, HEBREW + "\u202b"])
def test_a_name_closes_no_isolate_of_another_and_leaves_none_open(name: str) -> None:
    shown = shown_name(name)
    assert shown.count(ISOLATE) == shown.count(END) <= 1
    directions = {unicodedata.bidirectional(char) for char in shown}
    assert not directions & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}


def visual_order(text: str, *letters: str) -> list[str]:
    """The letters from left to right, as Qt draws a line of text."""
    layout = QTextLayout(text, QApplication.font())
    option = QTextOption()
    option.setTextDirection(Qt.LayoutDirection.LeftToRight)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(10_000)
    layout.endLayout()
    # the cursor's place between two directions is either's: take the middle of the letter
    middles = {}
    for letter in letters:
        at = text.index(letter)
        edges = [cast(tuple[float, int], line.cursorToX(place))[0] for place in (at, at + 1)]
        middles[letter] = sum(edges) / 2
    return sorted(letters, key=lambda letter: middles[letter])


def test_numbers_stay_where_they_are_beside_names_from_right_to_left(qapp: QApplication) -> None:
    swapped = f"{HEBREW} 7 of 9"
    assert visual_order(swapped, "ח", "7")[0] == "7"  # what is to be prevented
    assert visual_order(f"{shown_name(HEBREW)} 7 of 9", "ח", "7", "9") == ["ח", "7", "9"]
    assert visual_order(shown_text(swapped), "ח", "7", "9") == ["ח", "7", "9"]


def test_a_sentence_keeps_its_lines_and_its_isolates() -> None:
    name = shown_name(HEBREW)
    assert shown_text(f"one\ntwo {name} three\x07") == f"one\ntwo {name} three\\x07"
    path = f"/home/{HEBREW}/3/{HEBREW} {HEBREW}"
    assert shown_text(path) == f"/home/{shown_name(HEBREW)}/3/{shown_name(f'{HEBREW} {HEBREW}')}"


@pytest.mark.parametrize("cut", list(Qt.TextElideMode)[:3])
@pytest.mark.parametrize("width", [30, 60, 90, 120, 160])
def test_a_text_that_is_cut_leaves_no_isolate_open(
    qapp: QApplication, cut: Qt.TextElideMode, width: int
) -> None:
    metrics = QFontMetrics(qapp.font())
    text = f"Test image {shown_name(HEBREW * 4)} at 3 and {shown_name(ARABIC * 3)} at 4"
    depth = 0
    for char in elided(text, metrics, width, cut):
        depth += (char == ISOLATE) - (char == END)
        assert depth >= 0
    assert depth == 0


def test_an_elided_label_is_one_line_in_order(qtbot: QtBot) -> None:
    label = ElidedLabel(f"/{HEBREW}/3\nmore")
    qtbot.addWidget(label)
    label.resize(1000, 20)
    assert label.shown() == f"/{shown_name(HEBREW)}/3 more"
    assert label.text() == f"/{HEBREW}/3\nmore"


def test_a_label_that_had_no_room_asks_for_some_when_it_says_something(qtbot: QtBot) -> None:
    area = QWidget()
    qtbot.addWidget(area)
    label = ElidedLabel()
    label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    row = QHBoxLayout(area)
    row.addStretch(1)
    row.addWidget(label)
    area.resize(500, 40)
    area.show()
    qtbot.waitExposed(area)
    label.setText("cpu · seed 0")
    qtbot.waitUntil(lambda: label.shown() == "cpu · seed 0")


LONG_NAMES = ("x" * 300, "dog", "y" * 200, "cat")


def test_a_long_name_hides_no_other_in_the_legend_of_classes(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.resize(600, 20)
    legend.set_meaning(ColourBy.CLASS, shown_classes((0, 1, 2, 3), LONG_NAMES, None))
    text = legend.text()
    assert ">dog<" in text
    assert ">cat<" in text
    assert "x…" in text
    assert "y…" in text
    assert legend.sizeHint().width() <= 620  # the layout of markup counts a few pixels more
    assert breakable("x" * 300) in legend.toolTip()
    assert breakable("y" * 200) in legend.toolTip()


def entries(*titles: str) -> tuple[LegendEntry, ...]:
    return tuple(LegendEntry(run, (title,), title) for run, title in enumerate(titles))


def test_a_long_title_hides_no_other_in_the_legend_of_runs(qtbot: QtBot) -> None:
    legend = RunLegend()
    qtbot.addWidget(legend)
    legend.resize(500, 20)
    legend.set_entries(entries(*LONG_NAMES, HEBREW))
    text = legend.text()
    for shown in ("dog", "cat", "x…", "y…", shown_name(HEBREW)):
        assert shown in text
    legend.show()
    legend.resize(180, 20)
    qtbot.waitUntil(lambda: "<br>" in legend.text())
    legend.resize(60, 20)
    qtbot.waitUntil(lambda: legend.text().endswith("..."))
    legend.resize(5000, 20)
    qtbot.waitUntil(lambda: "x" * 300 in legend.text())


def test_a_narrow_legend_of_classes_leaves_out_the_shapes_not_the_names(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.resize(250, 20)  # what remains beside the way to all classes
    legend.set_meaning(ColourBy.CLASS, shown_classes((0, 1, 2, 3), LONG_NAMES, None))
    assert "synthetic" not in legend.text()
    assert ">dog<" in legend.text()


def test_titles_that_do_not_fit_lose_what_all_begin_with(qtbot: QtBot) -> None:
    legend = RunLegend()
    qtbot.addWidget(legend)
    seeds = [f"{'Symm + N-pair ' * 3}· seed {seed}" for seed in range(4)]
    legend.resize(3000, 20)
    legend.set_entries(entries(*seeds))
    assert legend.text().count("N-pair") == 12
    legend.resize(400, 20)
    legend.set_entries(entries(*seeds))
    assert "N-pair" not in legend.text()
    assert all(f">seed {seed}<" in legend.text() for seed in range(4))
    assert "N-pair" in legend.toolTip()
    assert without_shared_start(["a", "a"]) == ["a", "a"]
    assert without_shared_start(["a · b", "a"]) == ["a · b", "a"]
    assert without_shared_start(["a · b"]) == ["a · b"]


def test_a_legend_of_no_room_names_nothing(qtbot: QtBot) -> None:
    legend = RunLegend()
    qtbot.addWidget(legend)
    legend.resize(1, 20)
    legend.set_entries(entries("a", "b"))
    assert legend.text() == "..."


@pytest.mark.parametrize("text", ["/a" * 300, "y" * 500, "word " * 50, HEBREW * 40])
def test_a_long_word_in_a_notice_widens_no_window(qtbot: QtBot, text: str) -> None:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.show_notice(Notice(text, "more"))
    assert bar.minimumSizeHint().width() < 400
    bar.resize(400, 200)
    label = bar.findChild(QLabel)
    assert isinstance(label, QLabel)
    assert label.minimumSizeHint().width() < 250
    assert bar.heightForWidth(400) < 120
    assert bar.text() == text


def test_where_lines_break_no_character_is_taken_apart() -> None:
    accented, family = "e\u0301" * 60, "👩\u200d👩\u200d👧" * 30
    for text in (accented, family):
        parts = breakable(text).split("\u200b")
        assert len(parts) > 1
        assert "".join(parts) == text
        assert not any(unicodedata.combining(part[0]) or part[0] == "\u200d" for part in parts)
        assert not any(part.endswith("\u200d") for part in parts)


def test_a_tip_is_text_of_many_short_lines_in_order() -> None:
    tip = plain_tip(f"<b>\n{HEBREW} 3")
    assert tip == f"<span>&lt;b&gt;<br>{shown_name(HEBREW)} 3</span>"
    assert plain_tip("") == ""


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["alphabet 22, character 1", "alphabet 25, character 3"], ["22, 1", "25, 3"]),
        (["alphabet 22, character 1", "alphabet 25, character 1"], ["22", "25"]),
        (["dog", "cat"], ["dog", "cat"]),
        (["black cat", "cat"], ["black cat", "cat"]),
        (["a b"], ["a b"]),
        (["a b", "a b"], ["a b", "a b"]),
        ([], []),
        (["", " "], ["", " "]),
    ],
)
def test_names_are_told_apart_by_what_differs(names: list[str], short: list[str]) -> None:
    assert told_apart(names) == short
