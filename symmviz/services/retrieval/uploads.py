"""Images from elsewhere: embedded by the networks of the runs that are shown, and searched."""

import itertools
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
from PIL import Image

from symmcore.byte_cache import ByteCache
from symmcore.data.images.decoding import decode_image, fitting_size, upright_size
from symmcore.data.images.store import ImageArray
from symmcore.errors import one_line, type_and_line
from symmcore.processes import CallError
from symmcore.records import FloatArray
from symmcore.runs import Recording
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval.query import RunNeighbours, Split, Upload
from symmviz.services.faults import report_unexpected
from symmviz.services.request_thread import RequestedAnswers
from symmviz.services.retrieval.embed_request import EmbedJob, embed_in_subprocess
from symmviz.services.retrieval.search_index import NotSearchedError, SearchIndex

_RESULTS = 512
_EMBEDDINGS = 2048

_Wanted = tuple[SearchTarget, Recording]
_Batch = tuple[tuple[_Wanted, ...], int]
"""Searches, and how often all was forgotten before they were wanted."""
_EmbeddingKey = tuple[int, str, int]


class Uploads(RequestedAnswers[_Batch]):
    """Takes images, embeds them in a process of its own, and searches recordings for them.

    Threads: one, from the first search to :meth:`close`; the process ends with each batch.
    """

    def __init__(self, index: Callable[[Recording, int, Split], SearchIndex]) -> None:
        """Prepare.

        Args:
            index: gives the index of a run's frame, on any thread.
        """
        self._index = index
        super().__init__("symmviz-uploads", self._search, self._fault)
        self._results: ByteCache[SearchTarget, RunNeighbours | str] = ByteCache(2**20, _RESULTS)
        self._embeddings: ByteCache[_EmbeddingKey, FloatArray | str] = ByteCache(2**26, _EMBEDDINGS)
        # The lock guards all of these.
        self._sources: dict[int, Path | ImageArray] = {}
        self._numbers = itertools.count()
        self._wanted: frozenset[SearchTarget] = frozenset()
        self._epoch = 0

    def add_files(self, paths: tuple[Path, ...]) -> tuple[Upload, ...]:
        """Take image files; whether they are any is seen when they are read."""
        return tuple(self._add(path.name, path, path) for path in paths)

    def add_pixels(self, pixels: ImageArray) -> Upload:
        """Take an image that is no file: (H, W, 3) uint8."""
        return self._add("Pasted image", pixels, None)

    def keep_only(self, numbers: frozenset[int]) -> None:
        """Forget the images that are no longer listed."""
        with self._lock:
            self._sources = {at: one for at, one in self._sources.items() if at in numbers}

    def read(self, number: int, side: int) -> ImageArray:
        """An upload's picture, which fits a square of ``side`` pixels: (H, W, 3) uint8.

        Raises:
            LookupError: if there is no such upload.
            DecodeError: if it cannot be decoded.
        """
        source = self._source(number)
        if isinstance(source, Path):
            return decode_image(source, *fitting_size(upright_size(source), side))
        height, width = fitting_size(source.shape[:2], side)
        return np.asarray(Image.fromarray(source).resize((width, height)))

    def request(
        self, targets: tuple[SearchTarget, ...], recordings: Mapping[str, Recording]
    ) -> None:
        """Make these searches, and give up all others."""
        new = tuple(target for target in targets if self._results.get(target) is None)
        with self._lock:
            self._wanted = frozenset(new)
            epoch = self._epoch
        batch = tuple((target, recordings[target.key]) for target in new)
        self._thread.request(((batch, epoch),) if batch else ())

    def found(self, target: SearchTarget) -> RunNeighbours | str | None:
        """What a search has found, why it failed, or None while it has not been made."""
        return self._results.get(target)

    def clear(self) -> None:
        """Forget what was found: other runs are shown, which may have the same keys."""
        self.request((), {})
        with self._lock:
            self._epoch += 1
            self._results.clear()
            self._embeddings.clear()

    def close(self, timeout: float) -> bool:
        """End the thread and its process; whether they have ended in time."""
        with self._lock:
            self._wanted = frozenset()
        return self._thread.close(timeout)

    def _add(self, name: str, source: Path | ImageArray, path: Path | None) -> Upload:
        with self._lock:
            number = next(self._numbers)
            self._sources[number] = source
        return Upload(number, name, path)

    def _search(self, wanted: _Batch) -> None:
        batch, epoch = wanted
        missing = [one for one in batch if self._results.get(one[0]) is None]
        try:
            self._embed([one for one in missing if self._embedding(one[0]) is None], epoch)
            for target, recording in missing:
                self._keep(target, self._result(target, recording), epoch)
        except CancelledError:
            pass
        finally:
            with self._lock:
                self._revision += 1

    def _fault(self, wanted: _Batch, error: Exception) -> None:
        batch, epoch = wanted
        for target, _ in batch:
            self._keep(target, f"The search failed ({type_and_line(error)}).", epoch)
        with self._lock:
            self._revision += 1

    def _keep(self, target: SearchTarget, result: RunNeighbours | str, epoch: int) -> None:
        with self._lock:
            if epoch == self._epoch:  # else all was forgotten while it was under way
                self._results.put(target, result, 1)

    def _embed(self, missing: list[_Wanted], epoch: int) -> None:
        """Embed images where that was not done before.

        Raises:
            CancelledError: if nobody wants them any more.
        """
        if not missing:
            return
        targets = frozenset(target for target, _ in missing)

        def poll() -> None:
            with self._lock:
                if not targets & self._wanted:
                    raise CancelledError

        found: list[FloatArray | str]
        try:
            found = self._embedded(missing, poll)
        except (CallError, LookupError, OSError) as error:
            found = [f"The image could not be embedded: {one_line(error)}."] * len(missing)
        with self._lock:
            if epoch != self._epoch:
                raise CancelledError
            for (target, _), embedding in zip(missing, found, strict=True):
                size = 1 if isinstance(embedding, str) else embedding.nbytes
                self._embeddings.put(_key(target), embedding, size)

    def _embedded(self, missing: list[_Wanted], poll: Callable[[], None]) -> list[FloatArray | str]:
        # Nothing is lost where what was exchanged cannot be removed.
        with tempfile.TemporaryDirectory(prefix="symmviz-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            jobs = [
                EmbedJob(recording.folder, target.step, self._file(target, folder))
                for target, recording in missing
            ]
            return embed_in_subprocess(jobs, folder, poll)

    def _file(self, target: SearchTarget, folder: Path) -> Path:
        """An upload's file; one is made of a pasted image."""
        source = self._source(_number(target))
        if isinstance(source, Path):
            return source
        path = folder / f"{_number(target)}.png"
        if not path.exists():
            Image.fromarray(source).save(path, compress_level=1)
        return path

    def _source(self, number: int) -> Path | ImageArray:
        with self._lock:
            source = self._sources.get(number)
        if source is None:
            raise LookupError("it is no longer listed: open or paste it again")
        return source

    def _embedding(self, target: SearchTarget) -> FloatArray | str | None:
        return self._embeddings.get(_key(target))

    def _result(self, target: SearchTarget, recording: Recording) -> RunNeighbours | str:
        embedding = self._embedding(target)
        if embedding is None or isinstance(embedding, str):
            return embedding or "The image could not be embedded."
        try:
            index = self._index(recording, target.step, target.query.split)
            return index.find_embedding(embedding, target.count)
        except NotSearchedError as error:
            return f"Not searched: {error}."
        except Exception as error:  # noqa: BLE001 - the other runs' rows are none the worse
            report_unexpected(error)
            return f"The search failed ({type_and_line(error)})."


def _number(target: SearchTarget) -> int:
    assert isinstance(target.query, Upload), "queries of the dataset are searched elsewhere"
    return target.query.number


def _key(target: SearchTarget) -> _EmbeddingKey:
    return _number(target), target.key, target.step
