"""Calls in a process of their own: of what cannot be ended otherwise, or may end its process.

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
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.2
_LOOK_SHARE = 4  # a look at a large folder takes at most one part in so many and one
_SECONDS_TO_TERMINATE = 1.0


class ApartError(Exception):
    """What was called failed: why, in one line."""


def call_apart(
    function: Callable[..., None], arguments: tuple[str, ...], look: Callable[[], None]
) -> None:
    """Call ``function(*arguments)`` in another process, and wait for it.

    Args:
        function: of a module, so that the other process can import it.
        arguments: its arguments.
        look: called here now and then; when it raises, the process is ended.

    Raises:
        ApartError: if it raised, or its process died.
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
        pause = _SECONDS_BETWEEN_LOOKS
        while not _has_ended(child, pause):
            began = time.perf_counter()
            look()
            pause = max(_SECONDS_BETWEEN_LOOKS, _LOOK_SHARE * (time.perf_counter() - began))
        if child.returncode != 0:
            look()  # whoever wants it to end may have ended it
            assert child.stdout is not None, "it is a pipe"
            problem = child.stdout.read().decode(errors="replace").strip()
            raise ApartError(problem or f"its process ended with code {child.returncode}")
    finally:
        _end(child)


@contextmanager
def emptied(part: Path) -> Iterator[None]:
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


def one_line(error: BaseException) -> str:
    """What an error says, or its kind if it says nothing."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


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
        os.write(answer, one_line(error).encode())
        return 1
    return 0


def _end_with_parent() -> None:
    """Nobody waits for what was asked by a process that was killed."""
    sys.stdin.buffer.read()  # until the other end is closed
    os._exit(1)


if __name__ == "__main__":
    # At once: the thread that waits for the parent cannot be joined.
    os._exit(_main(*sys.argv[1:]))
