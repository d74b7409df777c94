"""What benchmarks of the window share: Qt's event loop for a while, and a timer's lateness."""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer

TICK_MS = 5


class Ticker(QObject):
    """Notes when a timer's ticks come; gaps between them, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self._times: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._times.append(time.perf_counter()))

    def start(self) -> None:
        """Tick from now on."""
        self._times = [time.perf_counter()]
        self._timer.start(TICK_MS)

    def stop(self) -> npt.NDArray[np.float64]:
        """Tick no more; the gaps, the last one up to now."""
        self._timer.stop()
        self._times.append(time.perf_counter())
        return 1000 * np.diff(np.array(self._times))


def process_for(seconds: float) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def process_until(reached: Callable[[], bool], seconds: float) -> None:
    """Run the event loop until something is so.

    Raises:
        TimeoutError: if it is not in time.
    """
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not get there")
        process_for(0.02)
