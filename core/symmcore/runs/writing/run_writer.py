"""Writes one run directory, and shows it live; for the recorders."""

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from symmcore.records import Checkpoint, EmbeddedSet, Frame
from symmcore.runs.formats import files
from symmcore.runs.formats.config_file import json_bytes, read_info
from symmcore.runs.formats.frames import frame_bytes, gallery_bytes
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import (
    CLASSES,
    CONFIG,
    FRAMES,
    METRICS,
    METRICS_CACHE,
    STATUS,
    frame_path,
    gallery_path,
)
from symmcore.runs.formats.metrics_cache import ANCHOR, anchor_of, cache_chunks
from symmcore.runs.formats.status_file import status_bytes
from symmcore.runs.formats.thumbnails import IMAGES, ImageSource, unreadable
from symmcore.runs.reading.follower import DirectoryFollower
from symmcore.runs.reading.index import RunIndex
from symmcore.runs.reading.memory import LiveTail
from symmcore.runs.reading.recording import Recording
from symmcore.runs.writing.budget import superfluous
from symmcore.runs.writing.checkpoint_keeper import CheckpointKeeper
from symmcore.runs.writing.metrics_file import MetricsWriter
from symmcore.runs.writing.saving import Part, SavingFailures
from symmcore.runs.writing.thumbnail_writer import ThumbnailWriter
from symmcore.runs.writing.unsaved import Unsaved

# What is kept in memory at most while it cannot be saved; metrics are, whatever they take.
_MOST_UNSAVED_BYTES = 512 * 2**20
_LONGEST_WAIT = 256
# Fewer are read from metrics.jsonl in a fraction of a second.
_LINES_TO_CACHE = 50_000


class RunWriter:
    """One run directory that this process writes, under a lock that its owner holds.

    What cannot be written is kept and tried again: with the next frame, with the end, and now and
    then with a line of metrics. Its methods may be called from several threads: lines and frames
    are taken while :meth:`save_checkpoint` writes.
    """

    def __init__(self, folder: Path, budget: int, on_problem: Callable[[str], None]) -> None:
        """Prepare; nothing is written before :meth:`begin`.

        Args:
            folder: the run directory, which is there.
            budget: most bytes of all galleries, and of all checkpoints.
            on_problem: told in one sentence when saving begins to fail, once each time, and of
                the first image that cannot be read.
        """
        self.folder = folder
        self._budget = budget
        self._on_problem = on_problem
        self._lock = threading.RLock()
        self._index = RunIndex()
        self._tail = LiveTail()
        self._metrics = MetricsWriter(folder / METRICS)
        self._unsaved = Unsaved()
        self._saving = SavingFailures(folder, self._index, on_problem)
        self._checkpoints = CheckpointKeeper(
            folder, budget, self._index, self._saving, self._save_before_checkpoint
        )
        self._galleries: dict[int, int] = {}
        self._failures = 0
        self._lines_to_wait = self._cached_lines = 0
        self._closed = self._image_told = False
        self._images: ImageSource | None = None
        self._searched: Sequence[int] = ()
        self._thumbnails: ThumbnailWriter | None = None
        self._recording: Recording | None = None

    @property
    def recording(self) -> Recording:
        """The run, with what is not on the disk yet."""
        assert self._recording is not None, "it has begun"
        return self._recording

    def begin(
        self,
        settings: Mapping[str, object],
        class_names: Sequence[str],
        images: ImageSource | None,
        searched: Sequence[int],
    ) -> None:
        """Write config.json, and go on from what the directory holds.

        Args:
            settings: what config.json is to say.
            class_names: what each label is called.
            images: the images, if they are at hand.
            searched: positions of the images whose thumbnails are kept besides those of the
                watch set.

        Raises:
            OSError: if a file cannot be written.
        """
        (self.folder / FRAMES).mkdir(exist_ok=True)
        if class_names:
            content = json_bytes({"class_names": list(class_names)})
            files.write_whole(self.folder / CLASSES, content)
        files.write_whole(self.folder / CONFIG, json_bytes(dict(settings)))
        self._metrics.sync()
        self._save_status(RunStatus.TRAINING, "")
        self._unsaved.end = None
        info = read_info(self.folder)
        if self._recording is None:
            self._take_in()
            self._recording = Recording(info, self._index, tail=self._tail, images=images)
        self._recording.update_info(info)
        self._index.set_status(RunStatus.TRAINING)
        self._index.refresh()
        self._images, self._searched = images, searched

    def add_line(self, line: str) -> None:
        """Record a line of metrics."""
        with self._lock:
            self._index.add_lines([line.encode()])
            self._metrics.add(line)
            if self._lines_to_wait > 0:
                self._lines_to_wait -= 1
            elif Part.RECORDS in self._saving:
                self._save()
            else:
                self._try(self._metrics.flush)

    def add_frame(self, frame: Frame, gallery: EmbeddedSet | None) -> None:
        """Record a frame, and the gallery if there is one."""
        with self._lock:
            self._tail.add(frame, gallery)
            self._index.add_frame(frame.step)
            if gallery is not None:
                self._index.add_gallery(frame.step)
            self._unsaved.frames[frame.step] = (frame, gallery)
            self._save()
        self._start_thumbnails(frame)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint, which :meth:`save_checkpoint` writes.

        One that could not be saved before is given up for it.
        """
        with self._lock:
            self._checkpoints.take(checkpoint, self._metrics.end)

    def save_checkpoint(self) -> bool:
        """Write the checkpoint that was taken, if there is one; returns whether none is left.

        Those that are too many stay until :meth:`thin_checkpoints`.
        """
        self._checkpoints.save()
        return not self._checkpoints.unsaved

    @property
    def checkpoint_steps(self) -> frozenset[int]:
        """Steps of the checkpoints that are on the disk."""
        return self._checkpoints.steps

    def thin_checkpoints(self, keep: int | None = None) -> None:
        """Keep to the budget; what cannot be removed is tried again the next time.

        Args:
            keep: step of one that stays.
        """
        self._checkpoints.thin(keep)

    def end(self, status: RunStatus, message: str) -> None:
        """Say how the run ended, and close its files; :meth:`begin` goes on."""
        with self._lock:
            self._index.set_status(status, message)
            self._unsaved.end = (status, message)
        self._checkpoints.save(at_end=True)
        with self._lock:
            self._save()
            self._metrics.close()

    def save_again(self) -> None:
        """Try again, after :meth:`end`, what could not be saved then."""
        self._checkpoints.save(at_end=True)
        with self._lock:
            if self.unsaved:
                self._save()
            self._metrics.close()

    def finish_thumbnails(self, timeout: float) -> bool:
        """Give the thumbnails some time; returns whether all are written."""
        return self._thumbnails is None or self._thumbnails.finish(timeout)

    def close(self) -> None:
        """End the thread that writes thumbnails; what is not saved is tried once more.

        What is lost then is told.
        """
        if self._thumbnails is not None:
            self._thumbnails.close()
        self.save_again()
        with self._lock:
            checkpoint, lines = self._checkpoints.unsaved, self._metrics.pending > 0
            lost = "" if self._closed else self._unsaved.names(checkpoint=checkpoint, lines=lines)
            self._closed = True
            self._metrics.close()
        if lost:
            self._on_problem(
                f"{self.folder} ended with something not written: {lost}. What "
                "was written before is whole."
            )

    @property
    def unsaved(self) -> bool:
        """Whether something that was recorded is in memory alone."""
        with self._lock:
            return self._records_unsaved or self._checkpoints.unsaved

    @property
    def thumbnails_fail(self) -> bool:
        """Whether the newest thumbnails could not be written, which is tried again."""
        return Part.THUMBNAILS in self._saving

    @property
    def _records_unsaved(self) -> bool:
        return bool(self._unsaved or self._metrics.pending)

    def _start_thumbnails(self, frame: Frame) -> None:
        if self._images is None or self._thumbnails is not None:
            return
        watched = (frame.test.points.samples, frame.train.points.samples)
        samples = [*watched[0].tolist(), *watched[1].tolist(), *self._searched]
        judge = partial(self._saving.judge, Part.THUMBNAILS)
        self._thumbnails = ThumbnailWriter(
            self.folder, self._images, samples, judge, self._warn_of_image
        )
        self._thumbnails.start()

    def _warn_of_image(self, sample: int, error: Exception) -> None:
        """Say that an image cannot be read; on the thread of the thumbnails."""
        warning = unreadable(sample, error)
        self._index.warn(IMAGES, warning)
        with self._lock:
            told, self._image_told = self._image_told, True
        if not told:
            self._on_problem(f"{self.folder}: {warning}")

    def _take_in(self) -> None:
        """Know what the directory holds already, of a run that goes on or a branch."""
        follower = DirectoryFollower(self.folder, self._index)
        while follower.poll():  # nobody else writes the run: there is an end
            pass
        state = self._index.state
        for step in state.gallery_steps:
            with contextlib.suppress(OSError):
                self._galleries[step] = gallery_path(self.folder, step).stat().st_size
        for step in state.checkpoint_steps:
            self._checkpoints.found(step)

    def _save_status(self, status: RunStatus, message: str) -> None:
        files.write_whole(self.folder / STATUS, status_bytes(status, message))

    def _save(self) -> None:
        """Write all that is not saved."""
        self._try(self._save_all)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self._failures += 1
            self._lines_to_wait = min(2**self._failures, _LONGEST_WAIT)
            self._bound_unsaved()
            self._saving.judge(Part.RECORDS, error)
        else:
            if not self._records_unsaved:
                self._failures, self._lines_to_wait = 0, 0
                self._saving.judge(Part.RECORDS, None)

    def _save_all(self) -> None:
        self._metrics.sync()
        self._save_frames()
        self._thin_galleries()
        self._cache_metrics()
        if self._unsaved.end is not None and not self._checkpoints.unsaved:
            self._save_status(*self._unsaved.end)
            self._unsaved.end = None

    def _cache_metrics(self) -> None:
        """Cache the metrics at the end, and before each time that there are half as many again."""
        lines, known = self._index.lines, self._cached_lines
        least = known + 1 if self._unsaved.end is not None else known * 3 // 2
        if self._metrics.pending or lines < max(_LINES_TO_CACHE, least):
            return
        with contextlib.suppress(OSError):  # nothing is lost, it only takes longer to read
            anchor = anchor_of(self._metrics.tail(ANCHOR))
            chunks = cache_chunks(self._index.metrics_table(), self._metrics.size, anchor)
            files.write_chunks(self.folder / METRICS_CACHE, chunks)
            self._cached_lines = lines

    def _save_before_checkpoint(self) -> None:
        """Put lines and frames on the disk; the lock is not held while that is waited for."""
        with self._lock:
            self._metrics.flush()
            self._save_frames()
            descriptor = self._metrics.duplicate()
        try:
            files.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _save_frames(self) -> None:
        for step in sorted(self._unsaved.frames):
            self._save_frame(*self._unsaved.frames[step])
            del self._unsaved.frames[step]
            self._tail.saved(step)

    def _save_frame(self, frame: Frame, gallery: EmbeddedSet | None) -> None:
        if gallery is not None:
            content = gallery_bytes(gallery)
            files.write_whole(gallery_path(self.folder, frame.step), content)
            self._galleries[frame.step] = len(content)
        files.write_whole(frame_path(self.folder, frame.step), frame_bytes(frame))

    def _thin_galleries(self) -> None:
        """Keep to the budget; what cannot be removed is tried again with the next."""
        for step in superfluous(self._galleries, self._budget):
            with contextlib.suppress(OSError):
                gallery_path(self.folder, step).unlink(missing_ok=True)
                del self._galleries[step]
                self._index.remove_galleries([step])

    def _bound_unsaved(self) -> None:
        """Forget some of what cannot be saved before it takes all memory."""
        galleries, frames = self._unsaved.bound(_MOST_UNSAVED_BYTES)
        for step in galleries:
            self._tail.drop_gallery(step)
            self._index.remove_galleries([step])
        for step in frames:
            self._tail.saved(step)
            self._index.remove_frames([step])
