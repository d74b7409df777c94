"""A part of the plane that pans and zooms, with a picture of points in it."""

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QHideEvent, QMouseEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from symmviz.model.map.bounds import Bounds
from symmviz.model.map.drawing import PointDrawer
from symmviz.raster import Transform
from symmviz.views.map.point_canvas import PointCanvas


class PlaneView(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Shows the canvas's points where they lie; fits bounds until the user pans or zooms."""

    drawn = Signal()
    """There is another picture of the points."""
    zoomed = Signal()
    """The user has panned or zoomed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self._bounds = Bounds()
        self._following = True
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # the points are the background
        for axis in ("left", "bottom"):
            self.hideAxis(axis)
        self.hideButtons()
        box = self.getViewBox()
        box.setAspectLocked(True)
        box.disableAutoRange()
        box.setDefaultPadding(0)
        box.sigRangeChangedManually.connect(self._on_zoomed)
        box.sigRangeChanged.connect(self._on_range_changed)
        self._canvas = PointCanvas(self)
        self._canvas.drawn.connect(self.viewport().update)
        self._canvas.drawn.connect(self.drawn)
        self._fit()

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have the points drawn there."""
        self._canvas.set_drawer(drawer)

    def set_gliding(self, glides: bool) -> None:
        """Whether points glide from frame to frame."""
        self._canvas.set_gliding(glides)

    def set_bounds(self, bounds: Bounds) -> None:
        """Show this part of the plane, unless the user zoomed or panned."""
        self._bounds = bounds
        if self._following:
            self._fit()

    def fit(self) -> None:
        """Show everything again and follow the points from now on."""
        self._following = True
        self._fit()

    @property
    def still(self) -> bool:
        """Whether the points are drawn where they are."""
        return self._canvas.still

    @property
    def arrived(self) -> bool:
        """Whether no point is on its way."""
        return self._canvas.moved >= 1.0

    def showEvent(self, event: QShowEvent) -> None:
        """Draw."""
        super().showEvent(event)
        self._update_view()
        self._canvas.set_active(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Draw no more."""
        super().hideEvent(event)
        self._canvas.set_active(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw a larger or smaller picture."""
        super().resizeEvent(event)
        if hasattr(self, "_canvas"):  # pyqtgraph resizes while it makes itself
            self._update_view()

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Paint the points under everything else."""
        super().drawBackground(painter, rect)
        self._canvas.paint(painter)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the view."""
        super().mouseDoubleClickEvent(event)
        self.fit()

    def _fit(self) -> None:
        bounds = self._bounds
        self.getViewBox().setRange(
            xRange=(bounds.left, bounds.right), yRange=(bounds.bottom, bounds.top), padding=0
        )

    def _on_zoomed(self) -> None:
        self._following = False
        self.zoomed.emit()

    def _on_range_changed(self) -> None:
        self._update_view()
        self.viewport().update()

    def _update_view(self) -> None:
        """Tell the canvas which part of the plane is seen."""
        box, ratio = self.getViewBox(), self.devicePixelRatioF()
        (x0, x1), (y0, y1) = box.viewRange()
        first = box.mapViewToScene(QPointF(x0, y0))
        last = box.mapViewToScene(QPointF(x1, y1))
        scale_x = (last.x() - first.x()) / (x1 - x0) * ratio
        scale_y = (last.y() - first.y()) / (y1 - y0) * ratio
        if not (scale_x and scale_y):
            return  # no size yet
        transform = Transform(
            scale_x, first.x() * ratio - x0 * scale_x, scale_y, first.y() * ratio - y0 * scale_y
        )
        size = self.viewport().size() * ratio
        bounds = self._bounds
        seen = (x1 - x0) * (y1 - y0) / (bounds.width * bounds.height)
        self._canvas.set_share(min(seen, 1.0))
        self._canvas.set_view(transform, size.width(), size.height(), ratio)
