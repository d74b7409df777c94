"""What runs in the projection process: jobs in, projections out, one at a time."""

import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from symmcore.errors import type_and_line
from symmcore.projection.base import PCA, ProjectionJob, Projector
from symmcore.projection.pipe import receive, send
from symmcore.records import Projection

ProjectorFactory = Callable[[str], Projector]


class Failure(NamedTuple):
    """Why a job has no projections: one line for the user, then the traceback."""

    text: str


Answer = tuple[Projection, ...] | Failure


def make_projector(method: str) -> Projector:
    """Make the projector of a method, importing it only here: the window does without SciPy.

    Raises:
        ValueError: if there is no such method.
    """
    if method != PCA:
        raise ValueError(f"there is no projection called {method!r}")
    from symmcore.projection.pca import PcaProjector

    return PcaProjector()


def serve(connection: Connection) -> None:
    """Answer jobs until the other end of the pipe is closed; runs in the process.

    The first message is a :data:`ProjectorFactory`, answered by None once what PCA needs is
    imported; every other a :class:`ProjectionJob`, answered by its projections or a
    :class:`Failure`. Nothing is kept from one job to the next.
    """
    # Ctrl-C reaches every process of the terminal; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not sys.warnoptions:  # libraries speak of their code; a projection that fails says so
        warnings.simplefilter("ignore")
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
    with threadpool_limits(1):
        send(connection, None)
        while True:
            send(connection, _answer(factory, receive(connection)))


def _answer(factory: ProjectorFactory, job: ProjectionJob) -> Answer:
    """Project, or say why not."""
    try:
        return factory(job.method).project(job.frames, job.starts)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells the user
        line = f"The picture of step {job.frames[0].step} failed: {type_and_line(error)}"
        return Failure(f"{line}\n{''.join(traceback.format_exception(error))}")
