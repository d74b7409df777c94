"""Images, trails and density over a map's points, each against what it is said to be."""

import math
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPolygonF
from pytestqt.qtbot import QtBot

from symmcore.data.images.store import ImageArray
from symmviz.model.display import ColourBy, PictureId, PointCloud, PointPositions
from symmviz.model.map.class_choice import shown_classes
from symmviz.model.map.density import SHARES, density
from symmviz.model.map.drawing import Answer, DrawsAtOnce
from symmviz.model.map.images import FEW, MOST, SIDES, MapImages, placed_images
from symmviz.model.map.layers import Layer
from symmviz.model.map.trails import MOST_POINTS, Trails
from symmviz.services.projection.drawing import PointDrawing
from symmviz.views.map.density_layer import contours_of
from symmviz.views.map.scatter import EmbeddingScatter

_ODD = Qt.FillRule.OddEvenFill
SIZE = (600.0, 300.0)
Places = npt.NDArray[np.float64]


def placed(places: Places, **more: tuple[int, ...]) -> MapImages:
    return placed_images(places, np.ones(len(places), np.bool_), SIZE, **more)


def meet(places: Places, found: MapImages) -> bool:
    """Whether two of the images cover a place both."""
    at = places[list(found.rows)]
    apart = np.abs(at[:, None] - at[None]).max(axis=2) + np.eye(len(at)) * 1e9
    return bool(len(at)) and bool((apart < found.side).any())


@pytest.mark.parametrize("count", [1, 7, 60, 900, FEW])
def test_images_cover_no_other_and_are_those_of_points_in_sight(count: int) -> None:
    places = np.random.default_rng(count).uniform(-100, 700, (count, 2))
    places[count // 2] = np.nan
    found = placed(places)
    inside = [row for row, (x, y) in enumerate(places) if 0 <= x <= 600 and 0 <= y <= 300]
    assert found.in_sight == len(inside)
    assert set(found.rows) <= set(inside)
    assert len(set(found.rows)) == len(found.rows) <= MOST
    assert not meet(places, found)
    assert bool(found.rows) == bool(inside)
    assert found == placed(places)


def test_as_many_as_can_be_are_placed_greedily() -> None:
    places = np.random.default_rng(0).uniform((0, 0), SIZE, (200, 2))
    found = placed(places)
    for row in set(range(200)) - set(found.rows):
        apart = np.abs(places[list(found.rows)] - places[row]).max(axis=1)
        assert apart.min() < found.side, "there was room for it"


def test_fewer_points_have_larger_images() -> None:
    sides = [placed(np.tile([[300.0, 150.0]], (count, 1))).side for count in (2, 60, 600)]
    assert sides == [SIDES[2], SIDES[1], SIDES[0]]


def test_the_selected_come_first_and_those_drawn_by_now_stay() -> None:
    random = np.random.default_rng(2)
    places = random.uniform((0, 0), SIZE, (500, 2))
    before = placed(places)
    selected = next(row for row in range(500) if row not in before.rows)
    found = placed(places, first=(selected,), kept=before.rows)
    assert found.rows[0] == selected
    assert len(set(before.rows) - set(found.rows)) <= 4  # only those that it covers
    moved = places + random.normal(0, 0.5, places.shape)
    after = placed(moved, kept=before.rows)
    assert len(set(before.rows) & set(after.rows)) >= 0.6 * len(before.rows)
    other = placed(moved[::-1].copy())
    assert not meet(moved, after)
    assert len(set(before.rows) & {499 - row for row in other.rows}) < len(after.rows) / 2


def test_hidden_points_have_no_image_and_too_many_have_a_sentence() -> None:
    places = np.full((3, 2), 50.0)
    drawn = np.array([False, True, False])
    assert placed_images(places, drawn, SIZE).rows == (1,)
    many = placed(np.full((FEW + 1, 2), 50.0))
    assert many.rows == ()
    assert many.problem == "4,001 points are in sight: zoom in to see images of up to 4,000."
    assert placed(np.full((FEW, 2), 50.0)).problem == ""
    assert placed(np.full((3, 2), np.nan)) == MapImages(in_sight=0)


def test_the_grid_counts_each_point_once_and_contours_hold_their_shares() -> None:
    random = np.random.default_rng(0)
    points = np.concatenate(
        [random.normal(0, 1, (700, 2)), random.normal((9, 3), 0.5, (500, 2)), [[np.nan, 0]]]
    ).astype(np.float32)
    found = density(points)
    assert found.grid.sum() == pytest.approx(1200)
    # the middle of all points is that of the grid
    columns, rows = np.indices(found.grid.shape)
    middle = [
        found.corner[0] + found.step * (columns * found.grid).sum() / 1200,
        found.corner[1] + found.step * (rows * found.grid).sum() / 1200,
    ]
    np.testing.assert_allclose(middle, np.nanmean(points[:-1], axis=0), atol=found.step / 4)
    assert list(found.levels) == sorted(found.levels, reverse=True)
    for share, curves in zip(SHARES, contours_of(found).levels, strict=True):
        outlines = [QPolygonF([QPointF(x, y) for x, y in curve]) for curve in curves]
        held = 0
        for x, y in points[:-1].tolist():
            around = [one.containsPoint(QPointF(x, y), _ODD) for one in outlines]
            held += sum(around) % 2
        assert held / 1200 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        ([], "Of fewer than three points there is no density."),
        ([[0, 0], [1, 1], [math.nan, 1]], "Of fewer than three points there is no density."),
        ([[2, 3]] * 5, "All points lie in one place: there is no density."),
        ([[0, 0], [1, 0], [2, 0]], ""),
        ([[0, 0], [1, 0], [1e30, 0]], ""),
    ],
    ids=str,
)
def test_where_there_is_no_density_a_sentence_says_why(
    points: list[list[float]], problem: str
) -> None:
    found = contours_of(density(np.array(points, np.float32).reshape(-1, 2)))
    assert found.problem == problem
    assert bool(found.levels) is not bool(problem)


class Pictures:
    """Pictures of one colour, once they may come."""

    def __init__(self) -> None:
        self.asked: set[PictureId] = set()
        self.there = True

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        self.asked.add(picture)
        image = np.zeros((side, side, 3), np.uint8)
        image[...] = (250, 0, 250)
        return image if self.there else None

    def missing_reason(self, run: str) -> str:
        return ""


class Derives(DrawsAtOnce):
    """Counts what is computed of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.derived = 0

    def derive(self, compute: Callable[[], Answer]) -> "Future[Answer]":
        self.derived += 1
        return super().derive(compute)


@pytest.fixture
def scatter(scatter: EmbeddingScatter) -> EmbeddingScatter:
    scatter.set_colour_by(ColourBy.CLASS)
    return scatter


def put(scatter: EmbeddingScatter, places: list[tuple[float, float]]) -> None:
    original = np.array(places, np.float32)
    if scatter.positions is None:
        labels = np.arange(len(places), dtype=np.int64) % 3
        scatter.set_cloud(
            PointCloud(labels, 100 + np.arange(len(places)), np.roll(labels, 1), tuple("abc"), "r")
        )
        scatter.set_classes(shown_classes((0, 1, 2), tuple("abc"), None))
    scatter.move_points(PointPositions(original, -original))


def ink(scatter: EmbeddingScatter) -> list[QColor]:
    image = scatter.viewport().grab().toImage()
    every_second = range(0, scatter.width(), 2)
    return [image.pixelColor(x, y) for x in every_second for y in every_second]


def is_image(one: QColor) -> bool:
    return one.red() > 200 and one.green() < 80 and one.blue() > 200


def test_images_are_asked_for_by_run_and_sample_and_drawn_where_points_are(
    qtbot: QtBot, scatter: EmbeddingScatter
) -> None:
    pictures, drawer = Pictures(), Derives()
    pictures.there = False
    scatter.set_drawer(drawer)
    scatter.layers.set_pictures(pictures)
    places = [(0.5, 0.25), (-0.5, 0.75), (0.5, -0.5), (-0.6, -0.6)]
    put(scatter, places)
    qtbot.waitUntil(lambda: scatter.still)
    assert drawer.derived == 0
    scatter.layers.set_layers(frozenset({Layer.IMAGES}))
    ink(scatter)
    assert pictures.asked == {PictureId("r", 100 + row) for row in range(4)}
    assert not any(map(is_image, ink(scatter)))
    pictures.there = True
    scatter.layers.images.pictures_came()
    image = scatter.viewport().grab().toImage()
    for row in range(4):
        place = scatter.position_in_widget(row).toPoint()
        assert is_image(image.pixelColor(place)), row
    assert drawer.derived == 1
    scatter.layers.set_layers(frozenset())
    assert not any(map(is_image, ink(scatter)))
    put(scatter, [(0.1, 0.1)] * 4)
    qtbot.waitUntil(lambda: scatter.still)
    assert drawer.derived == 1


def test_what_is_drawn_over_the_points_follows_them_on_a_thread(
    qtbot: QtBot, scatter: EmbeddingScatter
) -> None:
    drawing = PointDrawing()
    scatter.set_drawer(drawing)
    scatter.layers.set_layers(frozenset({Layer.IMAGES, Layer.DENSITY}))
    random = np.random.default_rng(0)
    for _ in range(3):
        put(scatter, [tuple(one) for one in random.uniform(-0.9, 0.9, (50, 2)).tolist()])
        qtbot.waitUntil(lambda: scatter.still)
    qtbot.waitUntil(lambda: bool(scatter.layers.density.contours.levels))
    qtbot.waitUntil(lambda: bool(scatter.layers.images.placed.rows))
    scatter.set_classes(shown_classes((0, 1, 2), tuple("abc"), None))
    assert scatter.layers.problems == ()
    drawing.close(20.0)
    put(scatter, [(0.0, 0.0)] * 50)
    qtbot.wait(30)  # nothing more is asked of what is closed


def test_trails_lead_to_where_a_point_is(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    put(scatter, [(0.8, 0.8), (-0.8, 0.8), (0.8, -0.8)])
    scatter.layers.set_layers(frozenset({Layer.TRAILS}))
    qtbot.waitUntil(lambda: scatter.still)
    plain = ink(scatter)
    way = np.array([[[-0.8, -0.8]], [[np.nan, 0]], [[-0.2, -0.8]], [[0.0, 0.0]]], np.float32)
    scatter.layers.set_trails(Trails((1,), way, ("a",)))
    assert sum(a != b for a, b in zip(plain, ink(scatter), strict=True)) > 30
    scatter.layers.set_layers(frozenset())
    assert ink(scatter) == plain
    scatter.layers.set_layers(frozenset({Layer.TRAILS}))
    scatter.layers.set_trails(Trails((), way[:0], ("b",), f"up to {MOST_POINTS}"))
    assert scatter.layers.problems == (f"up to {MOST_POINTS}",)
    assert ink(scatter) != plain


def test_names_of_classes_do_not_cover_images(qtbot: QtBot, scatter: EmbeddingScatter) -> None:
    scatter.set_drawer(Derives())
    scatter.layers.set_pictures(Pictures())
    middles = [(-0.6, 0.5), (0.6, 0.5), (0.0, -0.5)]
    put(scatter, [middles[at % 3] for at in range(9)])
    qtbot.waitUntil(lambda: scatter.still)
    scatter.layers.set_layers(frozenset({Layer.IMAGES}))
    ink(scatter)
    image = scatter.viewport().grab().toImage()
    boxes = scatter.layers.covered
    assert len(boxes) == 3
    for box in boxes:
        half = int(box.width / 2) - 3
        around = [
            image.pixelColor(round(box.x) + dx, round(box.y) + dy)
            for dx in range(-half, half)
            for dy in range(-half, half)
        ]
        assert all(map(is_image, around))
    scatter.layers.set_layers(frozenset())
    assert scatter.layers.covered == ()
