"""Reads what is shown of recordings, and what is likely to be shown next, on its own thread."""

from collections.abc import Callable, Mapping
from functools import partial

from symmcore.byte_cache import ByteCache
from symmcore.errors import InputError, type_and_line
from symmcore.records import EmbeddedSet, ImageFiles, PickedPairs, Projection
from symmcore.runs import Recording
from symmcore.runs.reading.memory import projection_size
from symmviz.model.loaded import (
    LivePicture,
    RunImages,
    Shares,
    ShareTarget,
    SplitImages,
    Verdicts,
    run_images,
)
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.retrieval.query import Split
from symmviz.services.faults import ignore_problem
from symmviz.services.frames.facts import FrameFacts, FramePart, FrameWanted
from symmviz.services.request_thread import RequestedAnswers

_BYTES = 64 * 2**20
_ENTRIES = 96

_Files = tuple[object, ...]
"""What files a run has of frames, galleries and projections."""


class FrameLoader(RequestedAnswers[tuple[FrameWanted, int]]):
    """What was read of the recordings: see :class:`symmviz.model.loaded.Loaded`.

    Of a frame only what is drawn is kept: where its points lie, and once a run, which images
    they are. The newest wish counts; what is kept is bounded in bytes.

    Threads: one, from the first wish to :meth:`close`.

    Args:
        on_problem: told in a sentence, once, what cannot be read but for the frames themselves, of
            which :meth:`failure` tells; on the thread.
    """

    def __init__(self, on_problem: Callable[[str], None] = ignore_problem) -> None:
        self._on_problem = on_problem
        super().__init__("symmviz-frames", self._load, self._fault)
        self._projections: ByteCache[tuple[str, str, int], Projection] = ByteCache(_BYTES, _ENTRIES)
        self._facts = FrameFacts()
        self._images: dict[str, RunImages] = {}
        self._galleries: dict[str, tuple[bool, SplitImages]] = {}
        self._files: dict[str, ImageFiles | None] = {}
        self._failures: dict[tuple[str, int], str] = {}
        self._unusable: Mapping[str, str] = {}
        self._failed: dict[FrameWanted, _Files] = {}
        self._said: set[str] = set()
        self._missing: set[tuple[str, str, int]] = set()
        self._live: dict[tuple[str, str, Split], LivePicture] = {}
        # What was wanted before something was forgotten is not kept.
        self._epoch = self._loading = 0

    def request(self, wanted: tuple[FrameWanted, ...]) -> None:
        """Read these, in this order, as far as they are not in memory."""
        with self._lock:
            epoch = self._epoch
        self._thread.request(tuple((one, epoch) for one in wanted if not self._has(one)))

    def images(self, key: str) -> RunImages | None:
        """The images that a run watches, once one of its frames was read."""
        with self._lock:
            return self._images.get(key)

    def gallery(self, key: str) -> SplitImages | None:
        """The images among which a run's test queries are searched."""
        with self._lock:
            known = self._galleries.get(key)
        return None if known is None else known[1]

    def files(self, key: str) -> ImageFiles | None:
        """The files of a run's images, where they are known."""
        with self._lock:
            return self._files.get(key)

    def projection(self, key: str, method: str, step: int) -> Projection | None:
        """A run's projection at a step, if it is in memory."""
        return self._projections.get((key, method, step))

    def live(self, key: str, method: str, split: Split) -> LivePicture | None:
        """Where the points of a run's split are on the screen, if they move or did."""
        with self._lock:
            return self._live.get((key, method, split))

    def verdicts(self, key: str, step: int) -> Verdicts | None:
        """Which images of a run were right at rank 1 after a step, where that was wanted."""
        return self._facts.verdicts(key, step)

    def picked(self, key: str, step: int) -> PickedPairs | None:
        """The pairs picked in the newest batch before a step, where they were wanted."""
        return self._facts.picked(key, step)

    def shares(self, target: ShareTarget) -> Shares | None:
        """What colours that are a scale say, where that was wanted."""
        return self._facts.shares(target)

    def cosines(self, key: str, step: int, split: Split) -> PairCosines | None:
        """The cosines of pairs of a split's images after a step, where they were wanted."""
        return self._facts.cosines(key, step, split)

    def put_live(self, key: str, split: Split, projection: Projection, note: str) -> None:
        """Keep where the points of a split are on the screen by now."""
        with self._lock:
            name = key, projection.method, split
            known = self._live.get(name)
            self._live[name] = (
                LivePicture(projection, note)
                if known is None
                else known.followed_by(projection, note)
            )
            self._failures.pop((key, projection.step), None)
            self._revision += 1

    def failure(self, key: str, step: int) -> str:
        """Why a run's frame or projection cannot be had; empty if nothing is known of that."""
        with self._lock:
            return self._failures.get((key, step), "")

    def unusable_methods(self) -> Mapping[str, str]:
        """By name, what each projection needs whose library could not be imported."""
        with self._lock:
            return self._unusable

    def put_unusable(self, method: str, remedy: str) -> None:
        """Remember what a projection method needs before it can be used."""
        with self._lock:
            self._unusable = {**self._unusable, method: remedy}
            self._revision += 1

    def put(self, key: str, projection: Projection) -> None:
        """Keep a projection that was made just now."""
        with self._lock:
            self._put(key, projection)
            self._revision += 1

    def fail(self, key: str, step: int, reason: str) -> None:
        """Remember why a frame cannot be shown."""
        with self._lock:
            self._failures[key, step] = reason
            self._revision += 1

    def keep_only(self, keys: frozenset[str]) -> None:
        """Forget the images of runs that are no longer shown."""
        with self._lock:
            self._epoch += 1
            self._images = {key: one for key, one in self._images.items() if key in keys}
            self._galleries = {key: one for key, one in self._galleries.items() if key in keys}
            self._files = {key: one for key, one in self._files.items() if key in keys}
            self._failures = {at: one for at, one in self._failures.items() if at[0] in keys}
            self._failed = {at: one for at, one in self._failed.items() if at.recording.key in keys}
            self._missing = {name for name in self._missing if name[0] in keys}
            self._live = {name: one for name, one in self._live.items() if name[0] in keys}

    def forget(self, key: str) -> None:
        """Forget a run that goes on from an earlier step: what came after will be other."""
        with self._lock:
            self._epoch += 1
            self._projections.clear()
            self._facts.clear()
            self._failures = {at: one for at, one in self._failures.items() if at[0] != key}
            self._failed = {at: one for at, one in self._failed.items() if at.recording.key != key}
            self._missing = {name for name in self._missing if name[0] != key}
            self._live = {name: one for name, one in self._live.items() if name[0] != key}

    def _has(self, wanted: FrameWanted) -> bool:
        key = wanted.recording.key
        with self._lock:
            failed = self._failed.get(wanted)
        if failed is not None and failed == _files(wanted.recording):
            return True  # it would fail again
        if wanted.part is not FramePart.POINTS and wanted.step is not None:
            return self._facts.has(wanted, wanted.step)
        with self._lock:
            if wanted.step is None:
                whole, _ = self._galleries.get(key, (False, None))
                return whole or (key in self._galleries and not _has_gallery(wanted.recording))
            name = key, wanted.method, wanted.step
            if key not in self._images:
                return (key, wanted.step) in self._failures
            if name in self._missing:
                return wanted.step not in _projected(wanted)
        return self._projections.get(name) is not None

    def _load(self, item: tuple[FrameWanted, int]) -> None:
        wanted, self._loading = item
        if self._has(wanted):
            return
        recording, step = wanted.recording, wanted.step
        try:
            if step is None:
                self._load_gallery(recording)
            elif wanted.part is not FramePart.POINTS:
                found = self._facts.find(wanted, step)
                if found is not None:
                    self._keep(found)
            else:
                self._load_frame(recording, wanted.method, step)
        except (InputError, LookupError, OSError) as error:
            self._fail(wanted, str(error))

    def _fault(self, item: tuple[FrameWanted, int], error: Exception) -> None:
        self._fail(item[0], type_and_line(error))

    def _fail(self, wanted: FrameWanted, reason: str) -> None:
        """Remember that something cannot be read, until the run has other files."""
        recording, step = wanted.recording, wanted.step

        def note() -> None:
            self._failed[wanted] = _files(recording)
            if step is not None and wanted.part is FramePart.POINTS:
                self._failures[recording.key, step] = reason

        if self._keep(note) and (step is None or wanted.part is not FramePart.POINTS):
            what = "All test images" if step is None else f"Step {step}"
            sentence = f"{what} of {recording.folder} cannot be shown: {reason.rstrip('.')}."
            if sentence not in self._said:
                self._said.add(sentence)
                self._on_problem(sentence)

    def _keep(self, store: Callable[[], None]) -> bool:
        """Keep what was read, and say so; not where all was forgotten meanwhile."""
        with self._lock:
            if self._loading != self._epoch:
                return False
            store()
            self._revision += 1
            return True

    def _load_frame(self, recording: Recording, method: str, step: int) -> None:
        key = recording.key
        if self.images(key) is None:
            images = run_images(recording.frame(step))
            self._keep(lambda: self._images.update({key: images}))
        projection = recording.projection(method, step)
        if projection is None:
            self._keep(lambda: self._missing.add((key, method, step)))
            return
        self._keep(partial(self._put, key, projection))

    def _put(self, key: str, projection: Projection) -> None:
        name = key, projection.method, projection.step
        self._projections.put(name, projection, projection_size(projection))
        self._missing.discard(name)
        self._failures.pop((key, projection.step), None)

    def _load_gallery(self, recording: Recording) -> None:
        if _has_gallery(recording):
            step = recording.state.gallery_steps[-1]
        elif recording.state.frame_steps:
            step = recording.state.frame_steps[-1]
        else:
            return
        is_whole = _has_gallery(recording)
        images = _split_images(recording.gallery(step))
        files = recording.image_files()

        def store() -> None:
            self._files[recording.key] = files
            self._galleries[recording.key] = is_whole, images

        self._keep(store)


def _files(recording: Recording) -> _Files:
    state = recording.state
    return state.frame_steps, state.gallery_steps, state.projection_steps


def _has_gallery(recording: Recording) -> bool:
    return bool(recording.state.gallery_steps)


def _projected(wanted: FrameWanted) -> tuple[int, ...]:
    return wanted.recording.state.projection_steps.get(wanted.method, ())


def _split_images(images: EmbeddedSet) -> SplitImages:
    return SplitImages(images.samples, images.labels, 0)
