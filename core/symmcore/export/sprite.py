"""Thumbnails of many images in one picture, tile by tile."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.formats.thumbnails import picture_of
from symmcore.runs.reading.recording import Recording

_GREY = (128, 128, 128)
_ROWS_BETWEEN_CALLS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """Images side by side, in rows, from the top left.

    Attributes:
        picture: RGB.
        tile: pixels of a tile's side.
        across: tiles in a row.
    """

    picture: Image.Image
    tile: int
    across: int


def make_sprite(
    recording: Recording, samples: Sequence[int], tile: int, progress: ProgressCallback
) -> Sprite:
    """Draw the thumbnails of images, each as large as its square tile allows.

    Args:
        recording: whose they are.
        samples: positions in the dataset.
        tile: pixels of a tile's side.
        progress: told how many are drawn.
    """
    across = max(1, math.ceil(math.sqrt(len(samples))))
    down = max(1, math.ceil(len(samples) / across))
    picture = Image.new("RGB", (across * tile, down * tile), _GREY)
    for at, sample in enumerate(samples):
        if at % _ROWS_BETWEEN_CALLS == 0:
            progress(Progress("Drawing thumbnails", at, len(samples)))
        image = picture_of(recording.thumbnail(sample)).convert("RGB")
        scale = tile / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BOX)
        row, column = divmod(at, across)
        corner = column * tile + (tile - size[0]) // 2, row * tile + (tile - size[1]) // 2
        picture.paste(image, corner)
    return Sprite(picture, tile, across)
