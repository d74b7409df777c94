"""Finds what happened from each recorded frame of the runs to the next, off the GUI thread."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from symmcore.blas_threads import limited_blas_threads
from symmcore.byte_cache import ByteCache
from symmcore.errors import InputError, type_and_line
from symmcore.projection.neighbours import EXACT_UP_TO
from symmcore.runs import Recording
from symmviz.model.map.events import Event
from symmviz.model.map.frame_changes import Neighbourhood, find_events, neighbourhood
from symmviz.model.retrieval.query import Split
from symmviz.services.faults import ignore_problem
from symmviz.services.request_thread import RequestedAnswers

MOST_FRAMES = 200
"""Of each run so many of the newest frames are compared with the one before."""
_BYTES = 32 * 2**20
_ENTRIES = 64
_Images = tuple[str, Split]  # key of a run, and whose images are compared


@dataclass(frozen=True, slots=True)
class FramePair:
    """Two frames of a run, one after the other, and whose images are compared."""

    key: str
    since: int
    step: int
    split: Split


def frame_pairs(recording: Recording) -> tuple[tuple[int, int], ...]:
    """The steps of each two frames of a run that are compared, the newest first."""
    steps = recording.state.frame_steps[-MOST_FRAMES - 1 :]
    return tuple(pairwise(steps))[::-1]


class EventFinder(RequestedAnswers[tuple[FramePair, Recording, int]]):
    """Compares frames; what was found is kept until other runs are shown.

    Threads: one, from the first wish to :meth:`close`. It takes one core at most.

    Args:
        on_problem: told in a sentence what could not be compared; on the thread.
    """

    def __init__(self, on_problem: Callable[[str], None] = ignore_problem) -> None:
        self._on_problem = on_problem
        super().__init__("symmviz-events", self._find, self._fault)
        self._near: ByteCache[tuple[str, int, Split], Neighbourhood] = ByteCache(_BYTES, _ENTRIES)
        # The lock guards all of these.
        self._found: dict[_Images, dict[tuple[int, int], tuple[Event, ...]]] = {}
        self._refused: set[_Images] = set()
        self._epoch = 0

    def refuses(self, recordings: tuple[Recording, ...], split: Split) -> bool:
        """Whether one of these runs watches more images than are compared each with each."""
        with self._lock:
            return any((one.key, split) in self._refused for one in recordings)

    def is_behind(self, recordings: tuple[Recording, ...], split: Split) -> bool:
        """Whether frames of these runs are still to be compared."""
        with self._lock:
            return any(True for one in recordings for _ in self._unknown(one, split))

    def request(self, recordings: tuple[Recording, ...], split: Split) -> None:
        """Compare the frames of these runs, the newest first, as far as they were not."""
        with self._lock:
            wanted = [
                (FramePair(one.key, *steps, split), one, self._epoch)
                for one in recordings
                for steps in self._unknown(one, split)
            ]
        wanted.sort(key=lambda one: -one[0].step)
        self._thread.request(tuple(wanted))

    def found(self, recording: Recording, split: Split) -> tuple[Event, ...]:
        """What happened in a run as far as it is known, the newest first."""
        with self._lock:
            known = self._found.get((recording.key, split), {})
            return tuple(event for pair in frame_pairs(recording) for event in known.get(pair, ()))

    def clear(self) -> None:
        """Forget what was found: other runs are shown, or one goes on from an earlier step."""
        self._thread.request(())
        with self._lock:
            self._epoch += 1
            self._revision += 1
            self._found.clear()
            self._refused.clear()
        self._near.clear()

    def _unknown(self, recording: Recording, split: Split) -> Iterator[tuple[int, int]]:
        """The steps of each two frames that are still to be compared; the lock is held."""
        known = self._found.get((recording.key, split), {})
        return (steps for steps in frame_pairs(recording) if steps not in known)

    def _find(self, wanted: tuple[FramePair, Recording, int]) -> None:
        pair, recording, epoch = wanted
        with self._lock:
            known = self._found.get((pair.key, pair.split), {})
            if (pair.since, pair.step) in known or epoch != self._epoch:
                return  # it was wanted again while it was under way
        events: tuple[Event, ...] = ()
        try:
            now, before = (
                self._neighbourhood(recording, step, pair.split, epoch)
                for step in (pair.step, pair.since)
            )
        except (InputError, LookupError, OSError):
            pass  # what is wrong with the frame is said where it is shown
        else:
            events = find_events(before, now, pair.since, pair.step)
        self._keep(recording, pair, events, epoch)

    def _neighbourhood(
        self, recording: Recording, step: int, split: Split, epoch: int
    ) -> Neighbourhood:
        name = recording.key, step, split
        known = self._near.get(name)
        if known is not None:
            return known
        frame = recording.frame(step)
        images = (frame.train if split is Split.TRAIN else frame.test).points
        if len(images.samples) > EXACT_UP_TO:
            with self._lock:
                self._refused.add((recording.key, split))
            raise LookupError("too many images to compare each with each")
        with limited_blas_threads(1):  # a training has need of the cores, too
            near = neighbourhood(images)
        with self._lock:
            if epoch == self._epoch:
                self._near.put(name, near, near.size)
        return near

    def _keep(
        self, recording: Recording, pair: FramePair, events: tuple[Event, ...], epoch: int
    ) -> None:
        with self._lock:
            if epoch == self._epoch:
                known = self._found.setdefault((pair.key, pair.split), {})
                known[pair.since, pair.step] = events
                self._revision += 1
                if len(known) > 2 * MOST_FRAMES:  # those of frames that are no longer compared
                    compared = frame_pairs(recording)
                    for gone in set(known).difference(compared):
                        del known[gone]

    def _fault(self, wanted: tuple[FramePair, Recording, int], error: Exception) -> None:
        """Remember that the frames cannot be compared, whatever was raised, and say so."""
        pair, recording, epoch = wanted
        self._keep(recording, pair, (), epoch)
        self._on_problem(
            f"What happened up to step {pair.step} of {recording.folder} is not known "
            f"({type_and_line(error)})."
        )
