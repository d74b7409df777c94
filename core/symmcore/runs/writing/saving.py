"""What of a run cannot be saved at present, told once until all can be again."""

import enum
import threading
from collections.abc import Callable
from pathlib import Path

from symmcore.runs.formats import files
from symmcore.runs.reading.index import RunIndex

_WARNING = "saving"


class Part(enum.Enum):
    """What is saved by itself, and can fail while the others do not."""

    RECORDS = enum.auto()
    CHECKPOINTS = enum.auto()
    THUMBNAILS = enum.auto()


class SavingFailures:
    """Tells in one sentence when saving begins to fail; from any thread."""

    def __init__(self, folder: Path, index: RunIndex, on_problem: Callable[[str], None]) -> None:
        """Nothing fails yet.

        Args:
            folder: the run directory.
            index: warns as long as something fails.
            on_problem: told the sentence, once each time.
        """
        self._folder = folder
        self._index = index
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._failing: set[Part] = set()

    def __contains__(self, part: Part) -> bool:
        """Whether a part failed the last time."""
        return part in self._failing

    def judge(self, part: Part, error: Exception | None) -> None:
        """Note that a part could not be saved; None: that it could."""
        with self._lock:
            told = bool(self._failing)
            if error is None:
                self._failing.discard(part)
                if told and not self._failing:
                    self._index.warn(_WARNING, None)
                return
            self._failing.add(part)
            if told:
                return
            sentence = (
                f"{self._folder} cannot be written ({files.reason(error)}): training goes on, and "
                "what is recorded meanwhile is kept in memory until it can be written, and shown."
            )
            self._index.warn(_WARNING, sentence)
        self._on_problem(sentence)
