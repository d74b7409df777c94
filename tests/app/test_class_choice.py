"""Which classes have colours, which are hidden, and what the legend offers of them."""

import numpy as np
import pytest
from helpers_widgets import control, enter
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from symmviz.model.display import ColourBy, PointCloud
from symmviz.model.map.class_choice import (
    FREE,
    MOST_CHOSEN,
    ClassChoice,
    isolated,
    shown_classes,
    with_colour,
    with_colour_toggled,
    with_hidden_toggled,
)
from symmviz.views.map.legend import ColourLegend
from symmviz.views.map.point_colours import argb, colouring
from symmviz.views.style.theme import LIGHT

MANY = tuple(range(0, 200, 2))
NAMES = tuple(f"class {at}" for at in range(200))


def test_few_classes_have_colours_by_what_is_shown_not_by_their_number() -> None:
    shown = shown_classes((150, 151, 190), NAMES, None)
    assert shown.coloured == ((0, 150), (1, 151), (2, 190))
    assert LIGHT.class_colours(shown)[0] == "#0072B2"


def test_of_many_classes_some_from_all_over_have_colours_and_more_can_be_chosen() -> None:
    shown = shown_classes(MANY, NAMES, None)
    assert [label for _, label in shown.coloured] == list(range(0, 200, 20))
    choice = ClassChoice("data")
    for label in (2, 4):
        choice = with_colour(choice, shown, label)
        shown = shown_classes(MANY, NAMES, choice)
    assert len(shown.coloured) == MOST_CHOSEN
    before = dict(shown.coloured)
    choice = with_colour(choice, shown, 6)  # all are taken: the oldest one's
    shown = shown_classes(MANY, NAMES, choice)
    assert dict(shown.coloured) == before | {0: 6}
    choice = with_colour_toggled(choice, shown, 40)
    shown = shown_classes(MANY, NAMES, choice)
    assert shown.slots[2] == FREE  # the others keep theirs
    assert dict(shown.coloured) == {k: v for k, v in (before | {0: 6}).items() if k != 2}
    choice = with_colour_toggled(choice, shown, 8)
    assert shown_classes(MANY, NAMES, choice).slots[2] == 8
    assert with_colour(choice, shown_classes(MANY, NAMES, choice), 8) == choice


def test_a_class_is_hidden_shown_alone_and_shown_again() -> None:
    choice = with_hidden_toggled(ClassChoice("data"), 151)
    shown = shown_classes((150, 151, 190), NAMES, choice)
    assert shown.hidden == {151}
    assert with_hidden_toggled(choice, 151).hidden == frozenset()
    choice = isolated(choice, shown, 151)
    shown = shown_classes((150, 151, 190), NAMES, choice)
    assert shown.hidden == {150, 190}
    assert isolated(choice, shown, 151).hidden == frozenset()


def test_points_of_hidden_classes_and_without_a_synthetic_point_are_not_drawn() -> None:
    labels = np.array([0, 0, 1, 2], np.int64)
    partner = np.array([1, 0, -1, -1], np.int64)
    cloud = PointCloud(labels, labels, partner, NAMES)
    shown = shown_classes((0, 1, 2), NAMES, ClassChoice("data", hidden=frozenset({1})))
    for colour_by in ColourBy:
        styles = colouring(cloud, colour_by, LIGHT, shown)
        opaque = styles.look.colours >> 24 > 0
        assert opaque[styles.original].tolist() == [True, True, False, True]
        assert opaque[styles.synthetic].tolist() == [True, True, False, False]


def test_classes_without_a_colour_are_grey_and_lie_under_the_others() -> None:
    labels = np.array(MANY, np.int64)
    cloud = PointCloud(labels, labels, np.roll(labels, 1), NAMES)
    styles = colouring(cloud, ColourBy.CLASS, LIGHT, shown_classes(MANY, NAMES, None))
    colours = styles.look.colours[styles.original] & 0xFFFFFF
    assert colours[0] == argb("#0072B2") & 0xFFFFFF
    assert colours[1] == argb(LIGHT.muted) & 0xFFFFFF
    layers = styles.look.layers[styles.original]
    assert layers[1] < layers[0]


def test_twenty_thousand_classes_are_a_picture() -> None:
    labels = np.arange(20_000, dtype=np.int64)
    names = tuple(map(str, labels))
    cloud = PointCloud(labels, labels, np.full(20_000, -1), names)
    shown = shown_classes(tuple(labels.tolist()), names, None)
    styles = colouring(cloud, ColourBy.CLASS, LIGHT, shown)
    assert styles.original.max() < len(styles.look.colours)


def test_a_click_on_a_class_hides_it_and_two_show_it_alone(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.resize(600, 24)
    legend.set_meaning(ColourBy.CLASS, shown_classes((3, 4), NAMES, None))
    legend.show()
    qtbot.waitExposed(legend)
    legend.linkHovered.emit("4")
    with qtbot.waitSignal(legend.class_clicked) as clicked:
        qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)
    assert clicked.args == [4]
    with (
        qtbot.assertNotEmitted(legend.class_clicked, wait=600),
        qtbot.waitSignal(legend.class_isolated) as alone,
    ):
        qtbot.mouseClick(legend, Qt.MouseButton.LeftButton)
        qtbot.mouseDClick(legend, Qt.MouseButton.LeftButton)
        qtbot.mouseRelease(legend, Qt.MouseButton.LeftButton)
    assert alone.args == [4]


def test_the_list_of_classes_is_searched_and_gives_colours(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.set_meaning(ColourBy.CLASS, shown_classes(MANY, NAMES, None))
    chooser = legend.chooser
    names = control(chooser, QLineEdit, "Name of a class")
    enter(qtbot, names, "class")
    assert chooser.texts()[:2] == ["class 0", "class 20"]
    assert len(chooser.texts()) == 100
    enter(qtbot, names, "CLASS 19")
    assert chooser.texts() == ["class 190", "class 192", "class 194", "class 196", "class 198"]
    with qtbot.waitSignal(legend.class_chosen) as chosen:
        chooser.toggled.emit(192)
    assert chosen.args == [192]
    many = tuple(range(20_000))
    legend.set_meaning(ColourBy.CLASS, shown_classes(many, tuple(map(str, many)), None))
    enter(qtbot, names, "")
    assert chooser.texts()[-1] == "19,700 more: search"


def test_names_that_begin_alike_are_told_apart_where_they_do_not_fit(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.resize(500, 24)
    names = tuple(f"alphabet {at}, character {at}" for at in (21, 22, 23, 24))
    legend.set_meaning(ColourBy.CLASS, shown_classes((0, 1, 2, 3), names, None))
    assert "<b>21, 21<" in legend.text()
    assert "<b>22, 22<" in legend.text()
    legend.resize(2000, 24)
    legend.set_meaning(ColourBy.CLASS, shown_classes((0, 1, 2, 3), names, None))
    assert "<b>alphabet 21, character 21</b>" in legend.text()


def test_the_list_of_classes_can_be_opened_however_narrow_the_legend_is(qtbot: QtBot) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    digits = shown_classes(tuple(range(10)), tuple(map(str, range(10))), None)
    legend.set_meaning(ColourBy.CLASS, digits)
    for width in (120, 170, legend.minimumWidth()):
        legend.resize(width, 24)
        legend.set_meaning(ColourBy.CLASS, digits)
        assert "Classes" in legend.text()
    assert "<b>9</b>" in legend.text(), "ten digits are not cut before it takes a line of its own"


@pytest.mark.parametrize("meaning", [one for one in ColourBy if one is not ColourBy.CLASS])
def test_the_legend_is_as_wide_as_what_it_says(qtbot: QtBot, meaning: ColourBy) -> None:
    legend = ColourLegend()
    qtbot.addWidget(legend)
    legend.set_meaning(meaning, shown_classes((0, 1), ("0", "1"), None))
    assert legend.minimumWidth() >= legend.sizeHint().width()
