"""Fixtures for tests with Qt: offscreen, private settings, and nothing left behind."""

import gc
import os
import sys
import threading
import traceback
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before any QApplication: a test opens no window on the developer's screen.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numba  # noqa: F401 - here: with a window's loops, what is there by then would stay
import pytest
from helpers_training_child import ThreadChild
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from symmcore.projection.base import PCA
from symmviz import app
from symmviz.app import Launched, launch
from symmviz.model.map.bounds import Bounds
from symmviz.services.preferences import Settings
from symmviz.services.training import child as training_child
from symmviz.views.map.scatter import EmbeddingScatter

_STARTED: "weakref.WeakKeyDictionary[object, str]" = weakref.WeakKeyDictionary()


def _where() -> str:
    """The innermost lines of this project, or of all where it has none, outermost first.

    Each wait of a test starts timers: the lines are not read from their files.
    """
    places = [
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_stack(sys._getframe(2))
    ]
    ours = [place for place in places if "symmviz" in place or "tests" in place]
    return "\n".join(reversed((ours or places)[:4]))


@pytest.fixture(scope="session")
def imported() -> set[str]:
    """Names of the modules that were there before an earlier test."""
    return set()


@pytest.fixture(autouse=True)
def kept_from_collections(imported: set[str]) -> None:
    """Have no collection look through what the tests before have imported: of torch it is much."""
    if not imported.issuperset(sys.modules):
        imported.update(sys.modules)
        gc.freeze()


@pytest.fixture(autouse=True)
def no_leaked_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a thread running, and say where it was started."""
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        _STARTED[thread] = _where()
        original(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    before = set(threading.enumerate())
    yield
    leaked = [thread for thread in threading.enumerate() if thread not in before]
    for thread in leaked:
        # one that is just returning is not left running
        thread.join(timeout=2)
    alive = [thread for thread in leaked if thread.is_alive()]
    assert not alive, "threads left running:\n" + "\n".join(
        f"{thread.name}, started at\n{_STARTED.get(thread, 'unknown')}" for thread in alive
    )


@pytest.fixture(autouse=True)
def no_leaked_timers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a QTimer running, and say where it was started."""
    started: list[tuple[weakref.ref[QTimer], str]] = []
    original = QTimer.start

    def start(timer: QTimer, *arguments: int) -> None:
        started.append((weakref.ref(timer), _where()))
        original(timer, *arguments)

    monkeypatch.setattr(QTimer, "start", start)
    yield
    if not started:
        return  # freeing takes longer than most tests
    _delete_deferred()
    running = []
    for reference, where in started:
        timer = reference()
        try:
            if timer is not None and timer.isActive():
                running.append(where)
        except RuntimeError:
            continue  # Qt has deleted it
    assert not running, "timers left running, started at\n" + "\n".join(running)


@pytest.fixture(autouse=True)
def no_leaked_windows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a top-level widget."""
    before = {id(widget) for widget in QApplication.topLevelWidgets()}

    def left() -> list[QWidget]:
        return [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before]

    yield
    if not left():
        return
    request.node.funcargs.clear()  # or pytest keeps the test's window from being freed
    _delete_deferred()
    assert not left(), f"top-level widgets left: {left()}"


@pytest.fixture(autouse=True)
def kept_widgets(
    no_leaked_timers: None, no_leaked_windows: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Keep a test's widgets until they are closed: one that is freed as it paints is a crash.

    The bot knows them by weak references alone, and processes events once more after the test,
    when nothing else may have them and garbage may be collected in the midst of a painting.
    """
    kept: list[QWidget] = []
    original = QtBot.addWidget

    def add(bot: QtBot, widget: QWidget, **arguments: Any) -> None:
        kept.append(widget)
        original(bot, widget, **arguments)

    monkeypatch.setattr(QtBot, "addWidget", add)
    yield
    kept.clear()


def _delete_deferred() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()  # pyqtgraph's menus have no parent but Python
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def training_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in this process, which has imported torch, and in which tests change what it does."""
    monkeypatch.setattr(training_child, "spawn_child", ThreadChild)


@pytest.fixture
def runs_folder(tmp_path: Path) -> Path:
    """Where the window keeps runs; its settings are this test's own."""
    QSettings.setPath(
        QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "settings")
    )
    folder = tmp_path / "runs"
    Settings().runs_folder = folder
    return folder


@pytest.fixture
def first_method() -> str:
    """Which projection the window begins with: one that projects at once."""
    return PCA


@pytest.fixture
def launched(
    qapp: QApplication,
    qtbot: QtBot,
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    first_method: str,
) -> Iterator[Launched]:
    """The real window, on its Start page; whatever a test leaves running is stopped."""
    monkeypatch.setattr(app, "default_method", lambda: first_method)
    parts = launch(qapp)
    qtbot.waitExposed(parts.window)
    parts.window.start_page.set_dataset("digits")  # a hundred steps in seconds
    yield parts
    parts.window.close_without_asking()
    assert parts.session.close(30), "a thread did not end"
    parts.window.deleteLater()
    _delete_deferred()


@pytest.fixture
def scatter(qtbot: QtBot) -> EmbeddingScatter:
    """A map by itself, 301 pixels wide and high, whose points do not glide."""
    window = QWidget()
    qtbot.addWidget(window)
    made = EmbeddingScatter(window)
    made.resize(301, 301)
    made.set_gliding(False)
    made.set_bounds(Bounds())
    window.show()
    qtbot.waitExposed(window)
    return made


@pytest.fixture
def workplace(tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run commands in, and a small dataset."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"
