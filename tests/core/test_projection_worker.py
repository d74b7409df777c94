import contextlib
import importlib
import json
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symmcore.pipe import receive, send
from symmcore.projection.base import ProjectionJob, ProjectionSettings, ProjectionUpdate
from symmcore.projection.pca import PcaProjector
from symmcore.projection.worker import SUBMISSIONS_PER_RESTART, ProjectionWorker
from symmcore.records import Projection

HELPERS = Path(__file__).parents[1] / "helpers"
PATIENCE = 20.0  # how long a test waits for what must happen, before it fails

posix = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


Array = np.ndarray
MakeWorker = Callable[..., ProjectionWorker]


class Heard:
    """What a worker has told: results and errors, in order."""

    def __init__(self) -> None:
        self._told: queue.Queue[Any] = queue.Queue()

    def on_update(self, job: ProjectionJob, update: ProjectionUpdate) -> None:
        assert steps(update.projections) == [frame.step for frame in job.frames]
        kind = "result" if update.is_final else "partial"
        self._told.put((kind, update.projections, threading.current_thread().name))

    def on_error(self, text: str, job: ProjectionJob | None) -> None:
        assert (job is None) == text.startswith("The projection process")
        self._told.put(("error", text, threading.current_thread().name))

    def next(self, kind: str) -> Any:
        told, what, thread = self._told.get(timeout=PATIENCE)
        assert told == kind, what
        assert thread == "projection"
        return what

    def nothing(self) -> bool:
        return self._told.empty()


class Gate:
    """Where the process waits for the test; see ``helpers_projection.meet``."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(PATIENCE)
        self.port = self._server.getsockname()[1]
        self._inside: list[socket.socket] = []

    def wait(self) -> None:
        """Wait until the process is at the gate."""
        self._inside.append(self._server.accept()[0])

    def open(self) -> None:
        """Let it through."""
        with self._inside.pop() as connection:
            connection.sendall(b"g")

    def close(self) -> None:
        for connection in (*self._inside, self._server):
            connection.close()


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # The process takes over sys.path, and so finds this module by the same name.
    monkeypatch.syspath_prepend(HELPERS)
    return importlib.import_module("helpers_projection")


@pytest.fixture
def gate() -> Iterator[Gate]:
    with contextlib.closing(Gate()) as gate:
        yield gate


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def make_worker(heard: Heard) -> Iterator[MakeWorker]:
    """Make started workers; close them after the test, and see that nothing is left."""
    workers = []

    def make(*factory: Any) -> ProjectionWorker:
        workers.append(ProjectionWorker(heard.on_update, heard.on_error, *factory))
        workers[-1].start()
        return workers[-1]

    yield make
    for worker in workers:
        worker.close(PATIENCE)
    assert_nothing_left()


def assert_nothing_left() -> None:
    assert "projection" not in {thread.name for thread in threading.enumerate()}
    assert multiprocessing.active_children() == []


def process_id() -> int:
    (process,) = multiprocessing.active_children()
    assert process.name == "projection"
    assert process.pid is not None
    return process.pid


def steps(projections: Iterable[Projection]) -> list[int]:
    return [projection.step for projection in projections]


def test_projects_every_run_as_the_projector_does(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker, here = make_worker(), PcaProjector()
    for step in (10, 20):
        frames = doubles.make_frame(step, seed=1), doubles.make_frame(step, seed=2)
        worker.submit(doubles.make_job(*frames))
        results, expected = heard.next("result"), here.project(frames, (None, None))
        assert steps(results) == [step, step]
        for result, wanted in zip(results, expected, strict=True):
            assert result.explained == pytest.approx(wanted.explained)
            for split in ("train", "test"):
                for kind in ("original", "synthetic"):
                    points = getattr(getattr(result, split), kind)
                    assert points.dtype == np.float32
                    assert points.flags.c_contiguous
                    assert not points.flags.writeable
                    there = getattr(getattr(wanted, split), kind)
                    np.testing.assert_allclose(points, there, atol=1e-5)


def test_newest_frames_win(
    make_worker: MakeWorker, heard: Heard, gate: Gate, doubles: ModuleType
) -> None:
    worker = make_worker(partial(doubles.Gated, gate.port))
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    gate.wait()
    for step in (2, 3, 4):
        worker.submit(doubles.make_job(doubles.make_frame(step)))
    gate.open()
    gate.wait()
    gate.open()
    assert steps(heard.next("result")) == [1]
    assert steps(heard.next("result")) == [4]
    assert heard.nothing()


def x_of(projections: Iterable[Projection]) -> float:
    (projection,) = projections
    return float(projection.train.original[0, 0])


def test_a_job_whose_points_move_is_left_for_a_newer_one(
    make_worker: MakeWorker, heard: Heard, gate: Gate, doubles: ModuleType
) -> None:
    worker = make_worker(partial(doubles.Moving, gate.port))
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    gate.wait()
    gate.open()
    assert x_of(heard.next("partial")) == 1.0
    gate.wait()
    worker.submit(doubles.make_job(doubles.make_frame(2)))
    deadline = time.monotonic() + PATIENCE
    while True:  # the worker's thread cancels within a moment of ours
        gate.open()
        gate.wait()
        gate.open()
        if steps(projections := heard.next("partial")) == [2]:
            break
        assert time.monotonic() < deadline
        gate.wait()
    assert x_of(projections) == 1.0


@posix
@pytest.mark.parametrize(("is_live", "expected"), [(True, 2.0), (False, 1.0)])
def test_live_points_go_on_in_a_new_process_and_recorded_ones_begin_anew(
    is_live: bool,
    expected: float,
    make_worker: MakeWorker,
    heard: Heard,
    gate: Gate,
    doubles: ModuleType,
) -> None:
    worker = make_worker(partial(doubles.Moving, gate.port))
    job = doubles.make_job(doubles.make_frame(1))
    worker.submit(replace(job, settings=ProjectionSettings(is_live=is_live)))
    gate.wait()
    gate.open()
    assert x_of(heard.next("partial")) == 1.0
    gate.wait()
    os.kill(process_id(), signal.SIGKILL)
    assert "ended unexpectedly" in heard.next("error")
    gate.wait()
    gate.open()
    assert x_of(heard.next("partial")) == expected


def test_frames_before_start_are_kept(heard: Heard, doubles: ModuleType) -> None:
    worker = ProjectionWorker(heard.on_update, heard.on_error)
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    worker.submit(doubles.make_job())
    worker.start()
    assert steps(heard.next("result")) == [1]
    worker.close(PATIENCE)


def test_callback_may_submit(heard: Heard, doubles: ModuleType) -> None:
    def on_update(job: ProjectionJob, update: ProjectionUpdate) -> None:
        heard.on_update(job, update)
        if steps(update.projections) == [1]:
            worker.submit(doubles.make_job(doubles.make_frame(2)))

    worker = ProjectionWorker(on_update, heard.on_error)
    worker.start()
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    assert steps(heard.next("result")) == [1]
    assert steps(heard.next("result")) == [2]
    worker.close(PATIENCE)


def test_failure_is_told_once_and_work_goes_on(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker = make_worker(doubles.Failing)
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    line, _, details = heard.next("error").partition("\n")
    assert line == "The picture of step 1 failed: ArithmeticError: odd step 1"
    assert "Traceback" in details
    worker.submit(doubles.make_job(doubles.make_frame(2)))
    assert steps(heard.next("result")) == [2]
    assert heard.nothing()


@posix
def test_killed_process_is_replaced_and_its_job_done(
    make_worker: MakeWorker, heard: Heard, gate: Gate, doubles: ModuleType
) -> None:
    worker = make_worker(partial(doubles.Gated, gate.port))
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    gate.wait()
    os.kill(process_id(), signal.SIGKILL)
    assert "ended unexpectedly (exit code -9)" in heard.next("error")
    gate.wait()
    gate.open()
    assert steps(heard.next("result")) == [1]


@posix
def test_process_killed_while_idle_is_replaced(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker = make_worker()
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    heard.next("result")
    os.kill(process_id(), signal.SIGKILL)
    worker.submit(doubles.make_job(doubles.make_frame(2)))
    assert "ended unexpectedly" in heard.next("error")
    assert steps(heard.next("result")) == [2]


def test_deadly_frames_do_not_make_a_storm(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker = make_worker(doubles.Deadly)
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    assert "exit code 3" in heard.next("error")  # and once more with a new process:
    assert "exit code 3" in heard.next("error")
    assert heard.next("error") == missing(1)
    for step in range(1, SUBMISSIONS_PER_RESTART):
        worker.submit(doubles.make_job(doubles.make_frame(step)))
        assert heard.next("error") == missing(step)  # no process is started for it
    worker.submit(doubles.make_job(doubles.make_frame(50)))
    assert "exit code 3" in heard.next("error")
    assert heard.next("error") == missing(50)
    worker.close(PATIENCE)
    assert heard.nothing()


def test_jobs_are_answered_where_no_process_starts(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker = make_worker(doubles.Unmakeable)
    assert "exit code 4" in heard.next("error")
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    assert "exit code 4" in heard.next("error")
    assert heard.next("error") == missing(1)
    worker.submit(doubles.make_job(doubles.make_frame(2)))
    assert heard.next("error") == missing(2)
    worker.close(PATIENCE)
    assert heard.nothing()


def missing(step: int) -> str:
    return f"The picture of step {step} is missing: the projection process ended."


@pytest.mark.parametrize("moment", ["at once", "starting", "idle", "computing"])
def test_close_at_any_moment(
    moment: str, make_worker: MakeWorker, heard: Heard, gate: Gate, doubles: ModuleType
) -> None:
    if moment == "starting":
        worker = make_worker(partial(doubles.GatedStart, gate.port))
        worker.submit(doubles.make_job(doubles.make_frame(1)))
        gate.wait()
    else:
        worker = make_worker(partial(doubles.Gated, gate.port))
    if moment in ("idle", "computing"):
        worker.submit(doubles.make_job(doubles.make_frame(1)))
        gate.wait()
    if moment == "idle":
        gate.open()
        heard.next("result")
    began = time.monotonic()
    worker.close(2.0)
    assert time.monotonic() - began < 1.5
    assert_nothing_left()
    worker.submit(doubles.make_job(doubles.make_frame(2)))
    worker.close(2.0)
    assert heard.nothing()
    with pytest.raises(RuntimeError, match="closed"):
        worker.start()


def test_close_before_start_and_double_start(make_worker: MakeWorker) -> None:
    unstarted = ProjectionWorker(print, print)
    unstarted.close(0.0)
    unstarted.close(0.0)
    with pytest.raises(RuntimeError, match="closed"):
        unstarted.start()
    with pytest.raises(RuntimeError, match="once"):
        make_worker().start()


@posix
def test_close_kills_a_process_that_does_not_end(
    make_worker: MakeWorker, gate: Gate, doubles: ModuleType
) -> None:
    worker = make_worker(partial(doubles.Gated, gate.port))
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    gate.wait()
    os.kill(process_id(), signal.SIGSTOP)  # cannot see SIGTERM now
    began = time.monotonic()
    worker.close(0.6)
    assert time.monotonic() - began < 0.6
    assert_nothing_left()


@posix
def test_interrupt_is_the_parents_business(
    make_worker: MakeWorker, heard: Heard, gate: Gate, doubles: ModuleType
) -> None:
    worker = make_worker(partial(doubles.Gated, gate.port))
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    gate.wait()
    os.kill(process_id(), signal.SIGINT)
    gate.open()
    assert steps(heard.next("result")) == [1]


@posix
def test_interrupt_of_a_process_that_still_imports(
    make_worker: MakeWorker, heard: Heard, doubles: ModuleType
) -> None:
    worker = make_worker()
    deadline = time.monotonic() + PATIENCE
    while not multiprocessing.active_children():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(process_id(), signal.SIGINT)
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    assert steps(heard.next("result")) == [1]


@posix
def test_only_the_process_has_interrupts_blocked(doubles: ModuleType) -> None:
    told: queue.Queue[Any] = queue.Queue()
    # each callback runs on the thread that has started the process
    worker = ProjectionWorker(
        lambda *_: told.put(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        lambda *_: told.put(None),
    )
    worker.start()
    worker.submit(doubles.make_job(doubles.make_frame(1)))
    blocked = told.get(timeout=PATIENCE)
    worker.close(PATIENCE)
    assert signal.SIGINT not in blocked


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts in /proc")
def test_no_pipe_is_left(doubles: ModuleType) -> None:
    def files_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def run() -> None:
        heard = Heard()
        worker = ProjectionWorker(heard.on_update, heard.on_error, doubles.Failing)
        worker.start()
        worker.submit(doubles.make_job(doubles.make_frame(2)))
        heard.next("result")
        worker.close(PATIENCE)

    run()  # the first one starts multiprocessing's resource tracker, which stays
    before = files_open()
    run()
    assert files_open() == before


PROGRAM = """
import json, os, queue, signal, sys
from symmcore.projection.worker import ProjectionWorker
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.path.insert(0, sys.argv[1])
import helpers_projection as doubles
told = queue.Queue()
worker = ProjectionWorker(
    lambda _, update: told.put(update.projections),
    lambda *error: told.put(error),
    doubles.Inspecting,
)
worker.start()
worker.submit(doubles.make_job(doubles.make_frame(1)))
(result,) = told.get(timeout=20)
print(result.method)
"""


def run_program(ending: str) -> tuple[int, list[str]]:
    """Run it in an interpreter of its own; gives its exit status and lines.

    It waits for every process that has the program's output open, so for the worker's.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM + ending, str(HELPERS)],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_loads_no_more_than_it_needs() -> None:
    status, (here, there) = run_program("worker.close(20)")
    assert status == 0
    assert not {"torch", "PySide6", "scipy", "sklearn"} & set(json.loads(here))
    found = json.loads(there)
    assert not {"torch", "PySide6"} & set(found["modules"])
    assert "scipy" in found["modules"]
    assert found["threads"]
    assert set(found["threads"]) == {1}


def test_forgotten_worker_does_not_keep_the_program() -> None:
    assert run_program("")[0] == 0


@posix
def test_process_ends_with_its_parent() -> None:
    ending = "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    assert run_program(ending)[0] == -signal.SIGKILL


def test_pipe_carries_arrays_as_they_are() -> None:
    ours, theirs = multiprocessing.Pipe()
    message: dict[str, Array] = {
        "large": np.arange(300_000, dtype=np.float32).reshape(-1, 3),
        "empty": np.zeros((0, 2), dtype=np.float32),
        "not contiguous": np.arange(10)[::2],
    }
    with ours, theirs:
        sender = threading.Thread(target=send, args=(ours, message))
        sender.start()
        received = receive(theirs)
        sender.join(PATIENCE)
    for name, array in message.items():
        np.testing.assert_array_equal(received[name], array)
        assert received[name].dtype == array.dtype
    assert not received["large"].flags.writeable
