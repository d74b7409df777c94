"""A run has one colour and symbol wherever it is shown, and no two of a comparison share one."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from helpers_results import over_seeds
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmcore.palette import RUN_SYMBOLS, RUNS_ON_DARK, RUNS_ON_LIGHT, run_places
from symmcore.settings.losses import CATALOG
from symmviz.exporting.curves import CurvesSheet
from symmviz.exporting.sheet import sheet_image
from symmviz.model.curve import Curve, CurveLook, LegendEntry, Panel, Reading, Variant
from symmviz.model.display import NeighbourRow
from symmviz.model.line_symbols import line_symbols
from symmviz.model.pictures import NoPictures
from symmviz.model.resolve import curve_legend, run_colour_places, watch
from symmviz.model.results import RowKind, results_table
from symmviz.model.runs.recent import RecentRun
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace
from symmviz.run_symbols import draw_symbol
from symmviz.views.curves.grid import CurveGrid
from symmviz.views.curves.run_legend import RunLegend
from symmviz.views.map.column import MapColumn
from symmviz.views.retrieve.neighbour_row import NeighbourRowWidget
from symmviz.views.start.recent_runs import RecentRuns
from symmviz.views.style.theme import current_theme

SETTINGS = [f"{loss}{symm}" for loss in (info.name for info in CATALOG) for symm in ("", "+symm")]


def lab(colour: str) -> np.ndarray:
    """CIELAB coordinates of an sRGB colour under D65."""
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("palette", [RUNS_ON_LIGHT, RUNS_ON_DARK])
def test_any_two_colours_can_be_told_apart(palette: tuple[str, ...]) -> None:
    assert len(palette) == len(RUNS_ON_LIGHT)
    for one, other in itertools.combinations(palette, 2):
        assert np.linalg.norm(lab(one) - lab(other)) > 20, (one, other)


def test_every_loss_with_and_without_symm_has_a_colour_of_its_own() -> None:
    alone = [run_places((name,))[0] for name in SETTINGS]
    assert len(set(alone)) == len(SETTINGS)
    assert run_places(SETTINGS) == tuple(alone)


def test_a_setting_has_its_colour_alone_and_in_any_comparison() -> None:
    for names in itertools.permutations(SETTINGS, 3):
        assert run_places(names) == tuple(run_places((name,))[0] for name in names)


def test_other_settings_of_a_loss_leave_it_its_colour() -> None:
    for name in SETTINGS:
        assert run_places((f"{name}:lr=0.0003,dim=128",)) == run_places((name,))


def test_the_first_of_equal_runs_keeps_the_colour_and_no_two_have_the_same() -> None:
    (own,) = run_places(("npair",))
    names = ("npair", "npair", "npair+symm", "npair", "npair+symm", "triplet")
    places = run_places(names)
    assert len(set(places)) == 6
    assert places[0] == own
    assert places[2] == run_places(("npair+symm",))[0]
    assert places[5] == run_places(("triplet",))[0]
    many = run_places(["my loop"] * len(RUNS_ON_LIGHT))
    assert len(set(many)) == len(RUNS_ON_LIGHT)


def test_of_more_runs_than_colours_those_of_one_name_share_theirs() -> None:
    specs = ("npair", "npair+symm", "triplet", "triplet+symm")
    seeds = run_places([spec for spec in specs for _ in range(5)])
    assert seeds == tuple(place for place in run_places(specs) for _ in range(5))
    names = [f"loop {at}" for at in range(30)]  # that is all that can be told of them
    assert set(run_places(names)) == set(range(len(RUNS_ON_LIGHT)))


@pytest.mark.parametrize("name", ["npair+symm:rank=2", "mein Lauf", "\ud800", ""])
def test_any_other_name_has_one_colour_too(name: str) -> None:
    (alone,) = run_places((name,))
    taken = run_places(("npair",))[0]
    assert run_places(("npair", name))[1] == alone or alone == taken


def pixels_of(widget: QWidget, colour: QColor) -> int:
    """How many pixels of a widget, as it is shown, have a colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint32)
    return int((rows == colour.rgb()).sum())


def test_a_run_has_one_colour_in_every_view(qtbot: QtBot, tmp_path: Path) -> None:
    run, other = FakeRecording("triplet+symm"), FakeRecording("npair")
    workspace = Workspace()
    workspace.show((other, run))
    (place,) = run_places(("triplet+symm",))
    colour = QColor(current_theme().run_colour(place))
    (title,) = (one for one in watch(workspace, FakeLoaded()).titles if one.place == place)
    assert title.name == "triplet+symm"
    parent = QWidget()
    qtbot.addWidget(parent)
    column = MapColumn(parent)
    column.begin(title)
    row = NeighbourRowWidget(NoPictures(), parent)
    row.show_row(NeighbourRow(title, "", ()))
    for part in (column, row):
        part.resize(300, 200)
        assert pixels_of(part, colour) >= WHOLE
    grid = CurveGrid(parent)
    grid.resize(800, 200)
    grid.set_places(run_colour_places((other, run), ()))
    legend = curve_legend((other, run), (), CurveLook())
    assert [entry.place for entry in legend] == [run_places(("npair",))[0], place]
    grid.set_legend(legend, has_seeds=False)
    assert pixels_of(grid, colour) >= 10
    panel = grid.panel(Panel.LOSS)
    panel.set_readings((Reading(1, Variant.SOLID, 0.5),), "")
    assert colour.name() in panel.readings()
    symbol = RUN_SYMBOLS[place]
    assert symbol in grid.findChildren(RunLegend)[0].text()
    assert symbol in panel.readings(), "the other run has no such value"
    grid.set_legend(legend[1:], has_seeds=False)
    panel.set_readings((Reading(1, Variant.SOLID, 0.25),), "")
    assert symbol not in panel.readings(), "there is nothing to tell it from"
    panel.set_curves(tuple(replace(LINE, run=at) for at in (0, 1)), ())
    drawn = {line.place: line for line in panel.symbols}
    assert set(drawn) == {legend[0].place, place}
    assert drawn[place].colour == colour
    assert not set(drawn[place].places) & set(drawn[legend[0].place].places), "neither hides one"
    smoothed = replace(LINE, smoothed=LINE.values / 2)
    panel.set_curves((smoothed,), ())
    (line,) = panel.symbols
    np.testing.assert_allclose(line.values, line.places / 2)
    recent = RecentRuns(parent)
    recent.resize(300, 200)
    recent.set_runs((RecentRun(tmp_path, "Symm + Triplet", "a\nb", None, (place,)),))
    assert pixels_of(recent, colour) >= WHOLE


def test_results_have_it_too() -> None:
    scores = {0: 0.5, 1: 0.6}
    table = results_table((*over_seeds("npair", scores), *over_seeds("npair+symm", scores)))
    places = [row.place for row in table.rows if row.kind is RowKind.RUN]
    assert places == list(run_places(("npair", "npair", "npair+symm", "npair+symm")))
    means = [row.place for row in table.rows if row.kind is RowKind.MEAN]
    assert means == [places[0], places[2]]


def test_an_exported_plot_has_it_too(qtbot: QtBot) -> None:
    runs = (FakeRecording("lifted"), FakeRecording("lifted", "other"))
    titles = run_titles(tuple(run.info for run in runs))
    sheet = CurvesSheet(titles, [(Panel.LOSS, (LINE,), ())])
    image = sheet_image(sheet, 1.0)
    rows = np.frombuffer(image.constBits(), np.uint32)
    for title in titles:
        assert (rows == QColor(RUNS_ON_LIGHT[title.place]).rgb()).sum() > 20


def test_the_picture_of_a_plot_says_below_it_which_run_is_which(qtbot: QtBot) -> None:
    grid = CurveGrid()
    qtbot.addWidget(grid)
    panel = grid.panel(Panel.LOSS)
    panel.set_curves((LINE, replace(LINE, run=2)), ())
    before = panel.pictures.image().height()
    entries = tuple(LegendEntry(run, (f"{run}",), f"run {run}") for run in range(3))
    grid.set_legend(entries, has_seeds=False)
    assert panel.pictures.image().height() >= before + 2 * 2 * panel.fontMetrics().height()
    words = panel.pictures.coded(".svg").decode()
    assert words.index("run 0") < words.index("run 2")
    assert "run 1" not in words, "it has no line here"


def test_each_symbol_differs_from_the_others_as_text_and_drawn(qtbot: QtBot) -> None:
    """By an eighth of its box at least, wherever it is best laid over another."""
    assert len(set(RUN_SYMBOLS)) == len(RUN_SYMBOLS) == len(RUNS_ON_LIGHT)
    shapes = []
    for place in range(len(RUN_SYMBOLS)):
        image = QImage(40, 40, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        draw_symbol(painter, place, QPointF(20, 20), 12, QColor("black"))
        painter.end()
        shapes.append(np.frombuffer(image.constBits(), np.uint8).reshape(40, 40, 4)[..., 0] < 128)
    for one, other in itertools.combinations(shapes, 2):
        moved = itertools.product(range(-4, 5), repeat=2)
        unlike = [(one ^ np.roll(other, by, axis=(0, 1))).sum() for by in moved]
        assert min(unlike) > 24 * 24 / 8


def test_symbols_stand_on_the_line_and_stay_when_it_is_moved() -> None:
    places = np.arange(1001.0)
    values = places**2
    x, y = line_symbols(places, values, (0, 1000), 500, 1)
    assert 500 / 120 <= len(x) <= 500 / 60 + 1
    np.testing.assert_allclose(y, x**2)
    moved, _ = line_symbols(places, values, (100, 1100), 500, 1)
    assert set(x[x >= 100]) <= set(moved)
    assert all(moved <= 1000), "where the line ends"
    first, _ = line_symbols(places, values, (0, 1000), 500, 0)
    assert abs(first[:, None] - x).min() >= 500 / 60


def test_a_line_has_a_symbol_however_short_and_none_in_a_gap() -> None:
    short = line_symbols(np.array([3.0, 4.0]), np.array([1.0, 2.0]), (0, 1000), 300, 0)
    assert [list(part) for part in short] == [[4.0], [2.0]]
    alone = line_symbols(np.array([0.0]), np.array([0.5]), (0, 10), 300, 3)
    assert [list(part) for part in alone] == [[0.0], [0.5]]
    places = np.arange(101.0)
    gap = np.where((places > 20) & (places < 80), np.nan, places)
    x, _ = line_symbols(places, gap, (0, 100), 2000, 0)
    assert len(x) > 5
    assert not ((x > 20) & (x < 80)).any()
    for values in (gap[30:40], np.empty(0)):
        assert not len(line_symbols(places[: len(values)], values, (0, 100), 300, 0)[0])
    assert not len(line_symbols(places, places, (200, 300), 300, 0)[0]), "none of it is in view"


WHOLE = 20  # pixels of a symbol that are covered from edge to edge, at least
LINE = Curve(Panel.LOSS, 0, Variant.SOLID, np.arange(3.0), np.arange(3.0))
