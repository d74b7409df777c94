"""Keeps the checkpoints of one run: the newest until it is saved, and all within a budget."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from symmcore.records import Checkpoint
from symmcore.runs.formats import files
from symmcore.runs.formats.checkpoints import checkpoint_bytes, write_checkpoint
from symmcore.runs.formats.layout import checkpoint_path
from symmcore.runs.reading.index import RunIndex
from symmcore.runs.writing.budget import superfluous
from symmcore.runs.writing.saving import Part, SavingFailures


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """A checkpoint, and how much of metrics.jsonl belongs to it."""

    checkpoint: Checkpoint
    metrics_bytes: int


class CheckpointKeeper:
    """The checkpoints of one run directory.

    One thread may take a checkpoint while another writes the one before; no lock that taking
    needs is held while files are written.
    """

    def __init__(
        self,
        folder: Path,
        budget: int,
        index: RunIndex,
        failures: SavingFailures,
        save_records: Callable[[], None],
    ) -> None:
        """Nothing is kept yet.

        Args:
            folder: the run directory.
            budget: most bytes of all checkpoints.
            index: knows those that are on the disk.
            failures: told whether the last one could be saved.
            save_records: puts on the disk what was recorded until now; raises OSError.
        """
        self._folder = folder
        self._budget = budget
        self._index = index
        self._failures = failures
        self._save_records = save_records
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._sizes: dict[int, int] = {}
        self._taken: _Taken | None = None

    @property
    def unsaved(self) -> bool:
        """Whether one is in memory alone."""
        return self._taken is not None

    @property
    def steps(self) -> frozenset[int]:
        """Steps of those that are on the disk."""
        with self._lock:
            return frozenset(self._sizes)

    def found(self, step: int) -> None:
        """Know of one that is on the disk already."""
        with self._lock:
            self._sizes[step] = checkpoint_bytes(self._folder, step)

    def take(self, checkpoint: Checkpoint, metrics_bytes: int) -> None:
        """Keep one in memory until :meth:`save`; one that is not saved is given up for it."""
        with self._lock:
            self._taken = _Taken(checkpoint, metrics_bytes)

    def save(self, *, at_end: bool = False) -> None:
        """Write the one that was taken, if there is one; a failure is told, and it is kept.

        Args:
            at_end: whether nobody is left who could be raised what is no failure of the disk,
                such as too little memory: then that is told too.
        """
        with self._writing:
            taken = self._taken
            if taken is None:
                return
            try:
                # what a checkpoint goes on from must be there before it is
                self._save_records()
                write_checkpoint(self._folder, taken.checkpoint, taken.metrics_bytes)
            except Exception as error:
                if not (at_end or isinstance(error, OSError)):
                    raise
                self._failures.judge(Part.CHECKPOINTS, error)
                return
            step = taken.checkpoint.step
            with self._lock:
                self._sizes[step] = checkpoint_bytes(self._folder, step)
                if self._taken is taken:
                    self._taken = None
            self._index.add_checkpoint(step)
            self._failures.judge(Part.CHECKPOINTS, None)

    def thin(self, keep: int | None) -> None:
        """Keep to the budget; what cannot be removed is tried again the next time.

        Args:
            keep: step of one that stays.
        """
        with self._writing:
            for step in superfluous(self._sizes, self._budget):
                if step == keep:
                    continue
                with contextlib.suppress(OSError):
                    files.remove_folder(checkpoint_path(self._folder, step))
                    with self._lock:
                        del self._sizes[step]
                    self._index.remove_checkpoints([step])
