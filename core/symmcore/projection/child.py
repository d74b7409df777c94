"""What runs in the projection process: jobs in, updates out, one job at a time."""

import contextlib
import functools
import math
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from symmcore.errors import type_and_line
from symmcore.pipe import receive, send
from symmcore.projection.base import (
    PCA,
    TSNE,
    UMAP,
    ProjectionJob,
    ProjectionUpdate,
    Projector,
)
from symmcore.projection.methods import UnusableMethodError, default_method
from symmcore.projection.spare_time import SpareTime

ProjectorFactory = Callable[[str], Projector]

# What comes after the newest update is lost where a new frame replaces the job.
_SECONDS_BETWEEN_UPDATES = 0.1
# Training and the window come first where there is a core too few.
_NICENESS = 10
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


class Failure(NamedTuple):
    """Why a job has no projections.

    Attributes:
        text: one line for the user, then the traceback.
        remedy: what to install or repair before the method can project anything; empty if that
            would not help.
    """

    text: str
    remedy: str = ""


class Cancelled(NamedTuple):
    """The last answer to a job that was cancelled."""


class Cancel(NamedTuple):
    """Asks to leave the job that is being done; so small that sending it never waits."""


Answer = ProjectionUpdate | Failure | Cancelled


@functools.cache
def make_projector(method: str) -> Projector:
    """Return the projector of a method, importing it only here: the window does without SciPy.

    Raises:
        ValueError: if there is no such method.
    """
    if method == PCA:
        from symmcore.projection.pca import PcaProjector

        return PcaProjector()
    from symmcore.projection.neighbour_map import NeighbourProjector

    if method == TSNE:
        from symmcore.projection.tsne import TsneMethod

        return NeighbourProjector(TsneMethod())
    if method == UMAP:
        from symmcore.projection.umap_layout import UmapMethod

        return NeighbourProjector(UmapMethod())
    raise ValueError(f"there is no projection called {method!r}")


def serve(connection: Connection) -> None:
    """Answer jobs until the other end of the pipe is closed; runs in the process.

    The first message is a :data:`ProjectorFactory`, answered by None once what PCA needs is
    imported. Every other is a :class:`ProjectionJob`, answered by its updates, of which the
    last is final, or a :class:`Failure`; or :class:`Cancel`, after which the job under way
    is answered by :class:`Cancelled`, or by its end. Nothing is kept from one job to the next.
    """
    # Ctrl-C reaches every process of the terminal; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not sys.warnoptions:  # libraries speak of their code; a projection that fails says so
        warnings.simplefilter("ignore")
    for name in _THREAD_VARIABLES:  # before the libraries are loaded that read them
        os.environ[name] = "1"
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICENESS)
    with connection:
        try:
            _serve(connection)
        except (EOFError, OSError):
            return  # The parent has closed its end, or is gone.


def _serve(connection: Connection) -> None:
    """Answer jobs until the pipe breaks."""
    factory: ProjectorFactory = receive(connection)
    factory(PCA)
    # From here on, when the libraries are loaded: more threads would take cores from training.
    with threadpool_limits(1), contextlib.closing(SpareTime()) as spare:
        send(connection, None)
        if factory is make_projector:
            _load_default()
        while True:
            message = receive(connection)
            if isinstance(message, ProjectionJob):  # else it came after the job it cancels
                _answer(connection, factory, message, spare)


def _load_default() -> None:
    """Begin to load what maps are drawn by unless another method is chosen."""
    from symmcore.projection.neighbour_map import NeighbourProjector

    projector = make_projector(default_method())
    if isinstance(projector, NeighbourProjector):
        projector.load()


def _answer(
    connection: Connection, factory: ProjectorFactory, job: ProjectionJob, spare: SpareTime
) -> None:
    """Project, or say why not.

    Raises:
        EOFError, OSError: if the parent is gone.
    """
    try:
        _project(connection, factory(job.method), job, spare)
    except UnusableMethodError as error:
        send(connection, _failure(error, f"{error}.", error.remedy))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells the user
        # Where it is the pipe that broke, this raises once more.
        line = f"The picture of step {job.frames[0].step} failed: {type_and_line(error)}"
        send(connection, _failure(error, line))


def _failure(error: Exception, line: str, remedy: str = "") -> Failure:
    return Failure(f"{line}\n{''.join(traceback.format_exception(error))}", remedy)


def _project(
    connection: Connection, projector: Projector, job: ProjectionJob, spare: SpareTime
) -> None:
    """Send the updates of a job until the last one, or until it is cancelled."""
    sent = -math.inf
    began = time.perf_counter()
    updates = iter(projector.run(job))
    while (update := spare.next(updates)) is not None:
        now = time.perf_counter()
        if update.is_final or now - sent >= _SECONDS_BETWEEN_UPDATES:
            send(connection, update)
            sent = now
        if update.is_final:
            return
        time.sleep((now - began) * (1.0 / job.settings.share - 1.0))
        if connection.poll():
            receive(connection)  # it can be nothing but a Cancel
            send(connection, Cancelled())
            return
        began = time.perf_counter()
    raise RuntimeError("the projection came to no end")
