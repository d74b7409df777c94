"""One launch of the window, in a process of its own, for :mod:`symmviz.benchmarks.start`.

Run with the time of the launch, a folder to record in, and when Start is pressed. Prints one line
of JSON.
"""

import faulthandler
import gc
import json
import os
import sys
import time
from pathlib import Path

BARE, AT_ONCE, SOON, WARM = "bare", "at once", "soon", "warm"
"""A window of Qt's with nothing in it; Start is pressed at the first paint; a second later, as
somebody would who looks before; once all is loaded."""

_POLL_MS = 5
_SECONDS_TO_LOOK = 1.0


def main(launched_at: float, folder: Path, press: str) -> None:
    """Launch, press Start, print when what was seen, in seconds, and end the process."""
    from symmcore.processes import leave_out_current_folder, let_idle_threads_sleep

    leave_out_current_folder()
    let_idle_threads_sleep()
    faulthandler.enable()
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    # the user's own settings are not to remember where this window was
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder))
    app = QApplication(sys.argv[:1])
    if press == BARE:
        _show_bare(app, launched_at)
    else:
        _show(app, launched_at, folder, press)


def _show_bare(app: object, launched_at: float) -> None:
    from PySide6.QtWidgets import QApplication, QMainWindow

    window = QMainWindow()
    window.resize(1280, 800)
    window.show()
    window.repaint()
    QApplication.processEvents()
    _say({"painted": time.time() - launched_at})


def _show(app: object, launched_at: float, folder: Path, press: str) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    gc.disable()  # as the command does
    from symmviz.app import collect_what_comes, launch

    application = QApplication.instance()
    assert isinstance(application, QApplication), "made just now"
    seen: dict[str, object] = {}
    pressed = painted_at = 0.0
    timer = QTimer()
    timer.setInterval(_POLL_MS)

    def on_painted() -> None:
        nonlocal painted_at
        painted_at = time.time()
        seen["painted"] = painted_at - launched_at
        seen["torch_before"] = "torch" in sys.modules
        QTimer.singleShot(0, timer, timer.start)  # after what else begins now

    def poll() -> None:
        nonlocal pressed
        if not pressed:
            if press == WARM and not launched.session.warm:
                return
            if press == SOON and time.time() < painted_at + _SECONDS_TO_LOOK:
                return
            pressed = time.time()
            window.start_page.set_runs_folder(folder)
            launched.controller.start(compare=True)
        elif window.page is window.watch_page and window.watch_page.scatter(0).positions:
            window.watch_page.scatter(0).viewport().repaint()
            seen["picture"] = time.time() - pressed
            timer.stop()
            launched.session.close(0)
            _say(seen)

    launched = launch(application, on_painted=on_painted)
    launched.controller.page_maker.made.connect(collect_what_comes)
    window = launched.window
    timer.timeout.connect(poll)
    application.exec()


def _say(seen: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(seen) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
