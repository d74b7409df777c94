"""Draws the maps' points on a thread of its own, so that the window never waits for a picture."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from symmviz.model.map.drawing import Answer
from symmviz.raster import Hit, PixelArray, Rasterizer, Scene
from symmviz.services.executors import shut_down


class _ClosedError(Exception):
    """Compiling is given up: the window closes."""


class PointDrawing:
    """Draws points on a thread of its own: a :class:`symmviz.model.map.drawing.PointDrawer`.

    Threads: one that draws, from the first picture on, one that computes what is drawn over the
    points, once that is wanted, and one that loads the compiled loops, from :meth:`start` on; all
    until :meth:`close`.
    """

    def __init__(self) -> None:
        self._rasterizer = Rasterizer()
        self._draws = ThreadPoolExecutor(1, thread_name_prefix="symmviz-draw")
        self._derives = ThreadPoolExecutor(1, thread_name_prefix="symmviz-layers")
        self._closed = threading.Event()
        self._loading = threading.Thread(target=self._load, name="symmviz-load-loops", daemon=True)

    def start(self) -> None:
        """Load the compiled loops, once; until they are there, NumPy draws."""
        if not self._closed.is_set() and self._loading.ident is None:
            self._loading.start()

    @property
    def loading(self) -> bool:
        """Whether the compiled loops are on their way."""
        return self._loading.is_alive()

    @property
    def compiled(self) -> bool:
        """Whether the compiled loops draw."""
        return self._rasterizer.compiled

    def draw(self, scene: Scene, image: PixelArray) -> "Future[None]":
        """Have a scene drawn into an image, which is the drawer's until the result is there."""
        if self._closed.is_set():
            return _cancelled()
        return self._draws.submit(self._rasterizer.draw, scene, image)

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """The drawn point nearest to a place: see :meth:`symmviz.raster.Rasterizer.nearest`."""
        return self._rasterizer.nearest(scene, x, y, radius)

    def derive(self, compute: Callable[[], Answer]) -> "Future[Answer]":
        """Have what is drawn over the points computed."""
        if self._closed.is_set():
            return _cancelled()
        return self._derives.submit(compute)

    def close(self, timeout: float) -> bool:
        """End the threads, and the subprocess that compiles; whether they have ended in time."""
        self._closed.set()
        deadline = time.monotonic() + timeout
        ended = shut_down((self._draws, self._derives), timeout)
        if self._loading.is_alive():
            self._loading.join(max(0.0, deadline - time.monotonic()))
        return ended and not self._loading.is_alive()

    def _load(self) -> None:
        try:
            self._rasterizer.load(self._check_open)
        except _ClosedError:
            return

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise _ClosedError


def _cancelled() -> "Future[Answer]":
    future: Future[Answer] = Future()
    future.cancel()
    return future
