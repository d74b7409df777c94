"""The clock of a training, which stands still during a pause, and its speed."""

import time
from collections import deque

_WINDOW_SECONDS = 3.0


class Pace:
    """Seconds without pauses, and steps a second over the last few of them."""

    def __init__(self) -> None:
        self._held = 0.0
        self._marks: deque[tuple[float, int]] = deque()

    def clock(self) -> float:
        """Seconds, from no particular start."""
        return time.perf_counter() - self._held

    def leave_out(self, seconds: float) -> None:
        """Take a pause out of the clock; the speed is measured anew."""
        self._held += seconds
        self.restart()

    def restart(self) -> None:
        """Measure the speed anew."""
        self._marks.clear()

    def steps_per_second(self, step: int) -> float | None:
        """Recent speed, now that ``step`` steps are finished; None before there is one."""
        now = time.perf_counter()
        self._marks.append((now, step))
        while now - self._marks[0][0] > _WINDOW_SECONDS and len(self._marks) > 2:
            self._marks.popleft()
        seconds, steps = now - self._marks[0][0], step - self._marks[0][1]
        return steps / seconds if steps > 0 and seconds > 0 else None
