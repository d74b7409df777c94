"""What is drawn over a map's points where it is switched on: images, trails, density."""

from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QPainter

from symmviz.model.display import PointCloud, PointPositions
from symmviz.model.map.class_places import Box
from symmviz.model.map.drawing import DrawsAtOnce, PointDrawer
from symmviz.model.map.layers import Layer
from symmviz.model.map.trails import Trails
from symmviz.model.pictures import PictureSource
from symmviz.views.map.density_layer import DensityLayer
from symmviz.views.map.image_layer import ImageLayer
from symmviz.views.map.marks import paint_name
from symmviz.views.map.point_canvas import PointCanvas
from symmviz.views.map.point_colours import Colouring
from symmviz.views.map.trail_layer import TrailLayer
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.elided_label import elided

_MARGIN = 12  # pixels


class MapLayers(QObject):
    """Keeps what is switched on as the points are; does nothing of what is off.

    Args:
        canvas: of the points.
    """

    changed = Signal()
    """Something else is to be painted."""

    def __init__(self, canvas: PointCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._drawer: PointDrawer = DrawsAtOnce()
        self._layers: frozenset[Layer] = frozenset()
        self._positions: PointPositions | None = None
        self._colours: Colouring | None = None
        self._selected: tuple[int, ...] = ()
        self.images = ImageLayer(canvas, self, self.changed.emit)
        self.density = DensityLayer(canvas, self, self.changed.emit)
        self.trails = TrailLayer(canvas)
        canvas.drawn.connect(self.look)

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have computed there what is drawn."""
        self._drawer = drawer

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take images from there."""
        self.images.set_pictures(pictures)

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Draw these, and forget what was drawn of others."""
        gone, self._layers = self._layers - layers, layers
        if Layer.IMAGES in gone:
            self.images.forget()
        if Layer.DENSITY in gone:
            self.density.forget()
        self.look()
        self.changed.emit()

    def set_cloud(self, cloud: PointCloud | None) -> None:
        """Take other points, which have no places yet."""
        self._positions = self._colours = self.trails.trails = None
        self.images.set_cloud(cloud)
        self.density.forget()

    def set_positions(self, positions: PointPositions) -> None:
        """Say where the points are, or go to."""
        self._positions = positions

    def set_colours(self, colours: Colouring) -> None:
        """Say what the points look like."""
        self._colours = colours

    def set_selected(self, rows: tuple[int, ...]) -> None:
        """Say which are selected."""
        self._selected = rows

    def set_trails(self, trails: Trails | None) -> None:
        """Draw these trails, or none."""
        self.trails.trails = trails
        self.changed.emit()

    def look(self) -> None:
        """Ask for what is not known of what is shown by now."""
        positions, colours = self._positions, self._colours
        if positions is None or colours is None:
            return
        if Layer.IMAGES in self._layers:
            self.images.look(self._drawer, positions, colours, self._selected)
        if Layer.DENSITY in self._layers:
            self.density.look(self._drawer, positions, colours)

    @property
    def pending(self) -> bool:
        """Whether something that is to be drawn is being computed."""
        return self.images.pending or self.density.pending

    @property
    def problems(self) -> tuple[str, ...]:
        """Why something that is switched on is not drawn, a sentence each."""
        shown = (
            (Layer.DENSITY, self.density.problem),
            (Layer.TRAILS, self.trails.problem),
            (Layer.IMAGES, self.images.problem),
        )
        return tuple(text for layer, text in shown if text and layer in self._layers)

    @property
    def covered(self) -> tuple[Box, ...]:
        """What nothing is to be written over: the images, where their points are or go to."""
        if self._positions is None or Layer.IMAGES not in self._layers:
            return ()
        return self.images.boxes(self._positions)

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint what is switched on, and why something is not; the points must have places."""
        if not self._layers or self._colours is None:
            return
        if Layer.DENSITY in self._layers:
            self.density.paint(painter, theme)
        if Layer.IMAGES in self._layers:
            self.images.paint(painter, theme, self._colours)
        if Layer.TRAILS in self._layers:
            self.trails.paint(painter, theme, self._colours)
        metrics, (_, (width, height), ratio) = painter.fontMetrics(), self._canvas.view
        for at, problem in enumerate(self.problems):
            text = elided(problem, metrics, int(width / ratio) - 2 * _MARGIN)
            below = height / ratio - _MARGIN - at * metrics.height()
            paint_name(painter, theme, QPointF(width / ratio / 2, below), text)
