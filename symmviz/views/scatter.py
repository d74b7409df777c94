"""One run's embedding in the plane: original and synthetic points that move."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent
from PySide6.QtWidgets import QWidget

from symmcore.records import FloatArray
from symmviz.model.display import ColourBy, PointCloud, PointPositions
from symmviz.views.theme import Theme, current_theme

PICK_RADIUS_PX = 14
_HOVER_CARD_DELAY_MS = 125
_ORIGINAL_SIZE = 7
_SYNTHETIC_SIZE = 8
_POINT_ALPHA = 190


class _MovingPoints(pg.ScatterPlotItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Points whose styles are set once and whose positions change often."""

    def move(self, positions: FloatArray) -> None:
        """Put the points, as many as there are styles, at (N, 2) positions.

        setData would make every style anew, which takes longer than drawing.
        """
        self.data["x"] = positions[:, 0]
        self.data["y"] = positions[:, 1]
        self.prepareGeometryChange()
        self.bounds = [None, None]
        self.invalidate()
        self.update()


class EmbeddingScatter(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A scatter of originals (circles) and synthetic points (diamonds).

    Drag pans, wheel zooms, double click fits the view again. A point within
    ``PICK_RADIUS_PX`` of the pointer is ringed at once, with the synthetic or original point
    that belongs to it; resting there announces it.
    """

    picked = Signal(int)
    """A point was clicked: its row in the cloud."""
    hovered = Signal(int, QPointF)
    """The pointer rests at a point: its row, and where in the widget."""
    left = Signal()
    """The pointer rests at a point no more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._cloud: PointCloud | None = None
        self._positions: PointPositions | None = None
        self._colour_by = ColourBy.KIND
        self._extent = 1.0
        self._following = True
        self._selected: int | None = None
        self._hovered: int | None = None
        self._synthetic = _MovingPoints(pxMode=True)
        self._original = _MovingPoints(pxMode=True)
        self._ring = pg.ScatterPlotItem(size=16, brush=None)
        self._hover_ring = pg.ScatterPlotItem(size=13, brush=None)
        for item in (self._synthetic, self._original, self._hover_ring, self._ring):
            self.addItem(item)
        for axis in ("left", "bottom"):
            self.hideAxis(axis)
        self.hideButtons()
        box = self.getViewBox()
        box.setAspectLocked(True)
        box.disableAutoRange()
        box.setDefaultPadding(0)
        box.sigRangeChangedManually.connect(self._on_zoomed)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_HOVER_CARD_DELAY_MS)
        self._rest.timeout.connect(self._announce_hovered)
        self._pointer = QPointF()
        self.setMouseTracking(True)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self._apply_theme()
        self._fit()

    def set_cloud(self, cloud: PointCloud | None) -> None:
        """Take other points; none are drawn until they are moved somewhere."""
        self._cloud = cloud
        self._positions = None
        self._set_hovered(None)
        self._ring.setData([], [])
        self._original.setData([], [])
        self._synthetic.setData([], [])

    def move_points(self, positions: PointPositions) -> None:
        """Put the points of the cloud where they are now."""
        if self._cloud is None or len(positions.original) != len(self._cloud.labels):
            return  # of another cloud: its own positions follow
        first = self._positions is None
        self._positions = positions
        if first:
            self._style_points()
        else:
            self._original.move(positions.original)
            self._synthetic.move(positions.synthetic)
        self._place_rings()

    def set_colour_by(self, colour_by: ColourBy) -> None:
        """Say what colours mean."""
        self._colour_by = colour_by
        self._style_points()

    def set_synthetic_visible(self, visible: bool) -> None:
        """Show or hide the synthetic points."""
        self._synthetic.setVisible(visible)
        self._place_rings()

    def set_extent(self, extent: float) -> None:
        """Show -extent to extent both ways, unless the user zoomed or panned."""
        self._extent = extent
        if self._following:
            self._fit()

    def set_selected(self, row: int | None) -> None:
        """Ring a point, or none."""
        self._selected = row
        self._place_rings()

    def fit(self) -> None:
        """Show everything again and follow the points from now on."""
        self._following = True
        self._fit()

    @property
    def positions(self) -> PointPositions | None:
        """Where the points are drawn now."""
        return self._positions

    @property
    def selected(self) -> int | None:
        """The row of the ringed point."""
        return self._selected

    def position_in_widget(self, row: int) -> QPointF:
        """Where an original point is drawn, in this widget's coordinates."""
        assert self._positions is not None, "there are no points yet"
        x, y = self._positions.original[row]
        scene = self.getViewBox().mapViewToScene(QPointF(float(x), float(y)))
        return QPointF(self.mapFromScene(scene))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_rest"):
            self._apply_theme()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ring the point under the pointer."""
        super().mouseMoveEvent(event)
        self._pointer = event.position()
        if event.buttons() == Qt.MouseButton.NoButton:
            self._set_hovered(self._row_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the view."""
        super().mouseDoubleClickEvent(event)
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """Drop the hover ring."""
        super().leaveEvent(event)
        self._set_hovered(None)

    def _fit(self) -> None:
        self.getViewBox().setRange(
            xRange=(-self._extent, self._extent), yRange=(-self._extent, self._extent), padding=0
        )

    def _on_zoomed(self) -> None:
        self._following = False
        self._set_hovered(None)

    def _on_clicked(self, event: "pg.GraphicsScene.mouseEvents.MouseClickEvent") -> None:
        if event.button() != Qt.MouseButton.LeftButton or event.double():
            return
        row = self._row_at(QPointF(self.mapFromScene(event.scenePos())))
        if row is not None:
            self.picked.emit(row)

    def _row_at(self, position: QPointF) -> int | None:
        if self._positions is None or not len(self._positions.original):
            return None
        view = self.getViewBox().mapSceneToView(self.mapToScene(position.toPoint()))
        pixel = np.array(self.getViewBox().viewPixelSize())
        clouds = [self._positions.original]
        if self._synthetic.isVisible():
            clouds.append(self._positions.synthetic)
        offsets = (np.stack(clouds) - np.array([view.x(), view.y()])) / pixel
        distances = np.hypot(offsets[..., 0], offsets[..., 1])
        nearest = np.unravel_index(int(np.argmin(distances)), distances.shape)
        return int(nearest[1]) if distances[nearest] <= PICK_RADIUS_PX else None

    def _set_hovered(self, row: int | None) -> None:
        if row == self._hovered:
            return
        self._hovered = row
        self._place_rings()
        self.left.emit()
        if row is None:
            self._rest.stop()
        else:
            self._rest.start()

    def _announce_hovered(self) -> None:
        if self._hovered is not None:
            self.hovered.emit(self._hovered, self._pointer)

    def _place_rings(self) -> None:
        for ring, row in ((self._ring, self._selected), (self._hover_ring, self._hovered)):
            if row is None or self._positions is None:
                ring.setData([], [])
                continue
            ringed = [self._positions.original[row]]
            if self._synthetic.isVisible():
                ringed.append(self._positions.synthetic[row])
            ring.setData(pos=np.array(ringed))

    def _apply_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.raised)
        self._ring.setPen(pg.mkPen(theme.ring, width=2.5))
        self._hover_ring.setPen(pg.mkPen(theme.ring, width=1.5))
        self._style_points()

    def _style_points(self) -> None:
        if self._cloud is None or self._positions is None:
            return
        theme = current_theme()
        for item, positions, colours, symbol, size in (
            (
                self._synthetic,
                self._positions.synthetic,
                self._colours(theme, theme.synthetic),
                "d",
                _SYNTHETIC_SIZE,
            ),
            (
                self._original,
                self._positions.original,
                self._colours(theme, theme.original),
                "o",
                _ORIGINAL_SIZE,
            ),
        ):
            # setData makes styles for all points at once; they share a brush a colour.
            item.setData(
                positions[:, 0], positions[:, 1], brush=colours, pen=None, symbol=symbol, size=size
            )

    def _colours(self, theme: Theme, kind: str) -> QBrush | list[QBrush]:
        if self._colour_by is ColourBy.KIND:
            return _brush(kind)
        assert self._cloud is not None, "points have a cloud"
        count = len(self._cloud.class_names)
        brushes = [_brush(theme.class_colour(label, count)) for label in range(count)]
        return [brushes[label] for label in self._cloud.labels]


def _brush(colour: str) -> QBrush:
    shade = QColor(colour)
    shade.setAlpha(_POINT_ALPHA)
    return QBrush(shade)
