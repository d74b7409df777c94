"""What carries the work of threads into the window looks at once when it is woken."""

import threading
from functools import partial

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from symmviz import bridge
from symmviz.bridge import Bridge

LATE_MS = 60_000


def has_ticked(ticks: list[str], times: int) -> bool:
    return len(ticks) >= times


def test_a_thread_wakes_the_window_without_waiting_for_the_timer(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "_INTERVAL_MS", LATE_MS)
    ticks: list[str] = []
    owner = QObject()
    woken = Bridge(lambda: ticks.append(threading.current_thread().name), lambda: False, owner)
    woken.start()
    for count in (1, 2):
        thread = threading.Thread(target=woken.wake)
        thread.start()
        thread.join()
        qtbot.waitUntil(partial(has_ticked, ticks, count))
    for _ in range(100_000):  # more than a socket holds: none of them waits
        woken.wake()
    qtbot.waitUntil(partial(has_ticked, ticks, 3))
    assert set(ticks) == {"MainThread"}
    woken.stop()
    woken.wake()  # the window is closed
    owner.deleteLater()
