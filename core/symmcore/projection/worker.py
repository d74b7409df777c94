"""The projection process and the thread that talks to it, as one object."""

import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import wait

from symmcore.child_process import ChildProcess
from symmcore.projection.base import ProjectionJob, ProjectionUpdate
from symmcore.projection.child import (
    Answer,
    Cancel,
    Cancelled,
    Failure,
    ProjectorFactory,
    make_projector,
    serve,
)

# A process that has died is started again at once, but then not before so many frames
# have come, which go without a picture: what kills it each time must not turn into a storm
# of processes.
SUBMISSIONS_PER_RESTART = 10


class ProjectionWorker:
    """Does projection jobs in a process of its own, the newest one first and only.

    A job that another replaces is left where it is, at the end of the piece under way; one
    that projects all at once is finished, and answered.

    Threads: the worker owns one thread, named "projection", and the thread owns the
    process: it starts, feeds, reaps and restarts it, and calls ``on_update``,
    ``on_error`` and ``on_unusable``. All other methods may be called from any other thread;
    none of them waits for the process but :meth:`close`, which waits for a callback that is
    running too: a callback must not wait for the thread that calls it. A callback may call
    :meth:`submit`, not :meth:`close`, and must not raise: that would end the thread.

    The process is spawned; neither it nor this module imports torch or Qt. It ignores
    Ctrl-C, keeps its linear algebra to one thread, and ends by itself when this
    process does.
    """

    def __init__(
        self,
        on_update: Callable[[ProjectionJob, ProjectionUpdate], None],
        on_error: Callable[[str, ProjectionJob | None], None],
        factory: ProjectorFactory = make_projector,
        on_unusable: Callable[[str, str], None] = lambda method, remedy: None,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            on_update: takes a job and where its points are by now, several times a second;
                the last time with ``is_final``.
            on_error: takes what went wrong, once a failure: a line for the user, then
                details if there are any; and the job that failed, or None where the process
                did: a job that was under way waits for the next one, and fails if that
                ends too; a live one goes on there from where its points were. Every job is
                answered but one that another has replaced. The worker goes on.
            factory: makes the projector of a method, in the process; it must be picklable,
                and import what it needs only when called.
            on_unusable: takes the name of a method whose library cannot be imported, and what to
                install or repair; before ``on_error``.
        """
        self._on_update = on_update
        self._on_error = on_error
        self._on_unusable = on_unusable
        self._factory = factory
        self._thread = threading.Thread(target=self._run, name="projection", daemon=True)
        self._condition = threading.Condition(threading.Lock())
        # The condition guards all of these.
        self._pending: ProjectionJob | None = None
        self._submitted = 0
        self._restart_at = 0
        self._started = False
        self._closed = False
        self._child: ChildProcess | None = None
        # What wakes the thread from waiting for the process: see :meth:`submit`.
        self._woken, self._wake = Pipe(duplex=False)
        self._is_woken = False
        # A live job, and the one that goes on from where its points are; the thread's alone.
        self._newest: tuple[ProjectionJob, ProjectionJob] | None = None

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
                if not self._is_woken:
                    self._is_woken = True
                    self._wake.send_bytes(b"w")

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
                self._do(job)
        finally:
            self._end_child()
            self._woken.close()
            with self._condition:
                self._is_woken = True  # by whom there is nobody any more
                self._wake.close()

    def _take(self) -> ProjectionJob | None:
        """Wait for a job; None when closed."""
        with self._condition:
            while not self._closed:
                job, self._pending = self._pending, None
                if job:
                    return job
                self._condition.wait()
            return None

    def _do(self, job: ProjectionJob) -> None:
        """Have a job done, and hand out what comes of it, unless another replaces it."""
        if self._child is None:
            self._restart_child()
        if self._child is None:  # who asked goes on to another frame only once this is answered
            step = job.frames[0].step
            text = f"The picture of step {step} is missing: the projection process ended."
            self._deliver(job, Failure(text))
            return
        going_on = job if self._newest is None or self._newest[0] is not job else self._newest[1]
        try:
            self._child.send(going_on)
            self._hear(self._child, job)
        except (EOFError, OSError):
            self._lose_child(job)

    def _hear(self, child: ChildProcess, job: ProjectionJob) -> None:
        """Hand out the answers to a job until the last one.

        Raises:
            EOFError, OSError: if the process has died.
        """
        is_cancelled = False
        while True:
            ready = wait([child.connection, self._woken])
            if self._woken in ready and self._rest() and not is_cancelled:
                child.send(Cancel())
                is_cancelled = True
            if child.connection not in ready:
                continue
            answer: Answer = child.receive()
            if isinstance(answer, Cancelled):
                return
            is_last = isinstance(answer, Failure) or answer.is_final
            if is_last or not is_cancelled:
                self._deliver(job, answer)
            if is_last:
                return

    def _rest(self) -> bool:
        """Take what woke this thread; whether there is another job."""
        with self._condition:
            self._woken.recv_bytes()
            self._is_woken = False
            return self._pending is not None

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
            child = ChildProcess(serve, "projection")
        except (OSError, RuntimeError) as error:  # the latter where no process may be spawned
            self._report(f"The projection process cannot be started: {error}")
            return
        with self._condition:
            self._child = child
            if self._closed:  # close() came when there was nothing to terminate yet.
                child.terminate()
        try:
            child.send(self._factory)
            child.receive()
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

    def _deliver(self, job: ProjectionJob, answer: ProjectionUpdate | Failure) -> None:
        """Hand out what came of a job, unless nobody waits for it any more."""
        if self._is_closed():
            return
        if isinstance(answer, Failure):
            if answer.remedy:
                self._on_unusable(job.method, answer.remedy)
            self._on_error(answer.text, job)
            return
        if job.settings.is_live:
            settings = replace(job.settings, matured=answer.matured)
            self._newest = job, replace(job, starts=answer.projections, settings=settings)
        self._on_update(job, answer)

    def _report(self, text: str) -> None:
        """Say what is wrong with the process, unless it was ended on purpose."""
        if not self._is_closed():
            self._on_error(text, None)

    def _is_closed(self) -> bool:
        with self._condition:
            return self._closed
