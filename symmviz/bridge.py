"""What carries what happened behind the window into it: one timer, and a knock at the door."""

import contextlib
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier, Qt, QTimer

_INTERVAL_MS = 50
# While something that was asked for is on its way: it is to be seen at once.
_HURRIED_MS = 8
_MOST_KNOCKS = 4096


class Bridge(QObject):
    """Calls a function 20 times a second, on the GUI thread, and more often where it is busy.

    Pulling, not cross-thread signals: nothing is queued that the window has no time for. Another
    thread may only ask to be pulled from at once, by :meth:`wake`.
    """

    def __init__(
        self, tick: Callable[[], None], is_busy: Callable[[], bool], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._tick = tick
        self._is_busy = is_busy
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._on_timeout)
        # A socket, since other threads are to touch no object of Qt's.
        self._heard, self._door = socket.socketpair()
        self._heard.setblocking(False)
        self._door.setblocking(False)
        self._notifier = QSocketNotifier(self._heard.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.setEnabled(False)
        self._notifier.activated.connect(self._on_woken)

    def start(self) -> None:
        """Begin to carry."""
        self._timer.start()
        self._notifier.setEnabled(True)

    def stop(self) -> None:
        """Carry nothing more."""
        self._timer.stop()
        self._notifier.setEnabled(False)
        self._heard.close()
        self._door.close()

    def poll_soon(self) -> None:
        """Look again soon: something was asked for."""
        self._set_interval(_HURRIED_MS)

    def wake(self) -> None:
        """Look at once: what was asked for is there. For any thread."""
        # It is full where the window is behind, which looks then in any case; it may be closed.
        with contextlib.suppress(OSError):
            self._door.send(b"\0")

    def _on_woken(self) -> None:
        with contextlib.suppress(OSError):
            self._heard.recv(_MOST_KNOCKS)
        self._on_timeout()

    def _on_timeout(self) -> None:
        self._tick()
        self._set_interval(_HURRIED_MS if self._is_busy() else _INTERVAL_MS)

    def _set_interval(self, milliseconds: int) -> None:
        if self._timer.interval() != milliseconds:
            self._timer.setInterval(milliseconds)
