"""Projectors that the worker's tests send to its process.

The process imports this file by its plain name, so it needs neither pytest nor SciPy.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_info

from symmcore.projection.base import ProjectionJob, ProjectionUpdate
from symmcore.projection.methods import UnusableMethodError
from symmcore.records import EmbeddedSet, Frame, PlanePoints, Projection, WatchedSet

Updates = Iterator[ProjectionUpdate]


def make_frame(step: int, seed: int = 0, count: int = 40, dim: int = 8) -> Frame:
    random = np.random.default_rng([seed, step])

    def watched() -> WatchedSet:
        index = np.arange(count, dtype=np.int64)
        rows = random.normal(size=(2, count, dim)).astype(np.float32)
        return WatchedSet(EmbeddedSet(index, index, rows[0]), index, rows[1])

    return Frame(step, watched(), watched())


def make_job(*frames: Frame) -> ProjectionJob:
    return ProjectionJob("pca", frames, (None,) * len(frames))


def projection(step: int, method: str, explained: float | None = None) -> Projection:
    points = np.full((1, 2), step, dtype=np.float32)
    planes = PlanePoints(points, points), PlanePoints(points, points)
    return Projection(step, method, *planes, explained)


def meet(port: int) -> bool:
    """Tell the test that this point is reached, and wait until it says go on."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        return connection.recv(1) == b"g"


class Gated:
    """Waits for the test at each job; ``explained`` counts this process's jobs."""

    name = "gated"
    _jobs = 0

    def __init__(self, port: int, method: str) -> None:
        self._port = port

    def run(self, job: ProjectionJob) -> Updates:
        meet(self._port)
        Gated._jobs += 1
        yield ProjectionUpdate(
            tuple(projection(frame.step, self.name, Gated._jobs) for frame in job.frames)
        )


class GatedStart(Gated):
    """Waits for the test while it is made, too."""

    def __init__(self, port: int, method: str) -> None:
        super().__init__(port, method)
        meet(port)


class Failing:
    """Fails at odd steps."""

    name = "failing"

    def __init__(self, method: str) -> None:
        pass

    def run(self, job: ProjectionJob) -> Updates:
        step = job.frames[0].step
        if step % 2:
            raise ArithmeticError(f"odd step {step}")
        yield ProjectionUpdate((projection(step, self.name),))


class Unusable:
    """Has a library that cannot be imported."""

    name = "umap"

    def __init__(self, method: str) -> None:
        pass

    def run(self, job: ProjectionJob) -> Updates:
        raise UnusableMethodError(self.name, OSError("wrong version"))


class Deadly:
    """Ends its process at every job."""

    name = "deadly"

    def __init__(self, method: str) -> None:
        pass

    def run(self, job: ProjectionJob) -> Updates:
        os._exit(3)


class Unmakeable:
    """Ends its process while that still starts."""

    def __init__(self, method: str) -> None:
        os._exit(4)


class Inspecting:
    """Projects by PCA, and then tells by ``method`` what the process has loaded."""

    name = "inspecting"

    def __init__(self, method: str) -> None:
        from symmcore.projection.pca import PcaProjector

        self._pca = PcaProjector()

    def run(self, job: ProjectionJob) -> Updates:
        self._pca.project(job.frames, job.starts)
        modules = sorted({name.partition(".")[0] for name in sys.modules})
        threads = [pool["num_threads"] for pool in threadpool_info()]
        found = {"modules": modules, "threads": threads}
        yield ProjectionUpdate((projection(job.frames[0].step, json.dumps(found)),))


class Moving:
    """Moves each point by one at each piece, a million times; the test sets the pace."""

    name = "moving"

    def __init__(self, port: int, method: str) -> None:
        self._port = port

    def run(self, job: ProjectionJob) -> Updates:
        at = 0.0 if job.starts[0] is None else float(job.starts[0].train.original[0, 0])
        for piece in range(1, 1_000_000):
            meet(self._port)
            there = np.full((1, 2), at + piece, dtype=np.float32)
            planes = PlanePoints(there, there), PlanePoints(there, there)
            moved = Projection(job.frames[0].step, self.name, *planes, None)
            yield ProjectionUpdate((moved,), 0.5, is_final=False)
