"""The legend under exported maps."""

from pytestqt.qtbot import QtBot

from symmviz.exporting.map_legend import LegendEntry, legend_lines
from symmviz.raster import Symbol


def entries(count: int) -> list[LegendEntry]:
    return [("#d60000", f"class {at}", Symbol.CIRCLE) for at in range(count)]


def test_ten_classes_are_all_named_in_two_lines_under_one_map(qtbot: QtBot) -> None:
    two = legend_lines(entries(12), 560)
    assert len(two) == 2
    assert [one for line in two for one in line] == entries(12)
    assert legend_lines(entries(3), 560) == [entries(3)]


def test_of_many_the_first_are_named(qtbot: QtBot) -> None:
    lines = legend_lines(entries(100), 560)
    shown = [one for line in lines for one in line]
    assert len(lines) == 2
    assert shown == entries(100)[: len(shown)]
    assert 8 < len(shown) < 100
    assert legend_lines([], 560) == [[]]
