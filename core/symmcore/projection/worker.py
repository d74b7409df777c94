"""The projection process and the thread that talks to it, as one object."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from symmcore.processes import spawn_context
from symmcore.projection.base import ProjectionJob
from symmcore.projection.child import (
    Answer,
    Failure,
    ProjectorFactory,
    make_projector,
    serve,
)
from symmcore.projection.pipe import receive, send
from symmcore.records import Projection

# A process that has died is started again at once, but then not before so many frames
# have come, which go without a picture: what kills it each time must not turn into a storm
# of processes.
SUBMISSIONS_PER_RESTART = 10

_SECONDS_TO_TERMINATE = 0.5


class _Child:
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

    def ask(self, message: object) -> Any:
        """Send a message and wait for its answer.

        Raises:
            EOFError, OSError: if the process has died.
        """
        send(self._connection, message)
        return receive(self._connection)

    def terminate(self) -> None:
        """Ask the process to end, from any thread; wakes the one in :meth:`ask`."""
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


class ProjectionWorker:
    """Does projection jobs in a process of its own, the newest one first and only.

    Threads: the worker owns one thread, named "projection", and the thread owns the
    process: it starts, feeds, reaps and restarts it, and calls ``on_result`` and
    ``on_error``. All other methods may be called from any other thread; none of them
    waits for the process but :meth:`close`, which waits for a callback that is running too:
    a callback must not wait for the thread that calls it. A callback may call :meth:`submit`,
    not :meth:`close`, and must not raise: that would end the thread.

    The process is spawned; neither it nor this module imports torch or Qt. It ignores
    Ctrl-C, keeps its linear algebra to one thread, and ends by itself when this
    process does.
    """

    def __init__(
        self,
        on_result: Callable[[ProjectionJob, tuple[Projection, ...]], None],
        on_error: Callable[[str, ProjectionJob | None], None],
        factory: ProjectorFactory = make_projector,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            on_result: takes a job and its projections, one a run.
            on_error: takes what went wrong, once a failure: a line for the user, then
                details if there are any; and the job that failed, or None where the process
                did: a job that was under way waits for the next one, and fails if that
                ends too. Every job is answered but one that another has replaced. The worker
                goes on.
            factory: makes the projector of a method, in the process; it must be picklable,
                and import what it needs only when called.
        """
        self._on_result = on_result
        self._on_error = on_error
        self._factory = factory
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)
        self._condition = threading.Condition(threading.Lock())
        # The condition guards all of these.
        self._pending: ProjectionJob | None = None
        self._submitted = 0
        self._restart_at = 0
        self._started = False
        self._closed = False
        self._child: _Child | None = None

    def start(self) -> None:
        """Start the thread, which starts the process; returns at once.

        Raises:
            RuntimeError: if it was started or closed before.
        """
        with self._condition:
            if self._started or self._closed:
                raise RuntimeError("a projection worker starts once, before it is closed")
            self._thread.start()
            self._started = True

    def submit(self, job: ProjectionJob) -> None:
        """Ask for the projections of one step; replaces a job not yet begun.

        A job without frames, or one that comes after :meth:`close`, is ignored.
        """
        with self._condition:
            if job.frames and not self._closed:
                self._pending = job
                self._submitted += 1
                self._condition.notify()

    def close(self, timeout: float) -> None:
        """End the process and the thread, whatever they are doing; nothing comes after.

        Returns within ``timeout`` seconds, in which the process is asked to end, and
        killed when half of them are over. Only a callback that does not return can keep
        the thread longer. May be called again, and without :meth:`start`.
        """
        with self._condition:
            self._closed = True
            self._pending = None
            self._condition.notify()
            if self._child is not None:
                self._child.terminate()
            started = self._started
        if not started:
            return
        self._thread.join(timeout / 2)
        with self._condition:
            if self._child is not None:
                self._child.kill()
        self._thread.join(timeout / 2)

    def _run(self) -> None:
        """Be the thread."""
        try:
            self._start_child()
            while (job := self._take()) is not None:
                if (answer := self._ask(job)) is not None:
                    self._deliver(job, answer)
        finally:
            self._end_child()

    def _take(self) -> ProjectionJob | None:
        """Wait for a job; None when closed."""
        with self._condition:
            while not self._closed:
                job, self._pending = self._pending, None
                if job:
                    return job
                self._condition.wait()
            return None

    def _ask(self, job: ProjectionJob) -> Answer | None:
        """Have a job done; None if the process died over it, and it waits for another one."""
        if self._child is None:
            self._restart_child()
        if self._child is None:  # who asked goes on to another frame only once this is answered
            step = job.frames[0].step
            return Failure(f"The picture of step {step} is missing: the projection process ended.")
        try:
            answer: Answer = self._child.ask(job)
        except (EOFError, OSError):
            self._lose_child(job)
            return None
        return answer

    def _restart_child(self) -> None:
        """Start the process again, unless that was tried a few frames ago."""
        with self._condition:
            if self._submitted < self._restart_at:
                return
            self._restart_at = self._submitted + SUBMISSIONS_PER_RESTART
        self._start_child()

    def _start_child(self) -> None:
        """Start the process and wait until it has imported everything, or has died."""
        try:
            child = _Child()
        except (OSError, RuntimeError) as error:  # the latter where no process may be spawned
            self._report(f"The projection process cannot be started: {error}")
            return
        with self._condition:
            self._child = child
            if self._closed:  # close() came when there was nothing to terminate yet.
                child.terminate()
        try:
            child.ask(self._factory)
        except (EOFError, OSError):
            self._lose_child(None)

    def _lose_child(self, job: ProjectionJob | None) -> None:
        """Reap and report a process that has died; its job waits for the next one."""
        code = self._end_child()
        with self._condition:
            if job and self._pending is None:
                self._pending = job
        self._report(f"The projection process ended unexpectedly (exit code {code}).")

    def _end_child(self) -> int | None:
        """End the process if there is one; gives its exit code."""
        with self._condition:
            child, self._child = self._child, None
        return child.end() if child else None

    def _deliver(self, job: ProjectionJob, answer: Answer) -> None:
        """Hand out what came of a job, unless nobody waits for it any more."""
        if self._is_closed():
            return
        if isinstance(answer, Failure):
            self._on_error(answer.text, job)
        else:
            self._on_result(job, answer)

    def _report(self, text: str) -> None:
        """Say what is wrong with the process, unless it was ended on purpose."""
        if not self._is_closed():
            self._on_error(text, None)

    def _is_closed(self) -> bool:
        with self._condition:
            return self._closed
