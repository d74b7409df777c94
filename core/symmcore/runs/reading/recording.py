"""Reads a run: finished, followed while another process writes it, or live in this one."""

import contextlib
import functools
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

from symmcore.byte_cache import ByteCache
from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError, RunError
from symmcore.records import Checkpoint, EmbeddedSet, Frame, ImageFiles, Projection
from symmcore.runs.formats import files
from symmcore.runs.formats.checkpoints import read_checkpoint
from symmcore.runs.formats.config_file import read_info
from symmcore.runs.formats.frames import (
    FRAME_ARRAYS,
    GALLERY_ARRAYS,
    PICKED_ARRAYS,
    PROJECTION_ARRAYS,
    QUALITY_ARRAYS,
    frame_from,
    gallery_from,
    largest_label,
    projection_bytes,
    projection_from,
)
from symmcore.runs.formats.image_files import read_image_files
from symmcore.runs.formats.info import RecordingState, RunInfo
from symmcore.runs.formats.layout import (
    CONFIG,
    FILES,
    THUMBNAILS,
    checkpoint_path,
    frame_path,
    gallery_path,
    is_method,
    projection_path,
)
from symmcore.runs.formats.thumbnails import (
    IMAGES,
    UNREADABLE,
    ImageSource,
    ThumbnailFiles,
    grey_square,
    shrunk,
    unreadable,
)
from symmcore.runs.formats.untrusted_files import read_arrays
from symmcore.runs.reading.finding import check_run, run_folders
from symmcore.runs.reading.follower import DirectoryFollower
from symmcore.runs.reading.index import RunIndex
from symmcore.runs.reading.memory import LiveTail, frame_size, projection_size, set_size

_MOST_POLLS = 200
_MOST_CACHED_BYTES = 192 * 2**20
_Arrays = TypeVar("_Arrays", Frame, EmbeddedSet)


class Recording:
    """A run: the only reader of its directory, and the same for a run that trains here.

    Thread-safe. Reading an attribute never waits; the methods read files, and are for threads
    other than the window's, but for :meth:`poll` of a live recording.

    Attributes:
        folder: the run directory.
        live: whether this process writes it.
    """

    def __init__(
        self,
        info: RunInfo,
        index: RunIndex,
        *,
        follower: DirectoryFollower | None = None,
        tail: LiveTail | None = None,
        images: ImageSource | None = None,
    ) -> None:
        """Put a recording together; see :meth:`open` and ``Recorder.live``.

        Args:
            info: what is known of the run.
            index: what it holds.
            follower: keeps the index; None where a recorder of this process does.
            tail: what that recorder holds in memory.
            images: its images, while they are at hand.
        """
        self.folder = info.folder
        self.live = follower is None
        self._info = info
        self._index = index
        self._follower = follower
        self._tail = tail
        self._images = images
        self._cache = ByteCache[Hashable, Any](_MOST_CACHED_BYTES)
        self._thumbnails = ThumbnailFiles(info.folder)
        self._thumbnail_lock = threading.Lock()
        self._poll_lock = threading.Lock()
        self._seen_config: tuple[int, int] | None = None

    @staticmethod
    def open(folder: str | Path, images: ImageSource | None = None) -> "Recording":
        """Open a run directory, finished or not.

        Args:
            folder: the run directory.
            images: where its images are, if it is known to be safe to read them there.

        Raises:
            InputError: if it is none, is of a newer format, or cannot be read.
        """
        path = Path(folder)
        check_run(path)
        index = RunIndex()
        follower = DirectoryFollower(path, index)
        recording = Recording(read_info(path), index, follower=follower, images=images)
        recording.poll()
        return recording

    @property
    def key(self) -> str:
        """The run's identity, the same wherever it is copied to."""
        return self._info.key

    @property
    def info(self) -> RunInfo:
        """What is known of the run."""
        return self._info

    @property
    def state(self) -> RecordingState:
        """What it held at the last :meth:`poll`."""
        return self._index.state

    def update_info(self, info: RunInfo) -> None:
        """What is known now; for who writes or follows the run."""
        self._info = info
        self._index.warn("problems", " ".join(info.problems) or None)

    def poll(self) -> bool:
        """Take in what is new; returns whether the state or the info changed.

        A file of many megabytes and thousands of files are taken in over several calls.
        """
        if self._follower is None:
            return self._index.refresh()
        with self._poll_lock:
            changed = self._poll_info()
            return self._follower.poll() or changed

    def poll_metrics(self) -> bool:
        """Take in what is new of the metrics alone; returns whether the state changed."""
        if self._follower is None:
            return self._index.refresh()
        with self._poll_lock:
            return self._follower.poll_metrics()

    def read_whole(self) -> None:
        """Take in what is there now; a run that is being written may always have more."""
        for _ in range(_MOST_POLLS):
            if not self.poll():
                return

    def frame(self, step: int) -> Frame:
        """The watch set's embeddings after ``step`` steps.

        Raises:
            RunError: if there is no such frame, or its file is damaged.
        """
        held = self._tail.frame(step) if self._tail else None
        if held is not None:
            return held
        return self._cached(("frame", step), lambda: self._read_frame(step), frame_size)

    def gallery(self, step: int) -> EmbeddedSet:
        """What retrieval searches: the newest gallery at or before ``step``.

        The watched test images where there is none.

        Raises:
            RunError: if there is no frame either, or the file is damaged.
        """
        state = self.state
        for newest in reversed([at for at in state.gallery_steps if at <= step]):
            held = self._tail.gallery(newest) if self._tail else None
            if held is not None:
                return held
            path = gallery_path(self.folder, newest)
            if path.exists():  # or it was thinned out a moment ago
                read = functools.partial(self._read_gallery, path)
                return self._cached(("gallery", newest), read, set_size)
        frames = [at for at in state.frame_steps if at <= step]
        return self.frame(frames[-1] if frames else step).test.points

    def projection(self, method: str, step: int) -> Projection | None:
        """A frame's coordinates in the plane; None if nobody has stored any."""
        if not is_method(method):
            return None
        key = ("projection", method, step)
        found: Projection | None = self._cache.get(key)
        if found is None:
            found = self._read_projection(method, step)
            if found is None:
                self._index.remove_projection(method, step)
            else:
                self._cache.put(key, found, projection_size(found))
        return found

    def store_projection(self, projection: Projection) -> None:
        """Keep a projection of one of the frames: in the directory, where it can be written."""
        key = ("projection", projection.method, projection.step)
        self._cache.put(key, projection, projection_size(projection))
        self._index.add_projection(projection.method, projection.step)
        path = projection_path(self.folder, projection.method, projection.step)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_whole(path, projection_bytes(projection))
        except OSError:
            return  # it is in memory, and can be computed again

    def thumbnail(self, sample: int) -> ImageArray:
        """An image at most 96 pixels wide and high: (H, W, C) uint8; a grey square if missing."""
        found = self.find_thumbnail(sample)
        return grey_square() if found is None else found

    def image(self, sample: int) -> ImageArray:
        """An image, (H, W, C) uint8, in full size where it is at hand, else as a thumbnail."""
        found = self.find_image(sample)
        return grey_square() if found is None else found

    def find_thumbnail(self, sample: int) -> ImageArray | None:
        """The thumbnail of an image; None if a run that trains has not written it yet."""
        if self.live and self._images is not None:
            return shrunk(self.image(sample))
        with self._thumbnail_lock:
            found = self._thumbnails.read(sample)
            for name, warning in self._thumbnails.warnings.items():
                self._index.warn(f"{THUMBNAILS}/{name}", warning)
        if found is None and self._images is not None:
            with contextlib.suppress(*UNREADABLE):  # it is gone, or the run was made of others
                return shrunk(self._images.read(sample))
        return found

    def find_image(self, sample: int) -> ImageArray | None:
        """An image; None if it is missing, as of :meth:`find_thumbnail`."""
        if self._images is None:
            return self.find_thumbnail(sample)
        try:
            return self._images.read(sample)
        except UNREADABLE as error:
            if not self.live:
                return self.find_thumbnail(sample)
            self._index.warn(IMAGES, unreadable(sample, error))
            return grey_square()

    def image_files(self) -> ImageFiles | None:
        """The files that the images were decoded from; None where that is not known."""
        try:
            return read_image_files(self.folder)
        except RunError as error:
            self._index.warn(FILES, str(error))
            return None

    def checkpoint(self, step: int) -> Checkpoint:
        """All that the run goes on from after ``step`` steps, every byte checked.

        Raises:
            RunError: if there is no whole checkpoint of this step, or a file is damaged.
        """
        return read_checkpoint(self.folder, step)

    def checkpoint_folder(self, step: int) -> Path:
        """Where the checkpoint of this step is."""
        return checkpoint_path(self.folder, step)

    def _cached(
        self, key: Hashable, make: Callable[[], _Arrays], size: Callable[[_Arrays], int]
    ) -> _Arrays:
        """What is kept under a key, made if it is not there; two threads may both make it."""
        found: _Arrays | None = self._cache.get(key)
        if found is None:
            found = make()
            self._cache.put(key, found, size(found))
        return found

    def _read_projection(self, method: str, step: int) -> Projection | None:
        """A projection's file; None, for it can be computed again, where it is damaged or none."""
        path = projection_path(self.folder, method, step)
        try:
            arrays = read_arrays(self.folder, path, PROJECTION_ARRAYS, QUALITY_ARRAYS)
            return projection_from(path, arrays, method, step)
        except RunError as error:
            if step in self.state.projection_steps.get(method, ()):  # it was whole
                self._index.warn(str(path), str(error))
            return None

    def _read_gallery(self, path: Path) -> EmbeddedSet:
        return gallery_from(path, read_arrays(self.folder, path, GALLERY_ARRAYS))

    def _read_frame(self, step: int) -> Frame:
        path = frame_path(self.folder, step)
        symm = self._info.spec.symm if self._info.spec else None
        frame = frame_from(
            path, read_arrays(self.folder, path, FRAME_ARRAYS, PICKED_ARRAYS), step, symm
        )
        names = self._info.class_names
        if names and largest_label(frame) >= len(names):
            raise RunError(
                f"{path} is damaged: it has labels up to {largest_label(frame)}, and the run "
                f"{len(names)} classes."
            )
        return frame

    def _poll_info(self) -> bool:
        """Read config.json again when it has changed: it may come last, or say more steps."""
        try:
            status = (self.folder / CONFIG).stat()
            seen = (status.st_mtime_ns, status.st_size)
        except OSError:
            return False
        if seen == self._seen_config:
            return False
        try:
            info = read_info(self.folder)
        except InputError as error:
            self._index.warn(CONFIG, str(error))
            return False
        if self._info.settings and not info.settings:
            return False  # half there: what is known holds
        self._seen_config = seen
        self.update_info(info)
        return True


def open_runs(path: str | Path) -> tuple[Recording, ...]:
    """Open a run, or the runs of a comparison in the order in which it names them.

    Args:
        path: a run directory, or a folder that holds some.

    Raises:
        InputError: if there is no run, or one cannot be opened.
    """
    folders = run_folders(Path(path))
    recordings = [Recording.open(folder) for folder in folders]
    return tuple(sorted(recordings, key=lambda recording: recording.info.place))
