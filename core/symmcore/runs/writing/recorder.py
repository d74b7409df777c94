"""Records a training loop of the user's own, with or without torch."""

import contextlib
import hashlib
import operator
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, SupportsFloat, SupportsIndex

import numpy as np

from symmcore.errors import InputError
from symmcore.records import EmbeddedSet, FloatArray, Frame, IndexArray, WatchedSet
from symmcore.reflection import partner_cycle, reflect_partners
from symmcore.runs.formats.config_file import own_loop_settings
from symmcore.runs.formats.image_files import common_files, write_image_files
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import LARGEST_STEP
from symmcore.runs.formats.metrics import LONGEST_NAME, RESERVED, scalars_line
from symmcore.runs.reading.recording import Recording
from symmcore.runs.writing.budget import share_of_budget
from symmcore.runs.writing.claim import cannot_write, check_free, claimed
from symmcore.runs.writing.own_images import OwnImages
from symmcore.runs.writing.own_labels import own_labels
from symmcore.runs.writing.own_values import as_array, number
from symmcore.runs.writing.recall import recall_at_1
from symmcore.runs.writing.run_writer import RunWriter
from symmcore.runs.writing.training_recorder import warn

_BUDGET = 4 * 10**9
_SECONDS_FOR_THUMBNAILS = 30.0
_PARTNER_SEED = 0
_RECALL_AT_1 = "test_recall_at_1"


class Recorder:
    """Records one run of a training loop of the user's own, for ``symmviz`` to show.

    ::

        with Recorder("runs/mine", labels=labels, images=images) as recorder:
            for step in range(1, 1001):
                ...
                recorder.scalars(step, loss=float(loss))
                if step % 50 == 0:
                    recorder.frame(step, embeddings)

    A save that fails, as on a full disk, does not end the loop: it is told, kept and tried again.
    All methods may be called from one thread after another.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        labels: Any = None,
        images: Any = None,
        class_names: Sequence[str] | None = None,
        settings: Mapping[str, object] | None = None,
        on_problem: Callable[[str], None] = warn,
    ) -> None:
        """Make the run directory.

        Args:
            folder: the run directory; one that holds a run already is refused. A "~" that it
                begins with is the home folder.
            labels: N labels, numbers or strings; without them there is no Recall@1.
            images: N images: an array or tensor (N, H, W[, C]) of uint8, or any number of
                arrays or tensors (H, W[, C]), of PIL images, or of paths.
            class_names: what the labels are called; then labels are positions in it.
            settings: what else is to stand in config.json: learning rate, notes.
            on_problem: told when saving begins to fail, or an image cannot be read; a
                RuntimeWarning by default.

        Raises:
            InputError: a ValueError that says what is wrong with an argument, or with the folder.
        """
        self.folder = _folder(folder)
        self._images = None if images is None else OwnImages(images)
        self._count: int | None = None
        self._labels, self._names = own_labels(labels, class_names)
        self._has_labels = labels is not None
        self._set_counts(labels is not None)
        self._dim: int | None = None
        self._partner: IndexArray | None = None
        self._scalar_step = self._frame_step = -1
        self._closed = False
        self._thread_lock = threading.RLock()
        about = own_loop_settings(
            uuid.uuid4().hex,
            self.folder.resolve().name,
            self._fingerprint(),
            self._count,
            settings or {},
        )
        check_free(self.folder, (self.folder,))
        self._begin(about, on_problem)

    def scalars(self, step: int, **values: SupportsFloat | None) -> None:
        """Record numbers of a step, each under its name; each becomes a plot.

        Args:
            step: steps finished; never less than in an earlier call.
            values: anything that ``float`` takes; NaN leaves a gap, None is left out.

        Raises:
            InputError: if a value is no number, or the step goes back.
        """
        with self._thread_lock:
            checked = self._checked_step(step, self._scalar_step, "scalars", again=True)
            numbers = _numbers(values)
            self._scalar_step = checked
            self._writer.add_line(scalars_line("step", checked, numbers))

    def frame(self, step: int, embeddings: Any, **scores: SupportsFloat | None) -> None:
        """Record where all N images are embedded after a step, and their scores.

        Args:
            step: steps finished; more than in an earlier call.
            embeddings: (N, D), an array or a tensor on any device.
            scores: more scores of this step; as ``test_recall_at_4``, ``test_nmi``, ``test_f1``
                or ``test_map_at_r``, shares in [0, 1], they stand in the table of results.
                ``test_recall_at_1`` is computed where it is not given and there are labels.

        Raises:
            InputError: if the shape does not fit, a score is no number, or the step does not
                go on.
        """
        with self._thread_lock:
            checked = self._checked_step(step, self._frame_step, "frame", again=False)
            points = self._checked_points(embeddings)
            given = _numbers(scores)
            self._frame_step = checked
            labels = self._known_labels(len(points))
            if self._has_labels and _RECALL_AT_1 not in given:
                recall = recall_at_1(points, labels)
                given = given if recall is None else {_RECALL_AT_1: recall} | given
            if given:
                self._writer.add_line(scalars_line("eval", checked, given))
            self._writer.add_frame(self._made(checked, points, labels), None)

    def live(self) -> Recording:
        """The run as it is now, also what could not be written yet."""
        return self._writer.recording

    @property
    def unsaved(self) -> bool:
        """Whether something that was recorded could not be written; it is tried again."""
        return self._writer.unsaved or self._writer.thumbnails_fail

    def finish_thumbnails(self, seconds: float) -> bool:
        """Wait a while for the thumbnails; returns whether all are written.

        Without it, :meth:`close` waits as long as it is told to.
        """
        return self._writer.finish_thumbnails(seconds)

    def close(self, seconds_for_thumbnails: float = _SECONDS_FOR_THUMBNAILS) -> None:
        """Write what is left and end the run; further calls do nothing.

        Args:
            seconds_for_thumbnails: how long to wait at most for those that are not written yet.
        """
        self._end(RunStatus.FINISHED, "", seconds_for_thumbnails)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self._end(RunStatus.STOPPED, "")
        else:
            self._end(RunStatus.FAILED, f"{type(error).__name__}: {error}")

    def _end(
        self, status: RunStatus, message: str, seconds: float = _SECONDS_FOR_THUMBNAILS
    ) -> None:
        with self._thread_lock:
            if self._closed:
                return
            self._closed = True
            self._writer.end(status, message)
            self._writer.finish_thumbnails(seconds)
            self._writer.close()
            self._lock.release()

    def _begin(self, about: Mapping[str, object], on_problem: Callable[[str], None]) -> None:
        """Make the run directory; where that fails, what it has made is removed again."""
        with contextlib.ExitStack() as undo:
            try:
                self._lock = claimed(self.folder, undo)
                self._writer = RunWriter(self.folder, share_of_budget(_BUDGET, 1), on_problem)
                undo.callback(self._writer.close)
                self._writer.begin(about, self._names, self._images, ())
                paths = self._images.files() if self._images else []
                write_image_files(self.folder, common_files(paths) if paths else None)
            except OSError as error:
                raise cannot_write(self.folder, error) from error
            undo.pop_all()

    def _set_counts(self, has_labels: bool) -> None:
        """Know N, where labels or images say it."""
        counts = {}
        if has_labels:
            counts["labels"] = len(self._labels)
        if self._images is not None:
            counts["images"] = len(self._images)
        if len(set(counts.values())) > 1:
            raise InputError(
                f"There are {counts['labels']} labels and {counts['images']} images: one label "
                "belongs to each image."
            )
        self._count = next(iter(counts.values()), None)
        if self._count == 0:
            raise InputError("There are no images: give at least one, or leave them out.")

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(b"own loop")
        if self._images is None and not self._has_labels:
            digest.update(uuid.uuid4().bytes)  # nothing says what the rows are
        digest.update(repr(self._names).encode(errors="replace"))
        digest.update(self._labels.tobytes())
        if self._images is not None:
            try:
                digest.update(self._images.fingerprint())
            except OSError as error:
                raise InputError(f"An image cannot be read: {error}.") from error
        return digest.hexdigest()

    def _checked_step(self, step: SupportsIndex, last: int, of: str, *, again: bool) -> int:
        if self._closed:
            raise InputError(f"{self.folder} is closed: nothing more can be recorded.")
        try:
            number = operator.index(step)
        except TypeError:
            raise InputError(f"The step is {step!r:.40}: it must be a whole number.") from None
        if not 0 <= number <= LARGEST_STEP:
            raise InputError(f"The step is {number}: it must be from 0 to {LARGEST_STEP:,}.")
        if number < last or (number == last and not again):
            raise InputError(
                f"{of}() was called for step {number} after step {last}: steps go on, never back."
            )
        return number

    def _checked_points(self, embeddings: Any) -> FloatArray:
        array = as_array(embeddings)
        if array.ndim != 2 or array.shape[1] < 1:
            raise InputError(f"The embeddings have the shape {array.shape}: it must be (N, D).")
        count, dim = array.shape
        if not count:
            raise InputError("There are 0 embeddings: a frame holds those of at least one image.")
        if self._count is None:
            self._count = count
        if count != self._count:
            raise InputError(
                f"There are {count} embeddings and {self._count} watched images: each frame "
                "holds the same images in the same order."
            )
        if self._dim is not None and dim != self._dim:
            raise InputError(
                f"The embeddings have {dim} dimensions, those of the first frame {self._dim}: "
                "they must stay the same."
            )
        if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
            raise InputError(f"The embeddings are of type {array.dtype}: they must be numbers.")
        self._dim = dim
        with np.errstate(over="ignore"):
            points: FloatArray = np.array(array, dtype=np.float32, order="C")
        points.flags.writeable = False
        return points

    def _known_labels(self, count: int) -> IndexArray:
        return self._labels if self._has_labels else _read_only(np.zeros(count, dtype=np.int64))

    def _made(self, step: int, points: FloatArray, labels: IndexArray) -> Frame:
        if self._partner is None:
            nobody = np.full(len(points), -1)
            partner = partner_cycle(labels, _PARTNER_SEED) if self._has_labels else nobody
            self._partner = _read_only(partner)
        synthetic = reflect_partners(points, self._partner)
        samples = _read_only(np.arange(len(points)))
        none = _read_only(np.empty(0, dtype=np.int64))
        nowhere: FloatArray = np.empty((0, points.shape[1]), dtype=np.float32)
        return Frame(
            step,
            train=WatchedSet(EmbeddedSet(none, none, nowhere), none, nowhere),
            test=WatchedSet(EmbeddedSet(samples, labels, points), self._partner, synthetic),
        )


def _folder(folder: str | Path) -> Path:
    if not str(folder):
        raise InputError("The folder's name is empty: name a folder to record in.")
    if "\0" in str(folder):
        raise InputError(f"{str(folder)!r} holds a zero byte: choose another folder.")
    try:
        return Path(folder).expanduser()
    except RuntimeError:  # nobody knows that home folder
        return Path(folder)


def _numbers(values: Mapping[str, SupportsFloat | None]) -> dict[str, float]:
    return {_name(name): number(name, value) for name, value in values.items() if value is not None}


def _name(name: str) -> str:
    if name in RESERVED or len(name) > LONGEST_NAME:
        raise InputError(f"A scalar cannot be called {name[:LONGEST_NAME]!r}: choose another name.")
    return name


def _read_only(array: IndexArray) -> IndexArray:
    array.flags.writeable = False
    return array
