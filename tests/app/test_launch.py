"""The window as a process of its own: what is loaded when, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_TIMEOUT = 120

_IMPORTED_AT_FIRST_PAINT = """
if __name__ == "__main__":
    import sys
    from PySide6.QtWidgets import QApplication
    from symmviz.app import launch
    app = QApplication([])
    parts = launch(app)
    parts.window.painted.disconnect()  # from the session, which imports torch then
    parts.window.painted.connect(app.quit)
    app.exec()
    slow = {"pyqtgraph", "torch", "numba", "scipy", "sklearn", "pydoc"}
    assert not slow & sys.modules.keys(), slow & sys.modules.keys()
    parts.session.close(10)
    import symmviz.run_pages  # as is done behind the Start page
    assert "scipy" not in sys.modules
    print("painted")
"""

_TRAIN_AND_WAIT = """
if __name__ == "__main__":
    import gc, sys
    gc.disable()  # as the command does, until all pages are made
    import symmviz.app as app
    from PySide6.QtCore import QTimer
    original = app.launch
    def launch(application, *arguments, **named):
        parts = original(application, *arguments, **named)
        if sys.argv[1] != "idle":
            parts.window.start_page.set_settings({"steps": 100_000})
            parts.controller.start(compare=True)
        timer = QTimer(parts.window)
        def look():
            status = parts.controller.status
            has_trained = status is not None and status.step >= 12
            if gc.isenabled() and (sys.argv[1] == "idle" or has_trained):
                timer.stop()
                print("there", flush=True)
        timer.timeout.connect(look)
        timer.start(20)
        return parts
    app.launch = launch
    app.run_window()
"""

# Ctrl-C while Qt is imported, which makes another exception of it.
_INTERRUPTED_EARLY = """
import signal
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "symmviz.app":
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                raise AttributeError("QValidator has no State")

sys.meta_path.insert(0, Interrupting())
from symmviz.cli import main

sys.exit(main([]))
"""


def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
    }


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "script.py"
    path.write_text(text)
    return str(path)


def test_the_window_paints_before_what_is_slow_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, script(tmp_path, _IMPORTED_AT_FIRST_PAINT)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.stdout == "painted\n", done.stderr


def test_ctrl_c_before_there_is_a_window(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, script(tmp_path, _INTERRUPTED_EARLY)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("moment", ["idle", "training"])
def test_ending_the_process_keeps_what_was_recorded(tmp_path: Path, moment: str) -> None:
    process = subprocess.Popen(
        [sys.executable, script(tmp_path, _TRAIN_AND_WAIT), moment],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    recorded = list(tmp_path.glob("**/metrics.jsonl"))
    assert len(recorded) == (0 if moment == "idle" else 2)
    for path in recorded:
        kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
        assert kinds.count("step") >= 12
    assert not list(tmp_path.glob("**/*.part"))
