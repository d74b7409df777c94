"""One run's embedding in the plane: original and synthetic points that move."""

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from symmcore.records import FloatArray
from symmviz.model.display import ColourBy, MapNeighbour, PointCloud, PointPositions
from symmviz.model.loaded import VerdictArray
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.class_places import class_middles
from symmviz.model.map.drawing import PointDrawer
from symmviz.model.map.lasso import inside
from symmviz.model.map.picked import MapPair
from symmviz.raster import Hit, Symbol
from symmviz.views.map.lasso import Lasso
from symmviz.views.map.layers import MapLayers
from symmviz.views.map.overlay import ORIGINAL, SYNTHETIC, MapOverlay
from symmviz.views.map.plane_view import PlaneView
from symmviz.views.map.point_colours import PointFacts, argb, colouring
from symmviz.views.style.theme import current_theme

PICK_RADIUS_PX = 14
_HOVER_CARD_DELAY_MS = 125


class EmbeddingScatter(PlaneView):
    """A scatter of originals (circles) and synthetic points (diamonds).

    Drag pans, Shift and drag lassoes, wheel zooms, double click fits the view again. A point within
    ``PICK_RADIUS_PX`` of the pointer is ringed at once, with the synthetic or original point
    that belongs to it; resting there announces it.
    """

    picked = Signal(int)
    """A point was clicked: its row in the cloud."""
    lassoed = Signal(tuple)
    """Points were lassoed: their rows in the cloud, the one nearest the middle first."""
    hovered = Signal(int, bool, QPointF)
    """The pointer rests at a point: its row, whether it is synthetic, and where in the widget."""
    left = Signal()
    """The pointer rests at a point no more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cloud: PointCloud | None = None
        self._positions: PointPositions | None = None
        self._colour_by = ColourBy.KIND
        self._hovered: Hit | None = None
        self._classes = ShownClasses()
        self._verdicts: VerdictArray | None = None
        self._lines_wanted = False
        self._shares: FloatArray | None = None
        self._lasso = Lasso()
        self.zoomed.connect(lambda: self._set_hovered(None))
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_HOVER_CARD_DELAY_MS)
        self._rest.timeout.connect(self._announce_hovered)
        self._pointer = QPointF()
        self._overlay = MapOverlay(self._canvas)
        self.layers = MapLayers(self._canvas)
        self.layers.changed.connect(self.viewport().update)
        self.setMouseTracking(True)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self._apply_theme()

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have the points, and what lies over them, drawn there."""
        super().set_drawer(drawer)
        self.layers.set_drawer(drawer)

    def set_cloud(self, cloud: PointCloud | None) -> None:
        """Take other points; none are drawn until they are moved somewhere."""
        self._cloud = self._overlay.cloud = cloud
        self.layers.set_cloud(cloud)
        self._overlay.middles = ()
        self._positions = None
        self._verdicts = self._shares = None
        self._overlay.pairs = ()
        self._set_hovered(None)
        self._canvas.clear()

    def move_points(self, positions: PointPositions) -> None:
        """Have the points of the cloud go where they are now."""
        if self._cloud is None or len(positions.original) != len(self._cloud.labels):
            return  # of another cloud: its own positions follow
        first = self._positions is None
        self._positions = positions
        self.layers.set_positions(positions)
        self._canvas.set_points(
            ((positions.synthetic, Symbol.DIAMOND), (positions.original, Symbol.CIRCLE))
        )
        if first:
            self._style_points()
        self._name_classes()

    def set_colour_by(self, colour_by: ColourBy) -> None:
        """Say what colours mean."""
        if colour_by is not self._colour_by:
            self._shares = None  # of another scale
            self._colour_by = colour_by
            self._update_pairs()
            self._name_classes()
            self._style_points()

    def set_synthetic_visible(self, visible: bool) -> None:
        """Show or hide the synthetic points."""
        self._overlay.synthetic_visible = visible
        self._canvas.set_hidden(frozenset() if visible else frozenset({SYNTHETIC}))
        self._set_hovered(None)

    def set_classes(self, classes: ShownClasses) -> None:
        """Colour and hide the classes so."""
        if classes != self._classes:
            self._classes = self._overlay.classes = classes
            self._name_classes()
            self._style_points()

    def set_verdicts(self, verdicts: VerdictArray) -> None:
        """Take which points are right at rank 1."""
        self._verdicts = verdicts
        if self._colour_by is ColourBy.CORRECT:
            self._style_points()

    def set_shares(self, shares: FloatArray) -> None:
        """Take what colours that are a scale say of each point."""
        self._shares = shares
        self._style_points()

    def set_pairs(self, pairs: tuple[MapPair, ...]) -> None:
        """Take which points were picked in the newest batch."""
        self._overlay.pairs = pairs
        if self._colour_by is ColourBy.PICKED:
            self._style_points()
        self.viewport().update()

    def set_pairs_visible(self, visible: bool) -> None:
        """Draw picked pairs as lines, or not."""
        self._lines_wanted = visible
        self._update_pairs()

    def set_selected(self, row: int | None) -> None:
        """Ring a point, and show how its synthetic point is made; None for no point."""
        self._overlay.selected = row
        self.layers.set_selected(self._overlay.all_selected)
        self._style_points()

    def set_also_selected(self, rows: tuple[int, ...]) -> None:
        """Dim all images but these and the selected one, if there are any."""
        self._overlay.also_selected = rows
        self.layers.set_selected(self._overlay.all_selected)
        self._style_points()

    def set_neighbours(self, neighbours: tuple[MapNeighbour, ...]) -> None:
        """Draw lines from the selected point to these."""
        self._overlay.neighbours = neighbours
        self.viewport().update()

    @property
    def positions(self) -> PointPositions | None:
        """Where the points are, or go to."""
        return self._positions

    @property
    def selected(self) -> int | None:
        """The row of the ringed point."""
        return self._overlay.selected

    @property
    def also_selected(self) -> tuple[int, ...]:
        """The rows of the other selected images."""
        return self._overlay.also_selected

    def position_in_widget(self, row: int) -> QPointF:
        """Where an original point is drawn, in this widget's coordinates."""
        assert self._positions is not None, "there are no points yet"
        place = self._canvas.pixel(ORIGINAL, row)
        assert place is not None, "it is drawn"
        return place

    def hit_at(self, position: QPointF) -> Hit | None:
        """The point under the pointer: its kind, 1 for originals, and its row.

        Args:
            position: in this widget.
        """
        if self._positions is None:
            return None
        return self._canvas.nearest(position.x(), position.y(), PICK_RADIUS_PX)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_canvas"):
            self._apply_theme()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint what is selected and pointed at over the points."""
        super().drawForeground(painter, rect)
        if self._positions is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.layers.paint(painter, current_theme())
        self._overlay.covered = self.layers.covered
        self._overlay.paint(painter, current_theme())
        self._lasso.paint(painter, current_theme())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a lasso with Shift; else drag the view."""
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if shift and event.button() == Qt.MouseButton.LeftButton:
            self._lasso.begin(event.position())
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select what was lassoed."""
        if not self._lasso.active:
            super().mouseReleaseEvent(event)
            return
        rows = self._rows_inside(self._lasso.end())
        self.viewport().update()
        if rows:
            self.lassoed.emit(rows)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ring the point under the pointer, or go on with the lasso."""
        if self._lasso.active:
            self._lasso.go_on(event.position())
            self.viewport().update()
            return
        super().mouseMoveEvent(event)
        self._pointer = event.position()
        if event.buttons() == Qt.MouseButton.NoButton:
            self._set_hovered(self.hit_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Drop the hover ring."""
        super().leaveEvent(event)
        self._set_hovered(None)

    def _rows_inside(self, line: npt.NDArray[np.float64]) -> tuple[int, ...]:
        """The originals within a line, but for hidden ones; the one nearest the middle first."""
        if self._positions is None or self._cloud is None:
            return ()
        places = self._canvas.pixels(ORIGINAL)
        within = inside(line, places)
        if self._classes.hidden:
            within &= ~np.isin(self._cloud.labels, list(self._classes.hidden))
        rows = np.flatnonzero(within)
        away = np.linalg.norm(places[rows] - places[rows].mean(axis=0), axis=1) if len(rows) else ()
        ordered = rows[np.argsort(away, kind="stable")]
        return tuple(ordered.tolist())

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.button() != Qt.MouseButton.LeftButton or event.double():
            return
        hit = self.hit_at(QPointF(self.mapFromScene(event.scenePos())))
        if hit is not None:
            self.picked.emit(hit.row)

    def _set_hovered(self, hit: Hit | None) -> None:
        if hit == self._hovered:
            return
        self._hovered = hit
        self._overlay.hovered = None if hit is None else hit.row
        self.viewport().update()
        self.left.emit()
        if hit is None:
            self._rest.stop()
        else:
            self._rest.start()

    def _announce_hovered(self) -> None:
        if self._hovered is not None:
            synthetic = self._hovered.points == SYNTHETIC
            self.hovered.emit(self._hovered.row, synthetic, self._pointer)

    def _update_pairs(self) -> None:
        """Pairs are drawn where they are wanted, and where colours are of what was picked."""
        self._overlay.pairs_visible = self._lines_wanted or self._colour_by is ColourBy.PICKED
        self.viewport().update()

    def _name_classes(self) -> None:
        """Classes are named where colours are theirs."""
        self._overlay.middles = ()
        if (
            self._colour_by is ColourBy.CLASS
            and self._cloud is not None
            and self._positions is not None
        ):
            self._overlay.middles = class_middles(
                self._positions.original, self._cloud.labels, self._classes
            )

    def _apply_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.raised)
        self._canvas.set_background(argb(theme.raised))
        self._style_points()

    def _style_points(self) -> None:
        if self._cloud is None or self._positions is None:
            return
        colours = colouring(
            self._cloud,
            self._colour_by,
            current_theme(),
            self._classes,
            PointFacts(self._verdicts, self._overlay.pairs, self._overlay.chosen, self._shares),
        )
        self.layers.set_colours(colours)
        self._canvas.set_styles(colours.look, (colours.synthetic, colours.original))
