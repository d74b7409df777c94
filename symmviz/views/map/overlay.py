"""What lies over a map's points: what is selected, pointed at, and picked in mining."""

from functools import partial

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from symmcore.records import IndexArray
from symmviz.model.display import MapNeighbour, PointCloud
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.class_places import Box, placed
from symmviz.model.map.picked import MapPair
from symmviz.model.names import shown_name, told_apart
from symmviz.views.map.marks import (
    paint_construction,
    paint_name,
    paint_neighbour,
    paint_pair,
    paint_ring,
)
from symmviz.views.map.point_canvas import PointCanvas
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.elided_label import elided
from symmviz.views.widgets.kept_picture import KeptPicture

# Kinds of points, in the order they are drawn in.
SYNTHETIC, ORIGINAL = 0, 1
_MOST_RINGS = 12
_WIDEST_NAME = 110  # pixels


class MapOverlay:
    """Paints over the points of a canvas, where they are on their way.

    Attributes:
        cloud: the points.
        selected: row of the selected image; None for none.
        also_selected: rows of other selected images, which have smaller rings where they are few.
        hovered: row of the image that is pointed at, or whose synthetic point is; None for none.
        neighbours: of the selected image.
        pairs: that were picked in the newest batch.
        pairs_visible: whether these are painted.
        synthetic_visible: whether synthetic points are drawn.
        classes: of the points.
        middles: of the classes that are named, and where.
        covered: what the names are not to cover.
    """

    def __init__(self, canvas: PointCanvas) -> None:
        self._canvas = canvas
        self.cloud: PointCloud | None = None
        self.selected: int | None = None
        self.also_selected: tuple[int, ...] = ()
        self.hovered: int | None = None
        self.neighbours: tuple[MapNeighbour, ...] = ()
        self.pairs: tuple[MapPair, ...] = ()
        self.pairs_visible = False
        self.synthetic_visible = True
        self.classes = ShownClasses()
        self.middles: tuple[tuple[int, float, float], ...] = ()
        self.covered: tuple[Box, ...] = ()
        self._names = KeptPicture()

    @property
    def chosen(self) -> IndexArray | None:
        """(M,) rows of the selected images, where several are: the others are dimmed."""
        return np.array(self.all_selected, np.int64) if self.also_selected else None

    @property
    def all_selected(self) -> tuple[int, ...]:
        """Rows of the selected images, that which neighbours are looked for first."""
        return (*(() if self.selected is None else (self.selected,)), *self.also_selected)

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint everything; the points must have places."""
        if self.middles:
            _, size, ratio = self._canvas.view
            source = self.middles, self.classes, self._canvas.view, theme, self.covered
            self._names.paint(painter, size, ratio, source, partial(self._paint_names, theme=theme))
        if self.pairs_visible:
            self._paint_pairs(painter, theme)
        for row in self.also_selected if len(self.also_selected) < _MOST_RINGS else ():
            for place in self._places_of(row):
                paint_ring(painter, theme, place, hovered=True)
        if self.selected is not None:
            self._paint_selected(painter, theme, self.selected)
        if self.hovered is not None:
            for place in self._places_of(self.hovered):
                paint_ring(painter, theme, place, hovered=True)

    def _paint_names(self, painter: QPainter, theme: Theme) -> None:
        """The names of classes at their places, as far as there is room."""
        metrics = painter.fontMetrics()
        short = told_apart([self.classes.name(label) for label, _, _ in self.middles])
        named = []
        for text, (_, x, y) in zip(short, self.middles, strict=True):
            name = elided(shown_name(text), metrics, _WIDEST_NAME)
            place = self._canvas.place(x, y)
            size = metrics.horizontalAdvance(name), metrics.height()
            named.append((name, Box(place.x(), place.y(), *size)))
        _, (width, height), ratio = self._canvas.view
        places = tuple(box for _, box in named)
        boxes = placed(places, self.covered, (width / ratio, height / ratio))
        for (name, _), box in zip(named, boxes, strict=True):
            if box is not None:
                paint_name(painter, theme, QPointF(box.x, box.y), name)

    def _paint_pairs(self, painter: QPainter, theme: Theme) -> None:
        for pair in self.pairs:
            ends = []
            for pick in pair.picks:
                kind = SYNTHETIC if pick.drawn and self.synthetic_visible else ORIGINAL
                place = self._canvas.pixel(kind, pick.row)
                if place is not None:
                    ends.append((place, pick.synthetic))
            paint_pair(painter, theme, ends)

    def _paint_selected(self, painter: QPainter, theme: Theme, row: int) -> None:
        """The selected point, how its synthetic point is made, and its neighbours."""
        assert self.cloud is not None, "a point of it is selected"
        image = self._canvas.pixel(ORIGINAL, row)
        if image is None:
            return
        for neighbour in self.neighbours:
            there = self._canvas.pixel(ORIGINAL, neighbour.row)
            if there is not None:
                paint_neighbour(painter, theme, image, there, correct=neighbour.correct)
        partner = int(self.cloud.partner[row])
        if self.synthetic_visible and partner >= 0:
            axis = self._canvas.pixel(ORIGINAL, partner)
            synthetic = self._canvas.pixel(SYNTHETIC, row)
            if axis is not None and synthetic is not None:
                paint_construction(painter, theme, image, axis, synthetic)
        paint_ring(painter, theme, image, hovered=False)

    def _places_of(self, row: int) -> list[QPointF]:
        """Where an image and its synthetic point are, as far as they are seen."""
        assert self.cloud is not None, "it is one of its rows"
        kinds = [ORIGINAL]
        if self.synthetic_visible and self.cloud.partner[row] >= 0:
            kinds.append(SYNTHETIC)
        places = (self._canvas.pixel(kind, row) for kind in kinds)
        return [place for place in places if place is not None]
