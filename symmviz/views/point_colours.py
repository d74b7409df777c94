"""Which style each point has, and what the styles look like."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QColor

from symmcore.records import IndexArray
from symmviz.model.display import ColourBy
from symmviz.raster import Look
from symmviz.raster.scene import StyleArray
from symmviz.views.theme import Theme

_OPAQUE = 0.88
_DIMMED = 0.42  # synthetic points where colours are classes'


@dataclass(frozen=True, slots=True, eq=False)
class Colouring:
    """How a cloud is drawn.

    Attributes:
        look: of the styles.
        original: (N,) uint16, style of each original point.
        synthetic: (N,) uint16, style of each synthetic point.
    """

    look: Look
    original: StyleArray
    synthetic: StyleArray


def colouring(labels: IndexArray, colour_by: ColourBy, theme: Theme) -> Colouring:
    """The styles of a cloud's points.

    Args:
        labels: (N,) class of each point.
        colour_by: what colours mean.
        theme: whose colours they are.
    """
    if colour_by is ColourBy.KIND:
        colours = [(theme.original, _OPAQUE), (theme.synthetic, _OPAQUE)]
        original = np.zeros(len(labels), np.uint16)
        return Colouring(_look(colours), original, original + np.uint16(1))
    names = theme.class_colours(len(np.unique(labels)))
    ranks = np.unique(labels, return_inverse=True)[1].reshape(-1) % len(names)
    colours = [(name, opacity) for opacity in (_OPAQUE, _DIMMED) for name in names]
    original = ranks.astype(np.uint16)
    return Colouring(_look(colours), original, original + np.uint16(len(names)))


def argb(colour: str, opacity: float = 1.0) -> int:
    """A colour as 0xAARRGGBB, not premultiplied."""
    shade = QColor(colour)
    shade.setAlphaF(opacity)
    return shade.rgba()


def _look(colours: list[tuple[str, float]]) -> Look:
    codes = np.array([argb(*colour) for colour in colours], np.uint32)
    return Look(codes, np.zeros(len(codes), np.uint8))
