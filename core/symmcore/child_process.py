"""A process at the other end of a pipe, as its parent sees it."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from symmcore.pipe import receive, send
from symmcore.processes import spawn_context

_SECONDS_TO_TERMINATE = 0.5


class ChildProcess:
    """The process and our end of its pipe; each method is for one thread at a time.

    The process is spawned, and does not get the interrupts of a terminal before it asks for them.
    """

    def __init__(
        self, serve: Callable[[Connection], None], name: str, *, has_children: bool = False
    ) -> None:
        """Start it.

        Args:
            serve: called in the process with its end of the pipe; picklable.
            name: of the process.
            has_children: whether it may start processes, and is not ended with this one.

        Raises:
            OSError, RuntimeError: if no process can be started.
        """
        context = spawn_context()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs,), name=name, daemon=not has_children
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

    def send(self, message: object) -> None:
        """Send a message.

        Raises:
            OSError: if the process has died.
        """
        send(self._connection, message)

    def receive(self) -> Any:
        """Wait for a message.

        Raises:
            EOFError, OSError: if the process has died.
        """
        return receive(self._connection)

    def terminate(self) -> None:
        """Ask the process to end, from any thread; wakes the one in :meth:`receive`."""
        self._process.terminate()

    def kill(self) -> None:
        """End a process that is stopped, from any thread."""
        self._process.kill()

    def end(self, patience: float = _SECONDS_TO_TERMINATE) -> int | None:
        """End the process if it runs, reap it, close the pipe; gives its exit code.

        Args:
            patience: seconds that it is given to end by itself.
        """
        self._connection.close()
        self._process.join(patience)
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
