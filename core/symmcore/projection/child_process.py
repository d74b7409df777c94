"""The projection process as its parent sees it."""

import contextlib
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

from symmcore.processes import spawn_context
from symmcore.projection.child import serve
from symmcore.projection.pipe import receive, send

_SECONDS_TO_TERMINATE = 0.5


class ChildProcess:
    """The process and our end of its pipe; used by one thread but for the signals."""

    def __init__(self) -> None:
        context = spawn_context()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs,), name="projection", daemon=True
        )
        try:
            with _interrupts_blocked():
                self._process.start()
        except BaseException:
            self._connection.close()
            raise
        finally:
            # Only the child may hold this end: else its death would not end our reading.
            theirs.close()

    @property
    def connection(self) -> Connection:
        """Our end of the pipe, to wait for."""
        return self._connection

    def tell(self, message: object) -> None:
        """Send a message.

        Raises:
            OSError: if the process has died.
        """
        send(self._connection, message)

    def hear(self) -> Any:
        """Wait for a message.

        Raises:
            EOFError, OSError: if the process has died.
        """
        return receive(self._connection)

    def terminate(self) -> None:
        """Ask the process to end, from any thread; wakes the one in :meth:`hear`."""
        self._process.terminate()

    def kill(self) -> None:
        """End a process that is stopped, from any thread."""
        self._process.kill()

    def end(self) -> int | None:
        """End the process if it runs, reap it, close the pipe; gives its exit code."""
        self._connection.close()
        self._process.join(_SECONDS_TO_TERMINATE)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(_SECONDS_TO_TERMINATE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        code = self._process.exitcode
        self._process.close()
        return code


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from a process started here until it says itself that it ignores it.

    It is importing before that, and would end with a traceback. A process inherits what the
    thread that starts it has blocked; Ctrl-C still reaches this one, by its other threads.
    Not before there is a context: what is started with the first one ends the blocking.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
