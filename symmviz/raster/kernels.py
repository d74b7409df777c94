"""The loops that draw points and find one, compiled by numba. Importing this imports numba.

Coordinates are computed in float64, so that a picture that is magnified a million times holds
still. Each kernel is called with arguments of one kind alone: what is kept serves always.
"""

import numpy as np
import numpy.typing as npt

from symmcore.compiled.jit import kernel
from symmcore.records import FloatArray
from symmviz.raster.scene import PixelArray, StyleArray
from symmviz.raster.stamps import Coverage

Floats = npt.NDArray[np.float64]
Integer = int | np.int64 | np.uint64
_PHASES = 4  # as stamps.PHASES: machine code is kept by the text of this file
_BLOCK = 64  # rows that are drawn one after another


@kernel
def draw_points(
    image: PixelArray,
    start: FloatArray,
    end: FloatArray,
    styles: StyleArray,
    colours: PixelArray,
    layers: npt.NDArray[np.uint8],
    layer: int,
    view: Floats,
    symbol: Coverage,
    rim: Coverage,
    background: int,
) -> None:
    """Draw the points of one layer, blended over what is there.

    Neighbouring rows are often of one class: blocks of them are taken in a scattered order, or
    the last class would lie on top of all others.

    Args:
        image: (H, W) 0xffRRGGBB, written.
        start: See ``Points``.
        end: See ``Points``.
        styles: See ``Points``.
        colours: See ``Look``.
        layers: See ``Look``.
        layer: Which points to draw.
        view: The share of the way, then the transform's scale and offset for x and for y, then
            the reach of the masks; (6,).
        symbol: See ``Stamp``.
        rim: See ``Stamp``.
        background: 0xffRRGGBB, the rim's colour.
    """
    height, width = image.shape
    side = symbol.shape[1]
    pixels, symbols, rims = image.ravel(), symbol.ravel(), rim.ravel()
    moved, reach = view[0], view[5]
    block, blocks, stride = 0, (len(start) + _BLOCK - 1) // _BLOCK, _stride(len(start))
    for _ in range(blocks):
        first = block * _BLOCK
        block = (block + stride) % blocks
        for i in range(first, min(first + _BLOCK, len(start))):
            colour = np.int64(colours[styles[i]])
            x = (start[i, 0] + moved * (end[i, 0] - start[i, 0])) * view[1] + view[2] - reach
            y = (start[i, 1] + moved * (end[i, 1] - start[i, 1])) * view[3] + view[4] - reach
            # also false for NaN
            inside = x > -side and x < width and y > -side and y < height
            if not inside or layers[styles[i]] != layer or colour >> 24 == 0:
                continue
            left, top = int(np.floor(x)), int(np.floor(y))
            if side == 1:
                if left >= 0 and top >= 0:
                    _blend(pixels, np.uint64(top * width + left), np.uint64(256), colour)
                continue
            phase = int((y - top) * _PHASES) * _PHASES + int((x - left) * _PHASES)
            masks = phase * side * side
            if len(rims):
                tint = colour & 0xFF000000 | background & 0xFFFFFF
                _stamp(pixels, height, width, left, top, rims, masks, side, tint)
            _stamp(pixels, height, width, left, top, symbols, masks, side, colour)


@kernel
def nearest_point(
    start: FloatArray,
    end: FloatArray,
    styles: StyleArray,
    colours: PixelArray,
    view: Floats,
    best: Floats,
) -> int:
    """Find the drawn point nearest to a pixel.

    Args:
        start: See ``Points``.
        end: See ``Points``.
        styles: See ``Points``.
        colours: See ``Look``.
        view: The share of the way, the transform as in ``draw_points``, then the pixel; (7,).
        best: (1,) squared distance in pixels that it must be nearer than; written.

    Returns:
        Its row, or -1.
    """
    moved, at_x, at_y = view[0], view[5], view[6]
    least = best[0]
    found = -1
    for i in range(len(start)):
        x = start[i, 0] + moved * (end[i, 0] - start[i, 0])
        y = start[i, 1] + moved * (end[i, 1] - start[i, 1])
        x = x * view[1] + view[2] - at_x
        y = y * view[3] + view[4] - at_y
        distance = x * x + y * y
        if distance < least and colours[styles[i]] >> 24 != 0:
            least = distance
            found = i
    best[0] = least
    return found


@kernel
def _stride(count: int) -> int:
    """A step through blocks of rows that comes to each of them once, far apart."""
    blocks = (count + _BLOCK - 1) // _BLOCK
    stride = int(blocks * 0.6180339887) | 1
    while True:
        one, other = stride, blocks
        while other > 0:
            one, other = other, one % other
        if one <= 1:
            return stride
        stride += 2


@kernel
def _stamp(
    pixels: PixelArray,
    height: int,
    width: int,
    left: int,
    top: int,
    masks: Coverage,
    first: int,
    side: int,
    colour: Integer,
) -> None:
    """Blend one mask over the image, cut at its edges.

    Indices are unsigned: one that may be negative is looked at twice, which costs vectors.

    Args:
        pixels: Of the image, (H * W,), written.
        height: Of the image.
        width: Of the image.
        left: Column of the mask's first pixel.
        top: Row of the mask's first pixel.
        masks: One after another, flat.
        first: Where the mask begins.
        side: Of the mask.
        colour: 0xAARRGGBB.
    """
    cut = max(0, -left)
    columns = np.uint64(max(0, min(side, width - left) - cut))
    for row in range(max(0, -top), min(side, height - top)):
        to = np.uint64((top + row) * width + left + cut)
        of = np.uint64(first + row * side + cut)
        for column in range(columns):
            _blend(pixels, to + column, np.uint64(masks[of + column]), colour)


@kernel
def _blend(pixels: PixelArray, at: Integer, coverage: Integer, colour: Integer) -> None:
    """Blend a colour over one pixel.

    Args:
        pixels: Of the image, written.
        at: Which of them.
        coverage: Share of the pixel, 256 for all of it.
        colour: 0xAARRGGBB.
    """
    alpha = colour >> 24
    share = (np.int64(coverage) * (alpha + (alpha >> 7))) >> 8
    rest = 256 - share
    there = np.int64(pixels[at])
    outer = ((colour & 0xFF00FF) * share + (there & 0xFF00FF) * rest + 0x800080) >> 8
    inner = ((colour & 0x00FF00) * share + (there & 0x00FF00) * rest + 0x008000) >> 8
    pixels[at] = np.uint32(0xFF000000 | (outer & 0xFF00FF) | (inner & 0x00FF00))
