"""Generated characters, as many classes as wanted, half of them never seen in training.

Each class is a character of strokes; the characters of a family ("alphabet") are
look-alikes, and every image of a character is drawn by a hand of its own
(:mod:`symmcore.data.sources.strokes`). Nothing is downloaded.

The difficulty was set so that plain N-pair is neither lost nor done after a quick run, and
fixed, together with the 300 steps, before Symm was ever run on it. Test Recall@1 of
``symmviz train alphabets --loss npair --steps 300 --network small --seed S --threads 1`` (64
numbers, batches of 128, Adam at 0.001; the network was the quick preset's then), for S from 0 to 4:

- before training 0.405, 0.268, 0.337, 0.314, 0.291: mean 0.323;
- after it 0.658, 0.620, 0.635, 0.634, 0.634: mean 0.636.
"""

import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.store import ArrayImages
from symmcore.data.sources import strokes
from symmcore.data.sources.drawn_images import keep_drawn, read_drawn
from symmcore.data.sources.splits import SplitRule, split_listed
from symmcore.data.sources.strokes import FAMILY_SIZE, PIXELS, Distortion, draw, family_shapes
from symmcore.errors import InputError
from symmcore.processes import CallError, call_in_subprocess, lower_priority
from symmcore.progress import Progress, ProgressCallback, ignore_progress

Pictures = npt.NDArray[np.uint8]

# As many as Stanford Online Products has.
MOST_CLASSES = 22_634
FEWEST_CLASSES = 4
MOST_IMAGES = 1_000_000
LARGEST_SEED = 2**31 - 1
_MOST_DIGITS = 10

# These fix the difficulty: with others, the numbers above no longer hold.
_DIFFERENCE = 0.3
_DISTORTION = Distortion(jitter=0.035, rotation=0.15, shear=0.15, scale=0.1, shift=0.06, noise=20.0)


@dataclass(frozen=True, slots=True)
class AlphabetSettings:
    """What to generate.

    Attributes:
        classes: how many characters; the first half trains, the rest tests.
        images: how many images of each.
        seed: decides shapes and images. It is the dataset's own: the seed of a run changes
            nothing here, as it changes nothing about a dataset of photographs.

    Raises:
        InputError: if a value is out of range.
    """

    classes: int = 200
    images: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        _check_range("classes", self.classes, FEWEST_CLASSES, MOST_CLASSES)
        _check_range("images", self.images, 2, MOST_IMAGES // self.classes)
        _check_range("seed", self.seed, 0, LARGEST_SEED)

    @property
    def name(self) -> str:
        """The dataset in its shortest form: "alphabets" or "alphabets:classes=1000"."""
        default = AlphabetSettings()
        given = [
            f"{key}={value}"
            for key, value, usual in (
                ("classes", self.classes, default.classes),
                ("images", self.images, default.images),
                ("seed", self.seed, default.seed),
            )
            if value != usual
        ]
        return f"alphabets:{','.join(given)}" if given else "alphabets"


def parse_settings(text: str) -> AlphabetSettings:
    """Read settings as in "classes=1000,images=10".

    Raises:
        InputError: naming the part that is wrong and what would be right.
    """
    settings: dict[str, int] = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if key not in ("classes", "images", "seed"):
            raise InputError(
                f"Unknown setting {item!r} of alphabets: write classes=, images= or seed= and "
                "a number."
            )
        if key in settings:
            raise InputError(f"'alphabets:{text}' sets {key} twice: say it once.")
        if not (value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS):
            raise InputError(f"{value!r} is no number of {key}: write {key}=20, say.")
        settings[key] = int(value)
    return AlphabetSettings(**settings)


def load_alphabets(
    settings: AlphabetSettings, on_progress: ProgressCallback = ignore_progress
) -> ImageDataset:
    """Generate the dataset: (N, 28, 28, 1) images in the order of their classes.

    An image depends on the seed, its class and its number alone, so a larger dataset
    begins with the classes of a smaller one.

    Args:
        settings: which.
        on_progress: told how many images are drawn.
    """
    if settings == AlphabetSettings():
        images = _usual_images(settings, on_progress).copy()
    else:
        images = _draw_all(settings, on_progress)
    labels = np.repeat(np.arange(settings.classes), settings.images)
    train, test, split = split_listed(labels, settings.classes, SplitRule.CLASS, 0)
    return ImageDataset(
        name=settings.name,
        images=ArrayImages(images.reshape(-1, PIXELS, PIXELS, 1)),
        labels=labels,
        class_names=tuple(_class_name(label) for label in range(settings.classes)),
        train=train,
        test=test,
        split=split,
    )


def draw_usual() -> None:
    """Have the usual images in the cache: what a subprocess of low priority does."""
    lower_priority(_BELOW_WINDOW)
    _usual_images(AlphabetSettings(), ignore_progress)


def draw_usual_beside(poll: Callable[[], None]) -> None:
    """Have the usual images drawn by another process, unless they are in the cache.

    For a process that imports meanwhile. Its other threads wait for them if they need them; they
    draw them where that has failed.

    Args:
        poll: called now and then while it takes long; when it raises, the process is ended.
    """
    settings = AlphabetSettings()
    with _DRAWING:
        if settings not in _KEPT and read_drawn(_shape(settings), settings, _DRAWN_BY) is None:
            with contextlib.suppress(CallError, OSError):
                call_in_subprocess(draw_usual, (), poll)


# The usual images, 3 MB that take a second to draw: for the next training in this process.
_KEPT: dict[AlphabetSettings, Pictures] = {}
_DRAWING = threading.Lock()  # what one thread draws, another need not draw too
_SECONDS_BETWEEN_LOOKS = 0.05
_BELOW_WINDOW = 5  # but not below what compiles
_DRAWN_BY = strokes, sys.modules[__name__]


def _usual_images(settings: AlphabetSettings, on_progress: ProgressCallback) -> Pictures:
    """The images that this process, or one before it on this machine, has drawn already."""
    while not _DRAWING.acquire(timeout=_SECONDS_BETWEEN_LOOKS):
        on_progress(Progress("Drawing images", settings.classes * settings.images))
    try:
        images = _KEPT.get(settings)
        if images is None:
            images = read_drawn(_shape(settings), settings, _DRAWN_BY)
            if images is None:
                images = _draw_all(settings, on_progress)
                keep_drawn(images, settings, _DRAWN_BY)
            _KEPT[settings] = images
        return images
    finally:
        _DRAWING.release()


def _shape(settings: AlphabetSettings) -> tuple[int, ...]:
    return settings.classes, settings.images, PIXELS, PIXELS, 1


def _draw_all(settings: AlphabetSettings, on_progress: ProgressCallback) -> Pictures:
    images = np.empty(_shape(settings), dtype=np.uint8)
    for first in range(0, settings.classes, FAMILY_SIZE):
        on_progress(
            Progress("Drawing images", first * settings.images, settings.classes * settings.images)
        )
        shapes = family_shapes(settings.seed, first // FAMILY_SIZE, _DIFFERENCE)
        for label, character in enumerate(shapes[: settings.classes - first], first):
            for image in range(settings.images):
                stream = (settings.seed, label, image)
                images[label, image, ..., 0] = draw(character, _DISTORTION, stream)
    return images


def _class_name(label: int) -> str:
    family, member = divmod(label, FAMILY_SIZE)
    return f"alphabet {family + 1}, character {member + 1}"


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InputError(
            f"alphabets:{name}={value} is not possible: choose between {least:,} and {most:,}."
        )
