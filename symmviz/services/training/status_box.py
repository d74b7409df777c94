"""What a training is doing, held for the window until it looks."""

import threading
from dataclasses import dataclass

from symmcore.training.status import TrainingStatus


@dataclass(frozen=True, slots=True)
class Updates:
    """What is new since the last look.

    Attributes:
        status: the newest; None where there is none that is new.
        problems: what went wrong beside the training, a sentence each, in order.
    """

    status: TrainingStatus | None = None
    problems: tuple[str, ...] = ()


class StatusBox:
    """Several threads write to it, and the window drains it.

    Of statuses the latest wins; of what went wrong all is kept, each sentence once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status: TrainingStatus | None = None
        self._problems: list[str] = []

    def status(self, status: TrainingStatus) -> None:
        """What the training is doing has changed."""
        with self._lock:
            self._status = status

    def problem(self, text: str) -> None:
        """Something beside the training went wrong: a sentence for the user."""
        with self._lock:
            if text not in self._problems:
                self._problems.append(text)

    def forget_status(self) -> None:
        """What the training before came to is no news any more."""
        with self._lock:
            self._status = None

    def drain(self) -> Updates:
        """Take what is new."""
        with self._lock:
            updates = Updates(self._status, tuple(self._problems))
            self._status = None
            self._problems.clear()
        return updates
