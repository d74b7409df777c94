"""Images of recordings, scaled to be drawn; decoded and scaled on a thread of their own."""

import math
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from symmcore.byte_cache import ByteCache
from symmcore.data.images.decoding import DecodeError
from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.thumbnails import has_thumbnails
from symmviz.model.display import UPLOADS, PictureId
from symmviz.model.pictures import SHOW_PIXELS_BELOW
from symmviz.services.request_thread import RequestedAnswers

_BYTES = 24 * 2**20
_ENTRIES = 2000
# More than one page of a gallery; what was scrolled past is asked for again when it returns.
_MOST_WANTED = 600
# A recording's own thumbnails are no larger; beyond, the image itself is asked for.
_THUMBNAIL = 96
_SECONDS_BETWEEN_TRIES = 0.5

_Key = tuple[PictureId, int]
ReadUpload = Callable[[int, int], ImageArray]
"""An upload by its number, to fit a square of so many pixels."""


class Thumbnails(RequestedAnswers[_Key]):
    """Makes pictures as they are asked for, the newest wish first.

    See :class:`symmviz.model.pictures.PictureSource`: a view that got None draws a
    placeholder, and asks again once :attr:`revision` has grown.

    Threads: one, from the first picture to :meth:`close`.

    Attributes:
        wait_for_turn: called on the thread before each picture; waits while searches go on.
    """

    def __init__(self, read_upload: ReadUpload | None = None) -> None:
        self._read_upload = read_upload
        self.wait_for_turn: Callable[[], None] = _go_on
        super().__init__("symmviz-thumbnails", self._make, self._fault)
        self._made: ByteCache[_Key, ImageArray] = ByteCache(_BYTES, _ENTRIES)
        self._recordings: dict[str, Recording] = {}
        self._asked: set[_Key] = set()
        self._lacks: dict[str, str] = {}  # by run without any image
        self._again_at = math.inf  # when those that were not written yet are asked for again

    def show(self, recordings: tuple[Recording, ...]) -> None:
        """Take pictures from these recordings from now on."""
        with self._lock:
            self._recordings = {recording.key: recording for recording in recordings}
            self._lacks.clear()

    def picture(self, picture: PictureId, side: int) -> ImageArray | None:
        """An image scaled to fit a square, (H, W, C) uint8, or None while it is being made."""
        key = picture, side
        image = self._made.get(key)
        if image is not None:
            return image
        with self._lock:
            is_known = picture.run == UPLOADS or picture.run in self._recordings
            if key in self._asked or not is_known or picture.run in self._lacks:
                return None
            if len(self._asked) >= _MOST_WANTED:
                self._asked.clear()  # the thread drops the oldest of them: they may be asked again
            self._asked.add(key)
        self._thread.request_first(key, _MOST_WANTED)
        return None

    def missing_reason(self, run: str) -> str:
        """Why there are no pictures of a run, in a sentence; empty where there are or may be."""
        with self._lock:
            return self._lacks.get(run, "")

    @property
    def revision(self) -> int:
        """A number that grows with each picture made, and while some are not written yet."""
        with self._lock:
            if time.monotonic() >= self._again_at:
                self._again_at = math.inf
                self._revision += 1
            return self._revision

    def _make(self, key: _Key) -> None:
        self.wait_for_turn()
        picture, side = key
        read: ImageArray | None = None
        with self._lock:
            recording = self._recordings.get(picture.run)
        try:
            read = self._of_upload(picture.sample, side) if picture.run == UPLOADS else None
            if recording is not None:
                read = self._read(recording, picture.sample, side)
            if read is not None:
                self._keep(key, _scaled(read, side))
        finally:
            with self._lock:
                self._asked.discard(key)
                if read is None and recording is not None and picture.run not in self._lacks:
                    self._again_at = time.monotonic() + _SECONDS_BETWEEN_TRIES
                else:
                    self._revision += 1

    def _read(self, recording: Recording, sample: int, side: int) -> ImageArray | None:
        """An image of a run; None where it is not there yet, or the run has no images at all."""
        is_recorded = recording.state.status is RunStatus.TRAINING  # before it is looked for
        try:
            if side <= _THUMBNAIL:
                found = recording.find_thumbnail(sample)
            else:
                found = recording.find_image(sample)
            if found is not None or is_recorded:
                return found
            if has_thumbnails(recording.folder):
                return _grey(side)
        except (DecodeError, InputError, LookupError, OSError):  # of anything else _fault hears
            return _grey(side)
        with self._lock:
            how = "imported" if recording.info.imported else "recorded"
            self._lacks[recording.key] = f"This run was {how} without images."
        return None

    def _keep(self, key: _Key, image: ImageArray) -> None:
        self._made.put(key, image, image.nbytes)

    def _fault(self, key: _Key, error: Exception) -> None:
        """Show grey, as for an image that cannot be read, rather than try again for ever."""
        self._keep(key, _grey(key[1]))
        with self._lock:
            self._revision += 1

    def _of_upload(self, number: int, side: int) -> ImageArray:
        try:
            if self._read_upload is not None:
                return self._read_upload(number, side)
        except (DecodeError, LookupError, OSError, ValueError):
            pass  # the search says what is wrong with it
        return _grey(side)


def _go_on() -> None:
    """Wait for nothing."""


def _grey(side: int) -> ImageArray:
    return np.full((side, side, 1), 128, dtype=np.uint8)


def _scaled(image: ImageArray, side: int) -> ImageArray:
    """An image (H, W, C) scaled to fit a square, C 1 or 3; read-only."""
    height, width, channels = image.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = max(width, height) >= SHOW_PIXELS_BELOW
    # Pillow's grey images have no third axis.
    pixels = Image.fromarray(np.ascontiguousarray(image[..., 0] if channels == 1 else image))
    kind = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    scaled = np.asarray(pixels.resize(size, kind)).reshape(size[1], size[0], channels)
    scaled.setflags(write=False)
    return scaled
