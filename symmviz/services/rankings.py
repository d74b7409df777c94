"""Scores all queries of the frames that are looked at, off the GUI thread."""

import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import replace

from threadpoolctl import threadpool_limits

from symmcore.byte_cache import ByteCache
from symmcore.errors import InputError
from symmcore.processes import usable_cores
from symmcore.progress import Progress
from symmcore.runs import Recording
from symmviz.model.class_rows import class_rows
from symmviz.model.query_scores import QueryScores, ScoreTarget
from symmviz.services.query_scores import score_queries
from symmviz.services.search_index import SearchIndex, searched_images
from symmviz.services.wanted import WantedThread

_BYTES = 64 * 2**20
_ENTRIES = 512


class Rankings:
    """Scores every image of a frame as a query; kept for each frame, and given up when unwanted.

    Threads: one, from the first wish to :meth:`close`.
    """

    def __init__(self) -> None:
        self._thread = WantedThread("symmviz-rankings", self._score)
        self._scores: ByteCache[ScoreTarget, QueryScores] = ByteCache(_BYTES, _ENTRIES)
        self._lock = threading.Lock()
        # The lock guards all of these.
        self._wanted: frozenset[ScoreTarget] = frozenset()
        self._failed: set[ScoreTarget] = set()
        self._progress: Progress | None = None
        self._revision = 0

    def want(self, targets: tuple[ScoreTarget, ...], recordings: Mapping[str, Recording]) -> None:
        """Score these, in this order, as far as they were not; give up what is not among them."""
        with self._lock:
            new = [
                target
                for target in targets
                if target not in self._failed and self._scores.get(target) is None
            ]
            self._wanted = frozenset(new)
        self._thread.want(tuple((target, recordings[target.key]) for target in new))

    def found(self, target: ScoreTarget) -> QueryScores | None:
        """The scores of a frame, if they are there."""
        return self._scores.get(target)

    @property
    def progress(self) -> Progress | None:
        """How far the scores under way are; None while there are none."""
        with self._lock:
            return self._progress

    @property
    def revision(self) -> int:
        """A number that grows with each frame scored."""
        with self._lock:
            return self._revision

    @property
    def busy(self) -> bool:
        """Whether scores are under way."""
        return self._thread.busy

    def clear(self) -> None:
        """Forget what was found: other runs are shown, which may have the same keys."""
        self._give_up()
        self._scores.clear()
        with self._lock:
            self._failed.clear()

    def close(self, timeout: float) -> bool:
        """End the thread; whether it has ended within ``timeout`` seconds."""
        self._give_up()
        return self._thread.close(timeout)

    def _give_up(self) -> None:
        with self._lock:
            self._wanted = frozenset()
        self._thread.want(())

    def _score(self, wanted: tuple[ScoreTarget, Recording]) -> None:
        target, recording = wanted
        if self._scores.get(target) is not None:
            return  # it was wanted again while it was under way
        try:
            index = SearchIndex(searched_images(recording, target.step, target.split), target.step)
            count = len(index.images[0])

            def tell(done: int) -> None:
                with self._lock:
                    if target not in self._wanted:
                        raise CancelledError
                    self._progress = Progress("Ranking all queries", done, count)

            # The window and a training have need of a core, too.
            with threadpool_limits(max(1, usable_cores() - 1), user_api="blas"):
                scores = score_queries(index, tell)
            scores = replace(scores, classes=class_rows(recording, scores))
        except CancelledError:
            self._done(None)
        except (InputError, LookupError, OSError, MemoryError):
            self._done(target)  # what is wrong with the frame is said where it is shown
        else:
            self._scores.put(target, scores, scores.size)
            self._done(None)

    def _done(self, failed: ScoreTarget | None) -> None:
        with self._lock:
            self._progress = None
            self._revision += 1
            if failed is not None:
                self._failed.add(failed)
