"""Which style each point has, and what the styles look like."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QColor

from symmcore.records import FloatArray, IndexArray
from symmviz.model.display import ColourBy, PointCloud
from symmviz.model.loaded import VerdictArray
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.picked import MapPair
from symmviz.raster import Look
from symmviz.raster.scene import StyleArray
from symmviz.views.style.theme import Theme

_OPAQUE = 0.88
_DIMMED = 0.45  # synthetic points where colours are classes'
_GREY = 0.4, 0.16  # of classes without a colour: original and synthetic
_REST = 0.25  # of the opacity of points that are not selected, where several are
_UNDER, _MIDDLE, _OVER = 0, 1, 2


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


@dataclass(frozen=True, slots=True)
class _Style:
    """A colour, its opacity, and whether it lies over others."""

    colour: str
    opacity: float
    layer: int = _OVER


@dataclass(frozen=True, slots=True, eq=False)
class PointFacts:
    """What is known of the points of a cloud.

    Attributes:
        verdicts: (N,) which points are right at rank 1; None where that is not known.
        pairs: that were picked in the newest batch.
        chosen: (M,) rows of the points that are not dimmed; None where none is.
        shares: (N,) float32 in [0, 1], NaN for unknown, where colours are a scale; None where
            that is not known.
    """

    verdicts: VerdictArray | None = None
    pairs: tuple[MapPair, ...] = ()
    chosen: IndexArray | None = None
    shares: FloatArray | None = None


def colouring(
    cloud: PointCloud,
    colour_by: ColourBy,
    theme: Theme,
    classes: ShownClasses,
    facts: PointFacts = PointFacts(),
) -> Colouring:
    """The styles of a cloud's points; a point without a synthetic one has none drawn.

    Args:
        cloud: the points.
        colour_by: what colours mean.
        theme: whose colours they are.
        classes: which of the classes have colours, and which are hidden.
        facts: what else is known of them.
    """
    pairs, ranks = _styled(cloud, colour_by, theme, classes, facts)
    styles = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    original, synthetic = ranks.copy(), ranks + len(pairs)
    if facts.chosen is not None:
        rest = np.ones(len(ranks), np.bool_)
        rest[facts.chosen[facts.chosen < len(rest)]] = False
        original[rest] += len(styles)
        synthetic[rest] += len(styles)
        styles += [_Style(one.colour, one.opacity * _REST, _UNDER) for one in styles]
    styles.append(_UNSEEN)
    unseen = len(styles) - 1
    if classes.hidden:
        gone = np.isin(cloud.labels, list(classes.hidden))
        original[gone] = synthetic[gone] = unseen
    synthetic[cloud.partner < 0] = unseen
    return Colouring(_look(styles), original.astype(np.uint16), synthetic.astype(np.uint16))


def _styled(
    cloud: PointCloud,
    colour_by: ColourBy,
    theme: Theme,
    classes: ShownClasses,
    facts: PointFacts,
) -> tuple[list[tuple[_Style, _Style]], IndexArray]:
    """Styles of originals and of their synthetic points, and (N,) which of them each has."""
    count = len(cloud.labels)
    if colour_by is ColourBy.KIND:
        both = _Style(theme.original, _OPAQUE), _Style(theme.synthetic, _OPAQUE)
        return [both], np.zeros(count, np.int64)
    if colour_by is ColourBy.CLASS:
        colours = theme.class_colours(classes)
        named = [colours[slot % len(colours)] for slot in range(len(classes.slots))]
        pairs = [*(_dimming(colour) for colour in named), _grey(theme)]
        return pairs, _ranks(cloud.labels, classes, len(named))
    if colour_by is ColourBy.PICKED:
        return _picked_styles(theme), _picked_ranks(count, facts.pairs)
    # nothing is said of synthetic points: they are grey
    grey = _grey(theme)
    if colour_by is ColourBy.CORRECT:
        right = _Style(theme.right, _OPAQUE, _MIDDLE), grey[1]
        wrong = _Style(theme.wrong, _OPAQUE), grey[1]
        known = facts.verdicts
        ranks = np.full(count, 2, np.int64)
        if known is not None and len(known) == count:
            ranks = np.where(known >= 0, known, 2).astype(np.int64)
        return [wrong, right, grey], ranks
    return _scale_styles(theme, grey), _scale_ranks(count, facts.shares)


SCALE_STEPS = 16


def scale_colours(theme: Theme) -> tuple[str, ...]:
    """The colours of shares from 0 to 1, in as many steps: from right over muted to wrong."""
    low, middle, high = (QColor(one) for one in (theme.right, theme.muted, theme.wrong))
    colours = []
    for at in range(SCALE_STEPS):
        share = 2 * at / (SCALE_STEPS - 1)
        first, second = (low, middle) if share <= 1 else (middle, high)
        part = share if share <= 1 else share - 1
        mixed = QColor(
            *(
                round(a + part * (b - a))
                for a, b in (
                    (first.red(), second.red()),
                    (first.green(), second.green()),
                    (first.blue(), second.blue()),
                )
            )
        )
        colours.append(mixed.name())
    return tuple(colours)


def _scale_styles(theme: Theme, grey: tuple[_Style, _Style]) -> list[tuple[_Style, _Style]]:
    """By step of the scale, higher ones over lower ones; the last for those that have none."""
    scale = [
        (_Style(colour, _OPAQUE, _OVER if 2 * at >= SCALE_STEPS else _MIDDLE), grey[1])
        for at, colour in enumerate(scale_colours(theme))
    ]
    return [*scale, grey]


def _scale_ranks(count: int, shares: FloatArray | None) -> IndexArray:
    ranks = np.full(count, SCALE_STEPS, np.int64)
    if shares is not None and len(shares) == count:
        there = np.isfinite(shares)
        steps = np.clip(shares[there] * SCALE_STEPS, 0, SCALE_STEPS - 1)
        ranks[there] = steps.astype(np.int64)
    return ranks


_NOT_PICKED, _AS_ORIGINAL, _AS_OTHER_SYNTHETIC, _AS_SYNTHETIC, _AS_BOTH = range(5)


def _picked_styles(theme: Theme) -> list[tuple[_Style, _Style]]:
    """By how an image was picked; a synthetic point that is not on the map colours its image."""
    grey = _grey(theme)
    original, synthetic = _Style(theme.original, _OPAQUE), _Style(theme.synthetic, _OPAQUE)
    return [
        grey,
        (original, grey[1]),
        (synthetic, grey[1]),
        (grey[0], synthetic),
        (original, synthetic),
    ]


def _picked_ranks(count: int, pairs: tuple[MapPair, ...]) -> IndexArray:
    ranks = np.zeros(count, np.int64)
    ways: dict[int, set[int]] = {}
    for pick in (pick for pair in pairs for pick in pair.picks if pick.row < count):
        way = _AS_ORIGINAL
        if pick.synthetic:
            way = _AS_SYNTHETIC if pick.drawn else _AS_OTHER_SYNTHETIC
        ways.setdefault(pick.row, set()).add(way)
    for row, found in ways.items():
        ranks[row] = _AS_BOTH if {_AS_ORIGINAL, _AS_SYNTHETIC} <= found else min(found)
    return ranks


def argb(colour: str, opacity: float = 1.0) -> int:
    """A colour as 0xAARRGGBB, not premultiplied."""
    shade = QColor(colour)
    shade.setAlphaF(opacity)
    return shade.rgba()


_UNSEEN = _Style("#000000", 0.0)


def _dimming(colour: str) -> tuple[_Style, _Style]:
    """Originals of a colour, and their synthetic points, which are fainter."""
    return _Style(colour, _OPAQUE), _Style(colour, _DIMMED, _MIDDLE)


def _grey(theme: Theme) -> tuple[_Style, _Style]:
    """What nothing is said of."""
    return _Style(theme.muted, _GREY[0], _UNDER), _Style(theme.muted, _GREY[1], _UNDER)


def _ranks(labels: IndexArray, classes: ShownClasses, others: int) -> IndexArray:
    """The slot of each point's class, or ``others``."""
    if not len(labels):
        return labels.copy()
    by_label = np.full(int(labels.max()) + 1, others, np.int64)
    for slot, label in classes.coloured:
        if label < len(by_label):
            by_label[label] = slot
    ranks: IndexArray = by_label[labels]
    return ranks


def _look(styles: list[_Style]) -> Look:
    codes = np.array([argb(style.colour, style.opacity) for style in styles], np.uint32)
    return Look(codes, np.array([style.layer for style in styles], np.uint8))
