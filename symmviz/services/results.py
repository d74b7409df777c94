"""Makes the table of results of the runs that are shown, on a thread of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from symmcore.errors import type_and_line
from symmcore.runs import Recording
from symmcore.runs.results import read_results
from symmviz.model.results import Outcome, ResultsTable, outcome, results_table
from symmviz.services.faults import ignore_problem
from symmviz.services.request_thread import RequestedAnswers


@dataclass(frozen=True, slots=True)
class Results:
    """What runs came to.

    Attributes:
        table: of all runs.
        outcome: of the training that has ended; None while there is none.
    """

    table: ResultsTable
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    recordings: tuple[Recording, ...]
    ended: tuple[Recording, ...]


class ResultsReader(RequestedAnswers[_Wanted]):
    """Makes the newest results that were wanted.

    Threads: one, from the first wish to :meth:`close`.

    Args:
        on_problem: told in a sentence why results could not be made; on the thread.
    """

    def __init__(self, on_problem: Callable[[str], None] = ignore_problem) -> None:
        self._on_problem = on_problem
        super().__init__("symmviz-results", self._make, self._fault)
        self._said = ""
        self._seen: tuple[object, ...] | None = None
        self._results: Results | None = None

    def request(self, recordings: tuple[Recording, ...], ended: tuple[Recording, ...]) -> None:
        """Make the results of these runs, unless nothing of them has changed.

        Args:
            recordings: the runs that are shown.
            ended: those of the training that has ended.
        """
        # what was seen is kept, so that nothing new can have its identity
        seen = (
            *((one, one.info, one.state.last_evaluation, one.state.status) for one in recordings),
            ended,
        )
        if self._seen is None or not _is_same(seen, self._seen):
            self._seen = seen
            self._thread.request((_Wanted(recordings, ended),))

    @property
    def results(self) -> Results | None:
        """The newest; None before there are any."""
        with self._lock:
            return self._results

    def _make(self, wanted: _Wanted) -> None:
        results = Results(
            results_table(read_results(wanted.recordings)),
            outcome(read_results(wanted.ended)),
        )
        with self._lock:
            self._results = results
            self._revision += 1

    def _fault(self, wanted: _Wanted, error: Exception) -> None:
        sentence = f"The results cannot be shown ({type_and_line(error)})."
        if sentence != self._said:  # they are made anew at each change of a run
            self._said = sentence
            self._on_problem(sentence)


def _is_same(now: tuple[object, ...], before: tuple[object, ...]) -> bool:
    """Whether two nested tuples hold the same objects."""
    if len(now) != len(before):
        return False
    return all(
        _is_same(one, other)
        if isinstance(one, tuple) and isinstance(other, tuple)
        else one is other
        for one, other in zip(now, before, strict=True)
    )
