"""The one timer that carries what happened behind the window into it."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

_INTERVAL_MS = 50
# While something that was asked for is on its way: it is to be seen at once.
_HURRIED_MS = 8


class Bridge(QObject):
    """Calls a function 20 times a second, on the GUI thread, and more often where it is busy.

    Pulling, not cross-thread signals: nothing is queued that the window has no time for.
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

    def start(self) -> None:
        """Begin to carry."""
        self._timer.start()

    def stop(self) -> None:
        """Carry nothing more."""
        self._timer.stop()

    def hurry(self) -> None:
        """Look again soon: something was asked for."""
        self._set_interval(_HURRIED_MS)

    def _on_timeout(self) -> None:
        self._tick()
        self._set_interval(_HURRIED_MS if self._is_busy() else _INTERVAL_MS)

    def _set_interval(self, milliseconds: int) -> None:
        if self._timer.interval() != milliseconds:
            self._timer.setInterval(milliseconds)
