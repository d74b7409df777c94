"""Points drawn by compiled loops and by NumPy, against a picture that is made pixel by pixel."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from symmcore.compiled import code_cache
from symmcore.errors import DegradedWarning, warn_once
from symmviz.raster import (
    Hit,
    Look,
    PixelArray,
    Points,
    Rasterizer,
    Scene,
    Symbol,
    Transform,
    rasterizer,
)

WHITE = 0xFFFFFFFF
RED, BLUE, UNSEEN = 0xFFFF0000, 0x800000FF, 0x00FFFFFF
LOOK = Look(np.array([RED, BLUE, UNSEEN], np.uint32), np.array([0, 1, 0], np.uint8))


@pytest.fixture(scope="module")
def compiled() -> Rasterizer:
    made = Rasterizer()
    made.load()
    assert made.compiled
    return made


@pytest.fixture(params=["compiled", "eager"])
def drawing(request: pytest.FixtureRequest) -> Rasterizer:
    if request.param == "eager":
        return Rasterizer()
    made = request.getfixturevalue("compiled")
    assert isinstance(made, Rasterizer)
    return made


def points(
    places: list[tuple[float, float]],
    styles: list[int],
    symbol: Symbol = Symbol.CIRCLE,
    start: list[tuple[float, float]] | None = None,
) -> Points:
    end = np.array(places, np.float32).reshape(-1, 2)
    begin = end if start is None else np.array(start, np.float32)
    return Points(begin, end, np.array(styles, np.uint16), symbol)


def scene(*kinds: Points, size: float = 3.0, moved: float = 1.0, zoom: float = 1.0) -> Scene:
    return Scene(kinds, LOOK, Transform(zoom, 0.0, zoom, 0.0), moved, size, WHITE)


def picture(drawing: Rasterizer, drawn: Scene, width: int = 40, height: int = 30) -> PixelArray:
    image = np.full((height, width), 7, np.uint32)
    drawing.draw(drawn, image)
    return image


def written_out(
    place: tuple[float, float], radius: float, inside: Callable[..., bool]
) -> list[list[float]]:
    """Coverage of a shape, pixel by pixel, from 16 x 16 samples of each."""
    return [
        [
            sum(
                inside(column + (a + 0.5) / 16 - place[0], row + (b + 0.5) / 16 - place[1], radius)
                for a in range(16)
                for b in range(16)
            )
            / 256
            for column in range(40)
        ]
        for row in range(30)
    ]


@pytest.mark.parametrize("place", [(20.125, 15.125), (20.4, 15.9), (0.3, 0.2), (39.9, 15.0)])
@pytest.mark.parametrize("symbol", Symbol)
def test_a_symbol_covers_what_its_shape_covers(
    drawing: Rasterizer, place: tuple[float, float], symbol: Symbol
) -> None:
    image = picture(drawing, scene(points([place], [0], symbol), size=4.0))
    covered = 1.0 - (image & 0xFF) / 255  # of white, red leaves no blue

    def inside(x: float, y: float, radius: float) -> bool:
        if symbol is Symbol.CIRCLE:
            return math.hypot(x, y) <= radius
        return abs(x) + abs(y) <= 1.2 * radius

    expected = np.array(written_out(place, 2.0, inside))
    # its middle is at the nearest of four places of a pixel, along either axis
    assert np.abs(covered - expected).max() < 0.3
    assert abs(covered.sum() - expected.sum()) < 0.1 * expected.sum() + 0.3
    assert (image >> 24 == 255).all()


def test_points_on_their_way_are_drawn_where_they_are(drawing: Rasterizer) -> None:
    going = points([(30.0, 20.0)], [0], start=[(10.0, 10.0)])
    there = points([(15.0, 12.5)], [0])
    assert (picture(drawing, scene(going, moved=0.25)) == picture(drawing, scene(there))).all()


def test_points_are_blended_and_layers_lie_over_one_another(drawing: Rasterizer) -> None:
    red, blue = points([(20.5, 15.5)], [0]), points([(20.5, 15.5)], [1])
    for kinds in ((red, blue), (blue, red)):
        middle = int(picture(drawing, scene(*kinds, size=1.0))[15, 20])
        assert middle >> 24 == 255
        assert abs((middle >> 16 & 255) - 127) <= 1
        assert abs((middle & 255) - 128) <= 1


def test_what_cannot_be_seen_is_not_drawn(drawing: Rasterizer) -> None:
    far = [(-50.0, 5.0), (5.0, -50.0), (900.0, 5.0), (5.0, 1e30), (math.inf, 1.0), (math.nan, 1.0)]
    for size in (1.0, 7.0):
        drawn = scene(points(far, [0] * 6), points([(20.0, 15.0)], [2]), points([], []), size=size)
        assert (picture(drawing, drawn) == WHITE).all()
        assert drawing.nearest(drawn, 20.0, 15.0, 1000.0) != Hit(1, 0)


def test_points_at_every_edge_are_cut(drawing: Rasterizer) -> None:
    edges = [(x, y) for x in (-2.0, 0.0, 39.9, 42.0) for y in (-2.0, 0.0, 29.9, 32.0)]
    assert (picture(drawing, scene(points(edges, [0] * 16), size=7.0)) != WHITE).any()


def test_compiled_loops_draw_what_numpy_draws(compiled: Rasterizer) -> None:
    """Where no two points overlap: NumPy shows the last one there."""
    places = [(x + x / 50, y + x / 70) for x in range(5, 300, 14) for y in range(5, 200, 14)]
    styles = [at % 2 for at in range(len(places))]
    for size in (1.0, 2.3, 4.0, 7.0):
        for symbol in Symbol:
            drawn = scene(points(places, styles, symbol), size=size)
            ours, numpys = (picture(one, drawn, 320, 210) for one in (compiled, Rasterizer()))
            assert (ours == numpys).all()


def test_every_point_is_drawn_however_many_there_are(compiled: Rasterizer) -> None:
    for count in (1, 2, 63, 64, 65, 128, 1000, 64 * 89 + 1):
        places = [(at % 100 + 0.5, at // 100 + 0.5) for at in range(count)]
        image = picture(compiled, scene(points(places, [0] * count), size=1.0), 100, 60)
        assert (image == RED).sum() == count


def test_the_nearest_point_is_that_of_all_distances(drawing: Rasterizer) -> None:
    random = np.random.default_rng(0)
    start, end = random.random((2, 500, 2), dtype=np.float32)
    kinds = (
        Points(start[:300], end[:300], np.zeros(300, np.uint16), Symbol.CIRCLE),
        Points(start[300:], end[300:], np.zeros(200, np.uint16), Symbol.DIAMOND),
    )
    drawn = scene(*kinds, moved=0.5, zoom=100.0)
    middle = 50.0 * (start + end)
    for x, y in 100.0 * random.random((20, 2)):
        distances = np.hypot(middle[:, 0] - x, middle[:, 1] - y)
        row = int(np.argmin(distances))
        expected = Hit(0, row) if row < 300 else Hit(1, row - 300)
        assert drawing.nearest(drawn, x, y, 14.0) == expected
        assert drawing.nearest(drawn, x, y, float(distances[row]) * 0.99) is None


def test_the_program_starts_without_numba() -> None:
    program = "import sys, symmviz.app; print('numba' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ended.stdout.strip() == b"False"


def test_loops_that_are_not_on_the_disk_are_not_compiled_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numba's compiler would hold the lock that the window needs."""
    asked = []
    monkeypatch.setattr(code_cache.CodeCache, "_kept", lambda *_: None)
    monkeypatch.setattr(rasterizer, "call_in_subprocess", lambda *args: asked.append(args))
    from symmviz.raster import kernels

    warn_once.cache_clear()
    made = Rasterizer()
    cast(Any, kernels.draw_points)._reset_overloads()  # as in a process that starts now
    with pytest.warns(DegradedWarning, match="cannot be kept: the map is drawn by NumPy"):
        made.load()
    assert len(asked) == 1
    assert not made.compiled
    picture(made, scene(points([(1.0, 1.0)], [0])))
