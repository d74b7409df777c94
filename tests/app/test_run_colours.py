"""A run has one colour wherever it is shown, and no two of a comparison have the same."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from helpers_results import over_seeds
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmcore.palette import RUNS_ON_DARK, RUNS_ON_LIGHT, run_places
from symmcore.settings.losses import CATALOG
from symmviz.exporting.curves import CurvesSheet
from symmviz.exporting.sheet import sheet_image
from symmviz.model.curve import Curve, CurveLook, Panel, Reading, Variant
from symmviz.model.display import NeighbourRow
from symmviz.model.pictures import NoPictures
from symmviz.model.resolve import curve_legend, run_colour_places, watch
from symmviz.model.results import RowKind, results_table
from symmviz.model.runs.recent import RecentRun
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace
from symmviz.views.curves.grid import CurveGrid
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
    many = run_places(["my loop"] * 30)
    assert len(set(many[: len(RUNS_ON_LIGHT)])) == len(RUNS_ON_LIGHT)
    assert all(0 <= place < len(RUNS_ON_LIGHT) for place in many)


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
        assert pixels_of(part, colour) >= 100
    grid = CurveGrid(parent)
    grid.resize(800, 200)
    grid.set_places(run_colour_places((other, run), ()))
    legend = curve_legend((other, run), (), CurveLook())
    assert [entry.place for entry in legend] == [run_places(("npair",))[0], place]
    grid.set_legend(legend, has_seeds=False)
    assert pixels_of(grid, colour) > 20
    panel = grid.panel(Panel.LOSS)
    panel.set_readings((Reading(1, Variant.SOLID, 0.5),), "")
    assert colour.name() in panel.readings()
    recent = RecentRuns(parent)
    recent.resize(300, 200)
    recent.set_runs((RecentRun(tmp_path, "Symm + Triplet", "a\nb", None, (place,)),))
    assert pixels_of(recent, colour) >= 81


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


LINE = Curve(Panel.LOSS, 0, Variant.SOLID, np.arange(3.0), np.arange(3.0))
