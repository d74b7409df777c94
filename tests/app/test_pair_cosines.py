"""Cosines of same-class and of other-class pairs, against loops over all pairs."""

import dataclasses
import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmcore.records import EmbeddedSet
from symmviz.model.map.layers import Layer
from symmviz.model.map.pair_cosines import BINS, PairCosines, PairGroup
from symmviz.model.resolve import watch
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.window import frames_wanted
from symmviz.services.frames import pair_cosines as service
from symmviz.services.frames.facts import FramePart
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.frames.pair_cosines import pair_cosines
from symmviz.views.map.cosine_histogram import CosineHistogram
from symmviz.views.style.theme import DARK, LIGHT, Theme


def images(embeddings: object, labels: list[int]) -> EmbeddedSet:
    rows = np.arange(len(labels), dtype=np.int64)
    given = np.array(embeddings, np.float32).reshape(len(labels), -1 if labels else 2)
    return EmbeddedSet(rows, np.array(labels, np.int64), given)


def written_out(found: EmbeddedSet) -> dict[bool, list[float]]:
    """The cosine of every pair in float64, by whether it is of one class."""
    cosines: dict[bool, list[float]] = {True: [], False: []}
    rows = found.embeddings.astype(np.float64).tolist()
    for one in range(len(rows)):
        for two in range(one + 1, len(rows)):
            lengths = [math.sqrt(sum(value**2 for value in rows[at])) for at in (one, two)]
            dot = sum(a * b for a, b in zip(rows[one], rows[two], strict=True))
            cosines[bool(found.labels[one] == found.labels[two])].append(
                dot / (lengths[0] * lengths[1]) if all(lengths) else 0.0
            )
    return cosines


def counted(cosines: list[float]) -> list[int]:
    """How many are nearest to -1, -0.95, ..., 1."""
    middles = [at / 20 - 1 for at in range(BINS)]
    nearest = [min(range(BINS), key=lambda at: abs(middles[at] - one)) for one in cosines]
    return [nearest.count(at) for at in range(BINS)]


@pytest.mark.parametrize(("count", "dimensions", "classes"), [(40, 2, 3), (130, 8, 40), (7, 64, 2)])
def test_all_pairs_are_counted_as_loops_count_them(
    count: int, dimensions: int, classes: int
) -> None:
    random = np.random.default_rng(count)
    labels = random.permutation(np.arange(count) % classes)
    given = random.normal(size=(count, dimensions)) + 2 * np.eye(classes, dimensions)[labels]
    given[3] = 0.0
    found = images(given, labels.tolist())
    expected, result = written_out(found), pair_cosines(found)
    assert result.same.counts.tolist() == counted(expected[True])
    assert result.other.counts.tolist() == counted(expected[False])
    assert result.same.mean == pytest.approx(np.mean(expected[True]), abs=1e-6)
    assert result.other.mean == pytest.approx(np.mean(expected[False]), abs=1e-6)
    assert (result.same.pairs, result.other.pairs) == tuple(map(len, expected.values()))
    assert result.problem == ""
    assert result.about.startswith(f"Shown are all {len(expected[True]):,} same-class pairs")


@pytest.mark.parametrize("rare", [False, True], ids=["alike", "one large class"])
def test_drawn_pairs_have_the_distribution_of_all(
    monkeypatch: pytest.MonkeyPatch, rare: bool
) -> None:
    random = np.random.default_rng(1)
    labels = random.choice(6, 400, p=[0.95, *[0.01] * 5]) if rare else random.integers(0, 6, 400)
    found = images(random.normal(size=(400, 3)) + 3 * np.eye(6, 3)[labels], labels.tolist())
    whole = pair_cosines(found)
    monkeypatch.setattr(service, "ALL_PAIRS", 100)
    monkeypatch.setattr(service, "DRAWN", 10_000)
    drawn = pair_cosines(found, seed=3)
    for all_of_them, some in ((whole.same, drawn.same), (whole.other, drawn.other)):
        assert some.pairs == all_of_them.pairs
        assert some.drawn
        assert some.taken == 10_000
        np.testing.assert_allclose(
            some.counts / some.taken, all_of_them.counts / all_of_them.taken, atol=0.02
        )
        assert some.mean == pytest.approx(all_of_them.mean, abs=0.03)
    again = pair_cosines(found, seed=3)
    assert again.same.counts.tolist() == drawn.same.counts.tolist()
    assert again.other.counts.tolist() == drawn.other.counts.tolist()
    assert f"10,000 of {whole.other.pairs:,} other-class pairs, drawn at random" in drawn.about


def test_few_same_class_pairs_of_many_images_are_all_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ALL_PAIRS", 10)
    labels = [*range(20), 4, 7, 7]
    found = images(np.random.default_rng(0).normal(size=(23, 4)), labels)
    result = pair_cosines(found)
    assert result.same.counts.tolist() == counted(written_out(found)[True])
    assert not result.same.drawn
    assert result.same.pairs == 4


def test_in_a_collapse_both_stand_at_1() -> None:
    result = pair_cosines(images(np.full((30, 5), 0.3), [at % 3 for at in range(30)]))
    for group in (result.same, result.other):
        assert group.counts[-1] == group.pairs
        assert group.mean == pytest.approx(1.0)


@pytest.fixture
def widget(qtbot: QtBot) -> Iterator[CosineHistogram]:
    parent = QWidget()
    qtbot.addWidget(parent)
    made = CosineHistogram(parent)
    made.resize(made.sizeHint())
    parent.show()
    qtbot.waitExposed(parent)
    yield made
    parent.close()


NAN = [math.nan, 0.0]
ONE_CLASS = "All images are of one class: there are no pairs of two classes."


@pytest.mark.parametrize(
    ("embeddings", "labels", "problem"),
    [
        ([], [], "There are no pairs of fewer than two images."),
        ([[1, 0]], [4], "There are no pairs of fewer than two images."),
        ([NAN, NAN], [0, 1], "No embedding is a number."),
        ([[1, 0], NAN], [0, 1], "There are no pairs of fewer than two images."),
        (
            [[1, 0], [0, 1]],
            [0, 0],
            ONE_CLASS,
        ),
        ([[1, 0], [0, 1]], [0, 9], "No class has two images: there are no pairs of one class."),
        ([[1, 0], [0, 1], [1, 1]], [0, 9, 9], ""),
    ],
    ids=str,
)
@pytest.mark.parametrize("most", [2_500, 1])
def test_what_cannot_be_compared_is_one_sentence(
    widget: CosineHistogram,
    monkeypatch: pytest.MonkeyPatch,
    embeddings: list[list[float]],
    labels: list[int],
    problem: str,
    most: int,
) -> None:
    monkeypatch.setattr(service, "ALL_PAIRS", most)
    found = pair_cosines(images(embeddings, labels))
    assert found.problem == problem
    widget.set_cosines(found)
    assert widget.text == (problem or "Mean cosine: same class 0.71, other classes 0.35.")
    assert has_ink(widget)


def test_embeddings_that_are_not_numbers_are_left_out_and_counted() -> None:
    found = images([[1, 0], [1, 0], [0, 1], NAN, [np.inf, 1]], [0, 0, 1, 0, 1])
    result = pair_cosines(found)
    assert (result.same.mean, result.other.mean) == (1.0, 0.0)
    assert result.left_out == 2
    assert result.about.endswith("; 2 embeddings that are not a number left out.")


def has_ink(widget: CosineHistogram) -> bool:
    image = widget.grab().toImage()
    paper = image.pixel(0, image.height() - 1)
    return any(image.pixel(x, y) != paper for x in range(image.width()) for y in range(0, 99, 3))


def test_it_is_read_from_fill_and_outline_as_well_as_colours(widget: CosineHistogram) -> None:
    same, other = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
    same[:20], other[21:] = 5, 9
    widget.set_cosines(PairCosines(PairGroup(same, -0.5, 100), PairGroup(other, 0.5, 180), 0, 9))
    image = widget.grab().toImage()
    low = round(widget.height() * 0.75)
    paper, quarter, more = (
        image.pixelColor(round(widget.width() * share), low) for share in (0.5, 0.25, 0.8)
    )
    assert quarter.saturation() < 60, "no colour of a run, and neither right nor wrong"
    assert abs(quarter.lightness() - more.lightness()) > 60
    assert more.rgb() == image.pixelColor(round(widget.width() * 0.85), low).rgb()
    assert abs(more.lightness() - paper.lightness()) < 60  # the axis at 0, and nothing
    edge = [image.pixelColor(round(widget.width() * 0.8), y) for y in range(30, low)]
    assert any(abs(one.lightness() - paper.lightness()) > 60 for one in edge)
    for word in ("filled", "outlined", "Learning pulls the two apart", "both stand at 1"):
        assert word in widget.toolTip()
    assert widget.accessibleDescription() == widget.text


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' relative luminances, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        shade = QColor(colour)
        parts = shade.redF(), shade.greenF(), shade.blueF()
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.05 + 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return high / low


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_area_and_outline_stand_out_from_the_card_and_each_other(theme: Theme) -> None:
    for one, other in combinations((theme.neutral, theme.text, theme.raised), 2):
        assert contrast(one, other) >= 3, "what WCAG 2 asks of graphics"


def test_they_are_computed_of_the_shown_frame_where_they_are_wanted() -> None:
    run, workspace, loader = FakeRecording(), Workspace(), FrameLoader()
    run.add_frame(0, 10, 20)
    workspace.show((run,))
    workspace.cursor = Cursor(15)
    for split in Split:
        workspace.display = dataclasses.replace(workspace.display, split=split)
        loader.request(frames_wanted(workspace, 1))
        while loader.busy:
            pass
        watched = run.frame(10).test if split is Split.TEST else run.frame(10).train
        expected = pair_cosines(watched.points)
        (column,) = watch(workspace, loader).columns
        assert column.cosines is not None
        assert column.cosines.same.counts.tolist() == expected.same.counts.tolist()
        assert column.cosines.other.counts.tolist() == expected.other.counts.tolist()
    workspace.display = dataclasses.replace(workspace.display, layers=frozenset())
    assert watch(workspace, loader).columns[0].cosines is None
    assert FramePart.COSINES not in [one.part for one in frames_wanted(workspace, 1)]
    workspace.display = dataclasses.replace(workspace.display, layers=frozenset(Layer))
    assert watch(workspace, FakeLoaded()).columns[0].cosines is None
    assert loader.close(20.0)
