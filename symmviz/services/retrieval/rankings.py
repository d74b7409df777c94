"""Scores all queries of the frames that are looked at, off the GUI thread."""

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import replace

from symmcore.blas_threads import limited_blas_threads
from symmcore.byte_cache import ByteCache
from symmcore.errors import InputError, type_and_line
from symmcore.processes import usable_cores
from symmcore.progress import Progress
from symmcore.runs import Recording
from symmviz.model.retrieval.class_rows import class_rows
from symmviz.model.retrieval.query import Split
from symmviz.model.retrieval.query_scores import QueryScores, ScoreTarget
from symmviz.services.faults import ignore_problem
from symmviz.services.request_thread import RequestedAnswers
from symmviz.services.retrieval.query_scores import score_queries
from symmviz.services.retrieval.search_index import SearchIndex

_BYTES = 64 * 2**20
_ENTRIES = 512

_Wanted = tuple[ScoreTarget, Recording, int]
"""A frame, its run, and how often all was forgotten before it was wanted."""


class Rankings(RequestedAnswers[_Wanted]):
    """Scores every image of a frame as a query; kept for each frame, and given up when unwanted.

    Threads: one, from the first wish to :meth:`close`.
    """

    def __init__(
        self,
        index: Callable[[Recording, int, Split], SearchIndex],
        on_problem: Callable[[str], None] = ignore_problem,
    ) -> None:
        """Prepare.

        Args:
            index: gives the index of a run's frame, on any thread.
            on_problem: told in a sentence why a frame is not scored; on the thread.
        """
        self._index = index
        self._on_problem = on_problem
        super().__init__("symmviz-rankings", self._score, self._fault)
        self._scores: ByteCache[ScoreTarget, QueryScores] = ByteCache(_BYTES, _ENTRIES)
        # The lock guards all of these.
        self._wanted: frozenset[ScoreTarget] = frozenset()
        self._failed: set[ScoreTarget] = set()
        self._progress: Progress | None = None
        self._epoch = 0

    def request(
        self, targets: tuple[ScoreTarget, ...], recordings: Mapping[str, Recording]
    ) -> None:
        """Score these, in this order, as far as they were not; give up what is not among them."""
        with self._lock:
            new = [
                target
                for target in targets
                if target not in self._failed and self._scores.get(target) is None
            ]
            self._wanted = frozenset(new)
            epoch = self._epoch
        self._thread.request(tuple((target, recordings[target.key], epoch) for target in new))

    def found(self, target: ScoreTarget) -> QueryScores | None:
        """The scores of a frame, if they are there."""
        return self._scores.get(target)

    @property
    def progress(self) -> Progress | None:
        """How far the scores under way are; None while there are none."""
        with self._lock:
            return self._progress

    def clear(self) -> None:
        """Forget what was found: other runs are shown, which may have the same keys."""
        self._give_up()
        with self._lock:
            self._epoch += 1
            self._scores.clear()
            self._failed.clear()

    def close(self, timeout: float) -> bool:
        """End the thread; whether it has ended within ``timeout`` seconds."""
        self._give_up()
        return self._thread.close(timeout)

    def _give_up(self) -> None:
        with self._lock:
            self._wanted = frozenset()
        self._thread.request(())

    def _score(self, wanted: _Wanted) -> None:
        target, recording, epoch = wanted
        if self._scores.get(target) is not None:
            return  # it was wanted again while it was under way
        scores = None
        try:
            index = self._index(recording, target.step, target.split)
            count = len(index.images[0])

            def tell(done: int) -> None:
                with self._lock:
                    if target not in self._wanted or epoch != self._epoch:
                        raise CancelledError
                    self._progress = Progress("Ranking all queries", done, count)

            # The window and a training have need of a core, too.
            with limited_blas_threads(max(1, usable_cores() - 1)):
                scores = score_queries(index, tell)
            scores = replace(scores, classes=class_rows(recording, scores))
        except CancelledError:
            pass
        except (InputError, LookupError, OSError):
            self._fail(wanted)  # what is wrong with the frame is said where it is shown
        finally:
            with self._lock:
                self._progress = None
                self._revision += 1
                if scores is not None and epoch == self._epoch:
                    self._scores.put(target, scores, scores.size)

    def _fault(self, wanted: _Wanted, error: Exception) -> None:
        if self._fail(wanted):
            step = wanted[0].step
            self._on_problem(f"The queries of step {step} are not ranked ({type_and_line(error)}).")

    def _fail(self, wanted: _Wanted) -> bool:
        """Try a frame no more; whether that is news of one that is still shown."""
        target, _, epoch = wanted
        with self._lock:
            is_news = epoch == self._epoch and target not in self._failed
            if is_news:
                self._failed.add(target)
                self._revision += 1
        return is_news
