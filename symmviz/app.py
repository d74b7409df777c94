"""Runs the window from launch to the end of the process."""

import os
import signal
import sys
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from symmviz.controller import Controller
from symmviz.session import Session
from symmviz.settings import Settings
from symmviz.views.main_window import MainWindow
from symmviz.views.start_page import StartPage
from symmviz.views.theme import apply_appearance

# How long a training step may go on after the window has gone.
_LAST_STEP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Launched:
    """The parts of a running window."""

    window: MainWindow
    session: Session
    controller: Controller


def launch(app: QApplication) -> Launched:
    """Show the window; what is slow to load is loaded once it has painted."""
    settings = Settings()
    app.setStyle("Fusion")
    apply_appearance(app, settings.appearance)
    window = MainWindow(StartPage(settings.runs_folder), settings.appearance)
    session = Session()
    controller = Controller(app, window, session)
    window.resize(1280, 800)
    if settings.geometry is not None:
        window.restoreGeometry(settings.geometry)
    window.painted.connect(session.open)
    window.show()
    return Launched(window, session, controller)


def run_window() -> int:
    """Open the window and return the exit status once it was closed."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("symmviz")
    app.setApplicationDisplayName("symmviz")
    launched = launch(app)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.quit())
    # Python handles a signal between two of its own instructions: give it some.
    awake = QTimer()
    awake.start(200)
    awake.timeout.connect(lambda: None)
    status = app.exec()
    launched.window.hide()
    if not launched.session.close(_LAST_STEP_SECONDS):
        # A step, or torch's import, goes on and cannot be interrupted; everything recorded
        # is on disk. Leaving normally would wait for that thread.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
