"""What a view has computed elsewhere, and is shown once it is there."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from symmcore.errors import type_and_line
from symmviz.model.map.drawing import PointDrawer

Answer = TypeVar("Answer")

_LOOK_MS = 10
_Source = tuple[object, ...]


class Elsewhere(Generic[Answer]):
    """The newest answer to what is asked for; one question at a time, of which the newest counts.

    Args:
        parent: of the timer that looks for answers while there is a question.
        came: called with each answer.
    """

    def __init__(self, parent: QObject, came: Callable[[], None]) -> None:
        self._came = came
        self._source: _Source = ()
        self._next: tuple[PointDrawer, Callable[[], Answer]] | None = None
        self._pending: Future[Answer] | None = None
        self._timer = QTimer(parent)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.answer: Answer | None = None
        self.failure = ""

    def ask(self, drawer: PointDrawer, source: _Source, compute: Callable[[], Answer]) -> None:
        """Compute something, unless it was the last to be asked for.

        Args:
            drawer: has it computed.
            source: differs wherever the answer does.
            compute: what gives the answer, on any thread.
        """
        if source == self._source:
            return
        self._source = source
        self._next = drawer, compute
        self._begin()

    def forget(self) -> None:
        """Have no answer; one that is under way is not waited for."""
        self._source, self._next, self._pending = (), None, None
        self.answer, self.failure = None, ""
        self._timer.stop()

    @property
    def pending(self) -> bool:
        """Whether an answer is on its way."""
        return self._pending is not None

    def _begin(self) -> None:
        if self._pending is not None or self._next is None:
            return
        (drawer, compute), self._next = self._next, None
        self._pending = drawer.derive(compute)
        if self._pending.done():
            self._take()
        else:
            self._timer.start()

    def _look(self) -> None:
        if self._pending is None:
            self._timer.stop()
        elif self._pending.done():
            self._timer.stop()
            self._take()

    def _take(self) -> None:
        done, self._pending = self._pending, None
        if done is None or done.cancelled():  # the window closes
            return
        error = done.exception()
        self.failure = "" if error is None else f"Not drawn ({type_and_line(error)})."
        self.answer = None if error is not None else done.result()
        self._begin()
        self._came()
