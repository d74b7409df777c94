"""Where views have their points drawn."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from symmviz.raster import Hit, PixelArray, Rasterizer, Scene

Answer = TypeVar("Answer")


class PointDrawer(Protocol):
    """Draws scenes elsewhere, while the view goes on, and finds the point at a place."""

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        """Draw a scene into an image: see :meth:`symmviz.raster.Rasterizer.draw`.

        The image belongs to whoever draws until the result is there.
        """

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """The drawn point nearest to a place; takes milliseconds at most."""

    def derive(self, compute: Callable[[], Answer]) -> "Future[Answer]":
        """Compute what is drawn over the points."""


class DrawsAtOnce:
    """Draws while the view waits, for views before they are given a better one."""

    def __init__(self) -> None:
        self._rasterizer = Rasterizer()

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        """Draw a scene into an image; the result is there when this returns."""
        drawn: Future[None] = Future()
        self._rasterizer.draw(scene, image)
        drawn.set_result(None)
        return drawn

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """The drawn point nearest to a place: see :meth:`symmviz.raster.Rasterizer.nearest`."""
        return self._rasterizer.nearest(scene, x, y, radius)

    def derive(self, compute: Callable[[], Answer]) -> "Future[Answer]":
        """Compute what is drawn over the points; the result is there when this returns."""
        derived: Future[Answer] = Future()
        try:
            derived.set_result(compute())
        except Exception as error:  # noqa: BLE001 - as on a thread: whoever asks is told
            derived.set_exception(error)
        return derived
