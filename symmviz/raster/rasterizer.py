"""Draws scenes by compiled loops where they are there, and by NumPy until then."""

from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from symmcore.errors import warn_once
from symmcore.processes import CallError, call_in_subprocess, lower_priority
from symmviz.raster import eager
from symmviz.raster.scene import Hit, Look, PixelArray, Points, Scene, Symbol, Transform
from symmviz.raster.stamps import stamp

_SLOWER = "the map is drawn by NumPy, which takes longer"


class Rasterizer:
    """Draws points, and finds the one at a place; for any thread."""

    def __init__(self) -> None:
        self._kernels: ModuleType | None = None

    @property
    def compiled(self) -> bool:
        """Whether the compiled loops draw."""
        return self._kernels is not None

    def draw(self, scene: Scene, image: PixelArray) -> None:
        """Draw a scene over whatever an image held.

        Args:
            scene: what to draw.
            image: (H, W) uint32, C-contiguous; written, 0xffRRGGBB.
        """
        if self._kernels is None:
            eager.draw(scene, image)
        else:
            _draw(self._kernels, scene, image)

    def nearest(self, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
        """Find the drawn point nearest to a place.

        Args:
            scene: what is drawn.
            x: column of the image.
            y: row of the image.
            radius: pixels that it is nearer than.
        """
        if self._kernels is None:
            return eager.nearest(scene, x, y, radius)
        return _nearest(self._kernels, scene, x, y, radius)

    def load(self, poll: Callable[[], None] = lambda: None) -> None:
        """Load the compiled loops; takes half a second, or many where they are to be compiled.

        That happens in a subprocess: numba's compiler holds Python's lock. Where it is not
        possible, NumPy goes on drawing, which is said in a warning.

        Args:
            poll: called now and then while it takes long; when it raises, all is given up.
        """
        if find_spec("numba") is None:
            warn_once(f"numba is not installed: {_SLOWER}.")
            return
        try:
            self._kernels = _load(poll)
        except CallError as error:
            warn_once(f"The loops that draw cannot be compiled ({error}): {_SLOWER}.")
        # It is particular about NumPy's version, and raises what the environment makes it raise.
        except ImportError as error:
            warn_once(f"numba cannot be used ({error}): {_SLOWER}.")


def compile_kernels() -> None:
    """Compile the loops, so that they are on the disk: what the subprocess does."""
    lower_priority()
    from symmviz.raster import kernels

    _try(kernels)


def _load(poll: Callable[[], None]) -> ModuleType | None:
    kernels = _loaded()
    if kernels is not None:
        return kernels
    call_in_subprocess(compile_kernels, (), poll)
    kernels = _loaded()
    if kernels is None:
        warn_once(f"Compiled loops cannot be kept: {_SLOWER}.")
    return kernels


def _loaded() -> ModuleType | None:
    """Import the loops and call them once; None where they are not compiled by now."""
    from symmcore.compiled.loading import loading_numba

    with loading_numba():  # numba imports more of itself at the first call
        from symmcore.compiled.code_cache import NotCachedError
        from symmcore.compiled.jit import load_from_cache_only
        from symmviz.raster import kernels

        for function in (kernels.draw_points, kernels.nearest_point):
            load_from_cache_only(function)
        try:
            _try(kernels)
        except NotCachedError:
            return None
    return kernels


def _try(kernels: ModuleType) -> None:
    """Draw and find a point in a picture of one pixel."""
    place = np.zeros((1, 2), np.float32)
    points = Points(place, place, np.zeros(1, np.uint16), Symbol.CIRCLE)
    look = Look(np.array([0xFFFFFFFF], np.uint32), np.zeros(1, np.uint8))
    scene = Scene((points,), look, Transform(1.0, 0.5, 1.0, 0.5), 1.0, 1.0, 0xFF000000)
    _draw(kernels, scene, np.empty((1, 1), np.uint32))
    _nearest(kernels, scene, 0.0, 0.0, 1.0)


def _draw(kernels: ModuleType, scene: Scene, image: PixelArray) -> None:
    image.fill(scene.background)
    look = scene.look
    for layer in np.unique(look.layers):
        for points in scene.points:
            marks = stamp(points.symbol, scene.size)
            kernels.draw_points(
                image, points.start, points.end, points.styles, look.colours, look.layers,
                int(layer), np.array([scene.moved, *scene.transform, marks.reach], np.float64),
                marks.symbol, marks.rim, scene.background,
            )  # fmt: skip


def _nearest(kernels: ModuleType, scene: Scene, x: float, y: float, radius: float) -> Hit | None:
    best, found = np.array([radius * radius], np.float64), None
    view = np.array([scene.moved, *scene.transform, x, y], np.float64)
    for at, points in enumerate(scene.points):
        row = kernels.nearest_point(
            points.start, points.end, points.styles, scene.look.colours, view, best
        )
        if row >= 0:
            found = Hit(at, row)
    return found
