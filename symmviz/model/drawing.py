"""Where views have their points drawn."""

from concurrent.futures import Future
from typing import Protocol

from symmviz.raster import Hit, PixelArray, Rasterizer, Scene


class PointDrawer(Protocol):
    """Draws scenes elsewhere, while the view goes on, and finds the point at a place."""

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        """Draw a scene into an image: see :meth:`symmviz.raster.Rasterizer.draw`.

        The image belongs to whoever draws until the result is there.
        """

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """See :meth:`symmviz.raster.Rasterizer.nearest`; takes milliseconds at most."""


class DrawsAtOnce:
    """Draws while the view waits, for views before they are given a better one."""

    def __init__(self) -> None:
        self._rasterizer = Rasterizer()

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        """See :class:`PointDrawer`."""
        drawn: Future[None] = Future()
        self._rasterizer.draw(scene, image)
        drawn.set_result(None)
        return drawn

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """See :class:`PointDrawer`."""
        return self._rasterizer.nearest(scene, x, y, radius)
