"""Writes what is exported from the window, on a thread of its own."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from symmcore.errors import InputError, type_and_line
from symmcore.progress import Progress
from symmcore.runs import Recording
from symmviz.services.executors import shut_down
from symmviz.services.faults import report_fault

if TYPE_CHECKING:
    from symmcore.export.options import ExportOptions  # whose package takes long to import
    from symmviz.exporting.figure8 import DrawnFigure
    from symmviz.exporting.request import ExportRequest


@dataclass(frozen=True, slots=True)
class ExportState:
    """How an export stands.

    Attributes:
        path: what is written.
        progress: how far it is; None before it says so.
        ended: whether nothing more happens.
        error: why nothing was written; empty where it was, or the export was cancelled.
        cancelled: whether it was cancelled.
        exists: whether nothing was written as there is something already.
    """

    path: Path
    progress: Progress | None = None
    ended: bool = False
    error: str = ""
    cancelled: bool = False
    exists: bool = False


class _CancelledError(Exception):
    """The user wants no export any more."""


class Drawing:
    """A figure that is being drawn.

    Attributes:
        progress: how far it is; None before it says so.
        cancelled: set once nobody wants it any more.
    """

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.cancelled = threading.Event()

    def say(self, progress: Progress) -> None:
        """Take how far it is; raises if it was cancelled."""
        if self.cancelled.is_set():
            raise _CancelledError
        self.progress = progress


class Exports:
    """Writes one export at a time.

    Threads: one for each export, until it has ended, and one that draws figures to be looked at,
    from the first of them on; :meth:`close` cancels and joins them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._state: ExportState | None = None
        self._drawer = ThreadPoolExecutor(1, thread_name_prefix="symmviz-figure")
        self._drawing: Drawing | None = None

    @property
    def figure_progress(self) -> Progress | None:
        """How far the newest figure is; None before it says so."""
        return None if self._drawing is None else self._drawing.progress

    def cancel_figure(self) -> None:
        """End the drawing under way, soon."""
        if self._drawing is not None:
            self._drawing.cancelled.set()

    def draw_figure(
        self, recordings: tuple[Recording, ...], options: "ExportOptions"
    ) -> "Future[DrawnFigure]":
        """Draw frames of runs: see :func:`symmviz.exporting.figure8.draw_figure8`.

        The one before is cancelled.
        """
        self.cancel_figure()
        self._drawing = Drawing()
        return self._drawer.submit(_draw, recordings, options, self._drawing)

    def start(self, request: "ExportRequest") -> None:
        """Begin an export, once the last one has ended."""
        if self._thread is not None:
            state = self.state
            if state is not None and not state.ended:
                return
            self._thread.join()  # it is returning
        self._cancelled.clear()
        self._set(ExportState(request.path))
        self._thread = threading.Thread(
            target=self._run, args=(request,), name="symmviz-export", daemon=True
        )
        self._thread.start()

    @property
    def state(self) -> ExportState | None:
        """How the newest export stands; None before the first."""
        with self._lock:
            return self._state

    def cancel(self) -> None:
        """End the export under way, soon; nothing of it is left."""
        self._cancelled.set()

    def close(self, timeout: float) -> bool:
        """Cancel, and end the threads; whether they have ended within ``timeout`` seconds."""
        self.cancel()
        self.cancel_figure()
        deadline = time.monotonic() + timeout
        drawn = shut_down((self._drawer,), timeout)  # a figure ends with the frame that it reads
        if self._thread is None:
            return drawn
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return drawn and not self._thread.is_alive()

    def _run(self, request: "ExportRequest") -> None:
        from symmviz.exporting import (
            OutputExistsError,
            export,
        )  # imports Pillow, which the window does not wait for

        error, cancelled, exists = "", False, False
        try:
            export(
                request.kind,
                request.recordings,
                request.path,
                request.options,
                self._on_progress,
                overwrite=request.overwrite,
            )
        except _CancelledError:
            cancelled = True
        except InputError as wrong:
            error, exists = str(wrong), isinstance(wrong, OutputExistsError)
        except Exception as fault:  # noqa: BLE001 - said in the window, whatever it was
            report_fault(fault)
            error = f"{request.path} was not written ({type_and_line(fault)})."
        self._set(ExportState(request.path, None, True, error, cancelled, exists))

    def _on_progress(self, progress: Progress) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        self._set(ExportState(self._path(), progress))

    def _path(self) -> Path:
        with self._lock:
            assert self._state is not None, "it has begun"
            return self._state.path

    def _set(self, state: ExportState) -> None:
        with self._lock:
            self._state = state


def _draw(
    recordings: tuple[Recording, ...], options: "ExportOptions", drawing: Drawing
) -> "DrawnFigure":
    # By name: it imports Qt, of which services know nothing.
    draw = import_module("symmviz.exporting.figure8").draw_figure8
    figure: DrawnFigure = draw(recordings, options, drawing.say)
    return figure
