"""Writes the thumbnails of a run, on a thread of its own."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from symmcore.runs.formats import files
from symmcore.runs.formats.layout import SAFETENSORS, THUMBNAILS
from symmcore.runs.formats.thumbnails import ImageSource, ThumbnailFiles, chunk_bytes, encode

_CHUNK = 2048
_FIRST_CHUNK = 256  # soon there, for who looks at a run that has just begun
_SECONDS_BETWEEN_TRIES = 2.0
_IDLE_SHARE = 2.0  # seconds of rest for each of work, so that training has its core


class ThumbnailWriter:
    """Codes the images of a run and keeps them in its directory.

    The thread is started by :meth:`start` and ends when all are written, or with :meth:`close`.
    """

    def __init__(
        self,
        run: Path,
        images: ImageSource,
        samples: Sequence[int],
        on_error: Callable[[OSError | None], None],
        on_unreadable: Callable[[int, Exception], None],
    ) -> None:
        """Prepare; nothing is read before :meth:`start`.

        Args:
            run: the run directory.
            images: where the images are.
            samples: positions of the images, those first that are wanted first. Those whose
                thumbnail is there already are left out.
            on_error: told, on the thread, when writing fails, and None when it works again.
            on_unreadable: told, on the thread, which image cannot be read, and why.
        """
        self._run = run
        self._images = images
        self._samples = samples
        self._on_error = on_error
        self._on_unreadable = on_unreadable
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._write, name="thumbnails", daemon=True)

    def start(self) -> None:
        """Start the thread; once."""
        self._thread.start()

    def finish(self, timeout: float) -> bool:
        """Let it work without rests, and wait for it a while; returns whether it is done."""
        self._hurry.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End the thread and wait for it: no longer than one image and one write take."""
        self._hurry.set()
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        there = ThumbnailFiles(self._run).samples()
        missing = [sample for sample in dict.fromkeys(self._samples) if sample not in there]
        first = self._next_number()
        size, begin, number = _FIRST_CHUNK, 0, first
        while begin < len(missing) and not self._stop.is_set():
            chunk = self._coded(missing[begin : begin + size])
            if chunk:
                self._save(number, chunk_bytes(chunk))
            begin += size
            number += 1
            size = _CHUNK

    def _next_number(self) -> int:
        names = (self._run / THUMBNAILS).glob(f"[0-9]*{SAFETENSORS}")
        return 1 + max((int(path.stem) for path in names if path.stem.isdecimal()), default=-1)

    def _coded(self, samples: Sequence[int]) -> list[tuple[int, bytes]]:
        chunk = []
        for sample in samples:
            if self._stop.is_set():
                break
            began = time.perf_counter()
            try:
                chunk.append((sample, encode(self._images.read(sample))))
            except Exception as error:  # noqa: BLE001 - whatever the images are
                self._on_unreadable(sample, error)
            if not self._hurry.is_set():
                self._hurry.wait(_IDLE_SHARE * (time.perf_counter() - began))
        return chunk

    def _save(self, number: int, content: bytes) -> None:
        folder = self._run / THUMBNAILS
        failed = False
        while True:
            try:
                folder.mkdir(exist_ok=True)
                files.write_whole(folder / f"{number:04d}{SAFETENSORS}", content)
            except OSError as error:
                failed = True
                self._on_error(error)
            else:
                if failed:
                    self._on_error(None)
                return
            if self._stop.wait(_SECONDS_BETWEEN_TRIES):
                return
