"""The heat map of the types of points that were picked in mining."""

import dataclasses
from typing import cast

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmcore.records import PickedPairs
from symmcore.runs.formats.info import RunInfo
from symmviz.model.loaded import Loaded
from symmviz.model.map.layers import Layer
from symmviz.model.map.picked_types import COLUMNS, ROWS, PickedTypes
from symmviz.model.resolve.point_facts import types_of
from symmviz.model.workspace import Workspace
from symmviz.views.map.picked_types_map import PickedTypesMap

COUNTS = np.zeros((4, 4), np.int64)
COUNTS[0, 0], COUNTS[2, 3], COUNTS[2, 1] = 60, 39, 1
NONE = np.zeros((0, 2, 2), np.int64)


def test_shares_and_a_sentence() -> None:
    types = PickedTypes(7, COUNTS)
    assert (types.total, types.largest, types.share(2, 3)) == (100, 0.6, 0.39)
    assert types.about(2, 1) == f"{ROWS[2]} with {COLUMNS[1]}: 1 of 100 (1.0%)"
    assert types.summary == (
        "Step 7: in 60% of 100 pairs two originals were picked, in 39% two synthetic points, in 1% "
        "one of each."
    )
    assert PickedTypes(7, np.zeros((4, 4), np.int64)).share(0, 0) == 0.0


class Own(FakeRecording):
    """A run of a loop of one's own, or of embeddings that were imported."""

    @property
    def info(self) -> RunInfo:
        return dataclasses.replace(super().info, spec=None)


@pytest.mark.parametrize(
    ("spec", "step", "picked", "problem"),
    [
        ("npair", 9, None, "A run without Symm picks no points."),
        ("npair+symm", 0, None, "Before the first step nothing is picked."),
        (None, 0, PickedPairs(NONE), "This run did not record which types are picked."),
        ("npair+symm", 9, PickedPairs(NONE), "This run did not record which types are picked."),
        ("npair+symm", 9, PickedPairs(NONE, COUNTS), ""),
    ],
)
def test_why_there_is_nothing_is_said(
    spec: str | None, step: int, picked: PickedPairs | None, problem: str
) -> None:
    workspace, loaded, run = (
        Workspace(),
        FakeLoaded(),
        Own() if spec is None else FakeRecording(spec),
    )
    if picked is not None:
        loaded.known_picks[run.key, step] = picked
    known = cast("Loaded", loaded)
    assert types_of(workspace, run, known, step) is None  # it is not shown
    layers = frozenset({Layer.PICKED_TYPES})
    workspace.display = dataclasses.replace(workspace.display, layers=layers)
    found = types_of(workspace, run, known, step)
    assert found is not None
    assert (found.step, found.problem) == (step, problem)
    assert (found.counts is None) == bool(problem)


def test_a_cell_says_how_often_it_was_picked(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    shown = PickedTypesMap(parent)
    shown.resize(164, 120)
    assert shown.text == shown.tip(100, 60).split("\n")[-1]
    types = PickedTypes(7, COUNTS)
    shown.set_types(types)
    assert shown.accessibleDescription() == types.summary
    said = {shown.tip(x, y) for x in range(0, 164, 4) for y in range(0, 120, 4)}
    cells = {types.about(row, column) for row in range(4) for column in range(4)}
    assert cells < said
    assert shown.tip(163, 119) == types.about(3, 3)
    image = shown.grab().toImage()
    ratio = image.width() / 164
    colours = []
    for row, column in ((0, 0), (2, 3), (3, 3)):
        said_of_cell = types.about(row, column)
        places = ((x, y) for x in range(164) for y in range(120))
        x, y = min(place for place in places if shown.tip(*place) == said_of_cell)
        colours.append(image.pixelColor(round((x + 3) * ratio), round((y + 3) * ratio)).name())
    assert len(set(colours)) == 3  # darker, the more
