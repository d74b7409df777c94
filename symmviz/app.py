"""Runs the window from launch to the end of the process."""

import contextlib
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from symmcore.folders import remove_temporary_cache_folder
from symmcore.projection.methods import default_method
from symmviz.controller import Controller
from symmviz.model.workspace import Selection
from symmviz.services.preferences import Settings
from symmviz.services.session import Session
from symmviz.user_warnings import say_on_stderr, show_warnings
from symmviz.views.start.page import StartPage
from symmviz.views.style.theme import apply_appearance
from symmviz.views.window.main_window import MainWindow
from symmviz.views.window.window_size import place_window

# How long a training step may go on after the window has gone.
_LAST_STEP_SECONDS = 10.0
_TORCH_LATER_MS = 2000
# A thread that waits for Python's lock is given it after this time, ten times as soon as by
# default: the window waits for less long while a thread behind it reads, searches or sorts.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Launched:
    """The parts of a running window."""

    window: MainWindow
    session: Session
    controller: Controller


def launch(
    app: QApplication,
    runs: tuple[Path, ...] = (),
    images: Path | None = None,
    on_painted: Callable[[], None] = lambda: None,
    selection: Selection | None = None,
) -> Launched:
    """Show the window; what is slow to load in this process is loaded once it has painted.

    Args:
        app: the application.
        runs: folders of runs or comparisons to show.
        images: a folder of images to choose on the Start page.
        selection: images of the runs that are selected; None for none.
        on_painted: called once the window has painted, before anything is begun in this process.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = Settings()
    app.setStyle("Fusion")
    apply_appearance(app, settings.appearance)
    session = Session()
    if not runs:  # else they are to be seen before torch takes a core for seconds
        session.open_training()
    window = MainWindow(StartPage(settings.runs_folder), settings.appearance)
    controller = Controller(app, window, session)
    controller.workspace.display = replace(controller.workspace.display, method=default_method())
    place_window(window, settings.geometry)
    window.painted.connect(on_painted)
    window.painted.connect(controller.page_maker.start)
    if runs:
        window.painted.connect(session.open_projections)
        later = partial(QTimer.singleShot, _TORCH_LATER_MS, window, session.open)
        controller.page_maker.made.connect(later)
    else:
        controller.page_maker.made.connect(session.open)
    if images is not None:
        window.start_page.set_dataset(f"folder:{images}")
    if runs:
        controller.open(runs, selection)
    controller.list_runs()
    window.show()
    return Launched(window, session, controller)


def collect_what_comes() -> None:
    """Collect garbage, but never among what is there: it stays, and to look takes long."""
    gc.freeze()
    gc.enable()


def run_window(
    runs: tuple[Path, ...] = (), images: Path | None = None, selection: Selection | None = None
) -> NoReturn:
    """Open the window, and end the process once it was closed; see :func:`launch`.

    Garbage is collected from when the pages are made, if it was not before.
    """
    # a crash in a library written in C says where it was, where there is a file to say it in
    with contextlib.suppress(AttributeError, RuntimeError, OSError):
        faulthandler.enable()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("symmviz")
    app.setApplicationDisplayName("symmviz")
    launched = launch(app, runs, images, selection=selection)
    launched.controller.page_maker.made.connect(collect_what_comes)

    def say(sentence: str) -> None:
        say_on_stderr(sentence)
        launched.session.note(sentence)

    show_warnings(say)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: launched.window.close_without_asking())
    # Python handles a signal between two of its own instructions: give it some.
    awake = QTimer()
    awake.start(200)
    awake.timeout.connect(lambda: None)
    status = app.exec()
    launched.session.close(_LAST_STEP_SECONDS)
    # Everything recorded is on disk, and every thread and process has ended, but for a step
    # or torch's import, which cannot be interrupted and which leaving normally would wait
    # for. Tearing torch and Qt down takes another second and gains nothing.
    remove_temporary_cache_folder()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
