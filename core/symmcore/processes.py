"""Processes that this program starts: none of them imports anything from the current folder.

People go into the folder of a dataset that they downloaded and start a program there. Python puts
the current folder first on the import path of whatever is started with ``-c`` or ``-m``, as
``multiprocessing`` starts its processes, so that a ``random.py`` in that folder would run.

A subprocess serves for calls that cannot be ended otherwise, or that may end their process.
Downloads are the one: the libraries report to a terminal alone, so how far one is shows in the
folder it fills. Readers in C of files from outside are the other. The process is this module,
so that it runs nothing of the program that asks.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

from symmcore.errors import InputError, one_line, type_and_line

_SECONDS_BETWEEN_POLLS = 0.2
_POLL_SHARE = 4  # a poll of a large folder takes at most one part in so many and one
_SECONDS_TO_TERMINATE = 1.0
_SAFE_PATH = "PYTHONSAFEPATH"  # what -P is to one process, to all that inherit it
_PATH = "PYTHONPATH"
_WAIT_POLICY, _PASSIVE = "OMP_WAIT_POLICY", "passive"

_STARTING = threading.Lock()


def default_threads(spare: int = 0) -> int:
    """Threads to compute with: as many as the user's OMP_NUM_THREADS says, or a core each.

    Args:
        spare: cores to leave to others; at least one where threads spin while they wait.
    """
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if told.isdecimal() and int(told) > 0:
        return min(int(told), usable_cores())
    if not idle_threads_sleep():
        spare = max(1, spare)
    return max(1, usable_cores() - spare)


def usable_cores() -> int:
    """Cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def let_idle_threads_sleep() -> None:
    """Have threads of OpenMP, which torch computes with, sleep while they wait for each other.

    For a program, at its start: they read it when torch is loaded, and spin otherwise, which takes
    the core that another thread or process computes on: with as many threads as cores a training
    then takes many times as long as soon as anything else runs. What the user chose stays.
    """
    if _WAIT_POLICY not in os.environ:
        os.environ[_WAIT_POLICY] = _PASSIVE
        os.environ.setdefault("GOMP_SPINCOUNT", "0")


def idle_threads_sleep() -> bool:
    """Whether :func:`let_idle_threads_sleep` was called, or the user has chosen the same."""
    return os.environ.get(_WAIT_POLICY, "").strip().lower() == _PASSIVE


class _Process(SpawnProcess):
    """A spawned process that starts without the current folder on its import path."""

    def start(self) -> None:
        """Start the process, without the current folder on its import path."""
        with _safe_path():
            super().start()


class _Context(SpawnContext):
    """Spawns such processes, its own and those of pools that are given it."""

    Process = _Process


def spawn_context() -> SpawnContext:
    """Return a context of multiprocessing whose processes leave out the current folder.

    Where the program itself has that folder on its path, as an interactive interpreter does,
    the processes have it too, after Python's own modules were imported.
    """
    if hasattr(os, "fork"):  # what POSIX keeps track of shared resources with is a process too
        with _safe_path():
            resource_tracker.ensure_running()
    return _Context()


def leave_out_current_folder() -> None:
    """Keep this process, and all it will start, from importing from the current folder.

    For a program, at its start. A PYTHONPATH that names the current folder is obeyed; an
    empty entry in it, which a trailing colon makes and which means the same, is not.
    """
    os.environ[_SAFE_PATH] = "1"
    sys.path[:] = [entry for entry in sys.path if entry]
    given = os.environ.get(_PATH, "")
    named = given.split(os.pathsep)
    if not given or "" not in named:  # what else leads there was installed to, as a checkout is
        return
    kept = [entry for entry in named if entry]
    os.environ[_PATH] = os.pathsep.join(kept)
    here = str(Path.cwd())
    if here not in (str(Path(entry).absolute()) for entry in kept):
        sys.path[:] = [entry for entry in sys.path if entry != here]


def lower_priority(by: int = 10) -> None:
    """Have the system run this process after others, where it knows priorities."""
    if hasattr(os, "nice"):
        os.nice(by)


class CallError(Exception):
    """What was called failed: why, in one line."""


def call_in_subprocess(
    function: Callable[..., None], arguments: tuple[str, ...], poll: Callable[[], None]
) -> None:
    """Call ``function(*arguments)`` in another process, and wait for it.

    Args:
        function: of a module, so that the other process can import it.
        arguments: its arguments.
        poll: called here now and then; when it raises, the process is ended.

    Raises:
        CallError: if it raised, or its process died.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    # The module, the function and the arguments are this program's.
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", __name__, name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # an interrupt at the terminal is for this process to handle
    )
    try:
        pause = _SECONDS_BETWEEN_POLLS
        while not _has_ended(child, pause):
            began = time.perf_counter()
            poll()
            pause = max(_SECONDS_BETWEEN_POLLS, _POLL_SHARE * (time.perf_counter() - began))
        if child.returncode != 0:
            poll()  # whoever wants it to end may have ended it
            assert child.stdout is not None, "it is a pipe"
            problem = child.stdout.read().decode(errors="replace").strip()
            raise CallError(problem or f"its process ended with code {child.returncode}")
    finally:
        _end(child)


@contextmanager
def scratch_folder(part: Path) -> Iterator[None]:
    """An empty folder to work in; gone afterwards.

    Only for who holds a lock on it: what a process left there that was killed is removed.

    Raises:
        OSError: if it cannot be made.
    """
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(part, ignore_errors=True)


def bytes_in(folder: Path) -> int:
    """How many bytes the files below a folder take, while others write there."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # it was renamed or removed meanwhile
                total += (Path(root) / name).lstat().st_size
    return total


@contextmanager
def _safe_path() -> Iterator[None]:
    """Start processes here: they inherit that the current folder is no part of the path."""
    with _STARTING:
        before = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_SAFE_PATH]
            else:
                os.environ[_SAFE_PATH] = before


def _has_ended(child: "subprocess.Popen[bytes]", patience: float) -> bool:
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(child: "subprocess.Popen[bytes]") -> None:
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None, "both were asked for"
        pipe.close()
    child.terminate()
    if not _has_ended(child, _SECONDS_TO_TERMINATE):
        child.kill()
        child.wait()


def _main(name: str, *arguments: str) -> int:
    """What the other process does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What libraries print is not the answer.
    answer = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    module, _, function = name.partition(":")
    try:
        getattr(import_module(module), function)(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a library or a server comes up with
        # What these say is for people; of others the type may be half of it.
        plain = isinstance(error, InputError | OSError)
        said = one_line(error) if plain else type_and_line(error)
        os.write(answer, said.encode(errors="replace"))
        return 1
    return 0


def _end_with_parent() -> None:
    """Nobody waits for what was asked by a process that was killed."""
    sys.stdin.buffer.read()  # until the other end is closed
    os._exit(1)


if __name__ == "__main__":
    # At once: the thread that waits for the parent cannot be joined.
    os._exit(_main(*sys.argv[1:]))
