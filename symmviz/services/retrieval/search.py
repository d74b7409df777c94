"""Finds a query image's neighbours in the embeddings of each run, off the GUI thread.

One index a run and step: whatever number of images is looked for in it, its embeddings are
read and normalised once.
"""

import threading
from collections.abc import Callable, Mapping
from functools import partial

from symmcore.byte_cache import ByteCache
from symmcore.errors import type_and_line
from symmcore.runs import Recording
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval.query import Query, RunNeighbours, Split
from symmviz.model.retrieval.query_scores import ScoreTarget
from symmviz.services.faults import report_unexpected
from symmviz.services.request_thread import RequestedAnswers, RequestThread
from symmviz.services.retrieval.search_index import NotSearchedError, SearchIndex, searched_images

# One index of 60,502 images in 512 dimensions takes 124 MB; six runs are compared at most.
_INDEX_BYTES = 1024 * 2**20
_INDEXES = 16
# Indexes of other steps, which are each needed once a query.
_PASSING_BYTES = 64 * 2**20
_PASSING = 512
_RESULT_BYTES = 64 * 2**20
_RESULTS = 20_000
_NEIGHBOUR_BYTES = 160
_LONGEST_WAY = 0.2  # seconds

_Wanted = tuple[SearchTarget | ScoreTarget, Recording, int]
"""What, in which run, and how often all was forgotten before it was wanted."""
# Of the run itself, not of its key, which another that goes on from an earlier step may have.
_Indexes = ByteCache[tuple[Recording, int, Split], SearchIndex]


class Searches(RequestedAnswers[_Wanted]):
    """Searches recordings for what is selected; the newest wish counts.

    Threads: one for the steps that are shown and one for all others, each from its first search
    to :meth:`close`.

    Attributes:
        on_found: called on the first of these threads once all that is waited for has been found.
    """

    def __init__(self) -> None:
        super().__init__("symmviz-retrieval", self._search)
        self._others = RequestThread("symmviz-retrieval-history", self._search_other)
        self._indexes: _Indexes = ByteCache(_INDEX_BYTES, _INDEXES)
        self._passing: _Indexes = ByteCache(_PASSING_BYTES, _PASSING)
        self._results: ByteCache[SearchTarget, RunNeighbours | str] = ByteCache(
            _RESULT_BYTES, _RESULTS
        )
        self._failed: set[ScoreTarget] = set()
        self._waited_for: set[SearchTarget] = set()
        self._is_found = threading.Event()
        self._is_found.set()
        self.on_found: Callable[[], None] = _tell_nobody
        self._epoch = 0

    def request(
        self,
        targets: tuple[SearchTarget, ...],
        recordings: Mapping[str, Recording],
        others: tuple[SearchTarget, ...] = (),
        frames: tuple[ScoreTarget, ...] = (),
    ) -> None:
        """Make these searches, as far as they were not made before.

        Args:
            targets: what is waited for.
            recordings: by key.
            others: what is made besides: the same query at other steps.
            frames: whose indexes are made ready after that, for the next query.
        """
        with self._lock:
            epoch = self._epoch
        ahead = tuple(
            (frame, recordings[frame.key], epoch)
            for frame in frames
            if self._indexes.get((recordings[frame.key], frame.step, frame.split)) is None
            and frame not in self._failed
        )
        new = self._new(targets, recordings, epoch)
        self._wait_for({target for target in targets if self._results.get(target) is None})
        self._thread.request((*new, *ahead))
        self._others.request(self._new(others, recordings, epoch))

    def found(self, target: SearchTarget) -> RunNeighbours | str | None:
        """What a search has found, why it failed, or None while it has not been made."""
        return self._results.get(target)

    def index(self, recording: Recording, step: int, split: Split) -> SearchIndex:
        """The index of a run's frame; made if it is not there. For threads other than the GUI's.

        Raises:
            RunError: if the frame cannot be read.
        """
        key = recording, step, split
        index = self._indexes.get(key) or self._passing.get(key)
        if index is None:
            index = SearchIndex(searched_images(recording, step, split), step)
            self._indexes.put(key, index, index.size)
        return index

    def wait_for_searches(self) -> None:
        """Wait a moment while searches are waited for: on threads that draw what can come later."""
        self._is_found.wait(_LONGEST_WAY)

    @property
    def idle(self) -> bool:
        """Whether nothing is searched, for other steps either."""
        return not (self._thread.busy or self._others.busy)

    def clear(self) -> None:
        """Forget what was found: other runs are shown, which may have the same keys."""
        for thread in (self._thread, self._others):
            thread.request(())
        self._wait_for(set())
        with self._lock:
            self._epoch += 1
            for cache in (self._indexes, self._passing):
                cache.clear()
            self._results.clear()
            self._failed.clear()

    def close(self, timeout: float) -> bool:
        """End the threads; whether they have ended within ``timeout`` seconds each."""
        ended = [thread.close(timeout) for thread in (self._others, self._thread)]
        return all(ended)

    def _new(
        self, targets: tuple[SearchTarget, ...], recordings: Mapping[str, Recording], epoch: int
    ) -> tuple[_Wanted, ...]:
        return tuple(
            (target, recordings[target.key], epoch)
            for target in targets
            if self._results.get(target) is None
        )

    def _search(self, wanted: _Wanted) -> None:
        target, recording, epoch = wanted
        if isinstance(target, ScoreTarget):
            self._make_ready(target, recording, epoch)
        elif self._results.get(target) is None:  # it was wanted again while it was under way
            index = partial(self.index, recording, target.step, target.query.split)
            self._keep(target, index, epoch)
        if isinstance(target, SearchTarget):
            self._take_found(target)

    def _wait_for(self, targets: set[SearchTarget]) -> None:
        with self._lock:
            self._waited_for = targets
            if targets:
                self._is_found.clear()
            else:
                self._is_found.set()

    def _take_found(self, target: SearchTarget) -> None:
        with self._lock:
            was_last = self._waited_for == {target}
            self._waited_for.discard(target)
            if was_last:
                self._is_found.set()
        if was_last:
            self.on_found()

    def _make_ready(self, frame: ScoreTarget, recording: Recording, epoch: int) -> None:
        try:
            self.index(recording, frame.step, frame.split)
        except Exception:  # noqa: BLE001 - a search in it meets the same and says so
            with self._lock:
                if epoch == self._epoch:
                    self._failed.add(frame)

    def _search_other(self, wanted: _Wanted) -> None:
        target, recording, epoch = wanted
        assert isinstance(target, SearchTarget), "nothing else is wanted here"
        key = recording, target.step, target.query.split

        def index() -> SearchIndex:
            made = self._indexes.get(key) or self._passing.get(key)
            if made is None:
                images = searched_images(recording, target.step, target.query.split)
                made = SearchIndex(images, target.step)
                self._passing.put(key, made, made.size)
            return made

        self.wait_for_searches()
        if self._results.get(target) is None:
            self._keep(target, index, epoch)

    def _keep(self, target: SearchTarget, index: Callable[[], SearchIndex], epoch: int) -> None:
        """Search, and keep what is found or why nothing is."""
        result: RunNeighbours | str
        try:
            assert isinstance(target.query, Query), "uploads are embedded first"
            result = index().find(target.query.sample, target.count)
        except NotSearchedError as error:
            result = f"Not searched: {error}."
        except Exception as error:  # noqa: BLE001 - else the row would say for ever that it searches
            report_unexpected(error)
            result = f"The search failed ({type_and_line(error)})."
        with self._lock:
            if epoch == self._epoch:  # else all was forgotten while it was under way
                self._results.put(target, result, _NEIGHBOUR_BYTES * (target.count + 1))
                self._revision += 1


def _tell_nobody() -> None:
    """Do nothing: whoever wants to know looks by itself."""
