"""Points drawn into an image at device pixels: all of them, none of them an item of Qt's.

The loops are compiled by numba, and release Python's lock. What this package starts with does not
import numba, which takes half a second; until the loops are there, NumPy draws.
"""

from symmviz.raster.rasterizer import Rasterizer
from symmviz.raster.scene import Hit, Look, PixelArray, Points, Scene, Symbol, Transform

__all__ = [
    "Hit",
    "Look",
    "PixelArray",
    "Points",
    "Rasterizer",
    "Scene",
    "Symbol",
    "Transform",
]
