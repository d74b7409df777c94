"""A thread that serves the newest requests, and drops those that were replaced."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from symmviz.services.faults import report_fault

Item = TypeVar("Item")


class RequestThread(Generic[Item]):
    """Does items one after another, in the order in which they are requested.

    A new request replaces the list: what was not begun is dropped. The thread
    starts with the first item; its owner ends it with :meth:`close`.

    Args:
        name: of the thread.
        do: called on the thread for each item. What it raises is reported as a thread's end by an
            exception is, and the next item done.
        on_fault: called on the thread with an item and what was raised in doing it: to remember
            it, so that the item is not requested for ever, and to say so in the window.
    """

    def __init__(
        self,
        name: str,
        do: Callable[[Item], None],
        on_fault: Callable[[Item, Exception], None] | None = None,
    ) -> None:
        self._name = name
        self._do = do
        self._on_fault = on_fault
        self._condition = threading.Condition()
        self._requests: tuple[Item, ...] = ()
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def request(self, items: tuple[Item, ...]) -> None:
        """Do these, and nothing else that was requested before."""
        with self._condition:
            self._requests = items
            self._wake()

    def request_first(self, item: Item, most: int) -> None:
        """Do this before all else; of the other requests, keep the newest ``most - 1``."""
        with self._condition:
            self._requests = (item, *self._requests[: most - 1])
            self._wake()

    @property
    def busy(self) -> bool:
        """Whether a request has not been served yet."""
        with self._condition:
            return self._busy or bool(self._requests)

    def close(self, timeout: float) -> bool:
        """End after the item under way; whether it has ended within ``timeout`` seconds."""
        with self._condition:
            self._closed = True
            self._requests = ()
            self._condition.notify_all()
            thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _wake(self) -> None:
        if self._closed or not self._requests:
            self._requests = ()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._busy = False
                while not self._requests:
                    if self._closed:
                        return
                    self._condition.wait()
                item, *rest = self._requests
                self._requests = tuple(rest)
                self._busy = True
            try:
                self._do(item)
            except Exception as error:  # noqa: BLE001 - a fault in one item is none of the others'
                report_fault(error)
                if self._on_fault is not None:
                    self._on_fault(item, error)


class RequestedAnswers(Generic[Item]):
    """Base of what finds answers to requests on a thread, and keeps them for whoever asks.

    Args:
        name: of the thread.
        do: see :class:`RequestThread`.
        on_fault: see :class:`RequestThread`.
    """

    def __init__(
        self,
        name: str,
        do: Callable[[Item], None],
        on_fault: Callable[[Item, Exception], None] | None = None,
    ) -> None:
        self._thread: RequestThread[Item] = RequestThread(name, do, on_fault)
        self._lock = threading.Lock()
        self._revision = 0  # guarded by the lock

    @property
    def revision(self) -> int:
        """A number that grows with each answer that was found, or forgotten."""
        with self._lock:
            return self._revision

    @property
    def busy(self) -> bool:
        """Whether an answer that was requested is not there yet."""
        return self._thread.busy

    def close(self, timeout: float) -> bool:
        """End the thread; whether it has ended within ``timeout`` seconds."""
        return self._thread.close(timeout)
