"""The one timer that carries what happened behind the window into it."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from symmviz.services.live_buffer import Updates

_INTERVAL_MS = 50


class Bridge(QObject):
    """Drains the session 20 times a second, on the GUI thread.

    Pulling, not cross-thread signals: nothing is queued that the window has no time for.
    """

    def __init__(
        self,
        drain: Callable[[], Updates],
        deliver: Callable[[Updates], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._drain = drain
        self._deliver = deliver
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to carry."""
        self._timer.start()

    def stop(self) -> None:
        """Carry nothing more."""
        self._timer.stop()

    def _tick(self) -> None:
        self._deliver(self._drain())
