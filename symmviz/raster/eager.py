"""The same in NumPy, to be used until the compiled loops are there.

Where points overlap, the last one shows: pixels are written a mask's pixel at a time.
"""

import numpy as np

from symmcore.records import FloatArray
from symmviz.raster.scene import Hit, PixelArray, Points, Scene
from symmviz.raster.stamps import PHASES, Coverage, stamp


def draw(scene: Scene, image: PixelArray) -> None:
    """Draw a scene; arguments as ``Rasterizer.draw``."""
    image[:] = scene.background
    for layer in np.unique(scene.look.layers):
        for points in scene.points:
            _draw_points(scene, points, int(layer), image)


def nearest(scene: Scene, x: float, y: float, radius: float) -> Hit | None:
    """Find a point; arguments as ``Rasterizer.nearest``."""
    best, found = radius * radius, None
    for at, points in enumerate(scene.points):
        if not len(points.end):
            continue
        places = _pixels(scene, points)
        distances = np.square(places - np.array([x, y])).sum(axis=1)
        drawn = scene.look.colours[points.styles] >> 24 != 0
        distances[~drawn | np.isnan(distances)] = np.inf
        row = int(np.argmin(distances))
        if distances[row] < best:
            best, found = float(distances[row]), Hit(at, row)
    return found


def _pixels(scene: Scene, points: Points) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    scale_x, left, scale_y, top = scene.transform
    places: FloatArray = points.at(scene.moved)
    return places.astype(np.float64) * (scale_x, scale_y) + (left, top)


def _draw_points(scene: Scene, points: Points, layer: int, image: PixelArray) -> None:
    marks = stamp(points.symbol, scene.size)
    height, width = image.shape
    side = marks.symbol.shape[1]
    look = scene.look
    corners = _pixels(scene, points) - marks.reach
    with np.errstate(invalid="ignore"):
        inside = ((corners > -side) & (corners < (width, height))).all(axis=1)
    drawn = (look.layers[points.styles] == layer) & (look.colours[points.styles] >> 24 != 0)
    corners = corners[inside & drawn]
    if not len(corners):
        return
    colours = look.colours[points.styles[inside & drawn]].astype(np.int64)
    pixels = np.floor(corners).astype(np.int64)
    phases = ((corners - pixels) * PHASES).astype(np.int64)
    phase = phases[:, 1] * PHASES + phases[:, 0]
    rim = np.full(len(colours), scene.background, np.int64) & 0xFFFFFF | colours & 0xFF000000
    if len(marks.rim):
        _blend(image, pixels, marks.rim, phase, rim)
    _blend(image, pixels, marks.symbol, phase, colours)


def _blend(
    image: PixelArray,
    pixels: "np.ndarray[tuple[int, int], np.dtype[np.int64]]",
    masks: Coverage,
    phase: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    colours: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> None:
    height, width = image.shape
    alpha = colours >> 24
    alpha += alpha >> 7
    for row, column in np.ndindex(masks.shape[1:]):
        x, y = pixels[:, 0] + column, pixels[:, 1] + row
        share = (masks[phase, row, column].astype(np.int64) * alpha) >> 8
        kept = (share > 0) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
        x, y, share, colour = x[kept], y[kept], share[kept], colours[kept]
        there = image[y, x].astype(np.int64)
        rest = 256 - share
        outer = ((colour & 0xFF00FF) * share + (there & 0xFF00FF) * rest + 0x800080) >> 8
        inner = ((colour & 0x00FF00) * share + (there & 0x00FF00) * rest + 0x008000) >> 8
        image[y, x] = 0xFF000000 | (outer & 0xFF00FF) | (inner & 0x00FF00)
