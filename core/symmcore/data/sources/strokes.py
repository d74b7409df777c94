"""Characters made of strokes: their shapes, in families of look-alikes, and their drawing.

Lengths are in units of the image's side, from the top left corner; angles are in radians.
Every family and every image draws from a random stream of its own, so that none depends
on which others are made.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

PIXELS = 28
FAMILY_SIZE = 5

Points = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_FAMILY_STREAM = 10
_IMAGE_STREAM = 11

_FEWEST_STROKES, _MOST_STROKES = 2, 4
_STROKE_POINTS = 3
# Points of an undistorted character keep away from the edge.
_LEAST, _MOST = 0.15, 0.85
_SHORTEST_STROKE = 0.35
# A curve of this many straight pieces looks round.
_PIECES = 8
# Drawn larger and averaged down, which smooths the edges.
_ENLARGED = 4
_THINNEST, _THICKEST = 0.05, 0.1
_DARKEST_INK, _BRIGHTEST_INK = 150, 255


@dataclass(frozen=True, slots=True)
class Distortion:
    """How much the images of a character differ: standard deviations, each drawn anew.

    Attributes:
        jitter: of each coordinate of every point.
        rotation: of the whole character, in radians.
        shear: of the whole character, sideways, as a share of the height.
        scale: of the logarithms of width and height.
        shift: of the whole character, each way.
        noise: of every pixel, in grey levels of 255.
    """

    jitter: float
    rotation: float
    shear: float
    scale: float
    shift: float
    noise: float


def family_shapes(seed: int, family: int, difference: float) -> tuple[Points, ...]:
    """The shapes of the ``FAMILY_SIZE`` look-alikes of a family.

    They share all points but one each: every member has another point moved.

    Args:
        seed: decides all families.
        family: which family.
        difference: how far the moved point lies from where the others have it, at least;
            at most 0.4, or there may be no such place.

    Returns:
        For each member (S, 3, 2) float64: S strokes from the first to the third point,
        bent towards the second, as (x, y).
    """
    random = np.random.default_rng([seed, _FAMILY_STREAM, family])
    count = int(random.integers(_FEWEST_STROKES, _MOST_STROKES + 1))
    common = np.stack([_stroke(random) for _ in range(count)]).reshape(-1, 2)
    shapes = []
    for point in random.permutation(len(common))[:FAMILY_SIZE]:
        shape = common.copy()
        shape[point] = _far_from(common[point], difference, random)
        shapes.append(shape.reshape(-1, _STROKE_POINTS, 2))
    return tuple(shapes)


def draw(shape: Points, distortion: Distortion, stream: tuple[int, int, int]) -> Picture:
    """Draw one image of a character.

    Args:
        shape: (S, 3, 2), as from :func:`family_shapes`.
        distortion: how much it may differ from the shape.
        stream: seed, class and number of the image: together they decide all that is random.

    Returns:
        (PIXELS, PIXELS) uint8, bright ink on black.
    """
    seed, label, image = stream
    random = np.random.default_rng([seed, _IMAGE_STREAM, label, image])
    points = _distorted(shape, distortion, random)
    side = PIXELS * _ENLARGED
    canvas = Image.new("L", (side, side))
    pen = ImageDraw.Draw(canvas)
    width = round(random.uniform(_THINNEST, _THICKEST) * side)
    ink = int(random.integers(_DARKEST_INK, _BRIGHTEST_INK + 1))
    for curve in (_curves(points) * side).tolist():
        pen.line([(x, y) for x, y in curve], fill=ink, width=width)
        for x, y in curve:  # round joints and ends
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=ink)
    clean = np.asarray(canvas.reduce(_ENLARGED), dtype=np.float64)
    noisy = clean + random.normal(0, distortion.noise, clean.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _stroke(random: np.random.Generator) -> Points:
    while True:
        points = random.uniform(_LEAST, _MOST, (_STROKE_POINTS, 2))
        if np.linalg.norm(points[-1] - points[0]) >= _SHORTEST_STROKE:
            return points


def _far_from(point: Points, distance: float, random: np.random.Generator) -> Points:
    while True:
        place = random.uniform(_LEAST, _MOST, 2)
        if distance <= np.linalg.norm(place - point) <= 1.5 * distance:
            return place


def _distorted(shape: Points, by: Distortion, random: np.random.Generator) -> Points:
    points = shape - 0.5 + random.normal(0, by.jitter, shape.shape)
    angle = random.normal(0, by.rotation)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lean = np.array([[1.0, random.normal(0, by.shear)], [0.0, 1.0]])
    stretch = np.diag(np.exp(random.normal(0, by.scale, 2)))
    placed: Points = points @ (turn @ lean @ stretch).T + 0.5
    return placed + random.normal(0, by.shift, 2)


def _curves(points: Points) -> Points:
    """Quadratic curves (S, pieces + 1, 2) through the strokes (S, 3, 2)."""
    at = np.linspace(0, 1, _PIECES + 1)[:, np.newaxis]
    first, middle, last = (points[:, np.newaxis, i] for i in range(_STROKE_POINTS))
    curves: Points = (1 - at) ** 2 * first + 2 * at * (1 - at) * middle + at**2 * last
    return curves
