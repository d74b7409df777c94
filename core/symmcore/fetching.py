"""Downloads, each in a process of its own: the only way to end one that was begun.

The libraries that download report to a terminal alone; how far one is shows in the folder it
fills.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_TO_TERMINATE = 1.0


class FetchError(Exception):
    """A download failed: why, in one line."""


def fetch(
    download: Callable[..., None], arguments: tuple[str, ...], look: Callable[[], None]
) -> None:
    """Call ``download(*arguments)`` in another process, and wait for it.

    Args:
        download: a function of a module, so that the other process can import it.
        arguments: its arguments.
        look: called here now and then; when it raises, the process is ended.

    Raises:
        FetchError: if it raised, or its process died.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(
        target=_call, args=(theirs, download, arguments), name="download", daemon=True
    )
    try:
        child.start()
        theirs.close()  # else the child's death would not end our reading
        while not ours.poll(_SECONDS_BETWEEN_LOOKS):
            look()
        try:
            problem = ours.recv_bytes().decode()
        except EOFError:
            child.join()
            problem = f"its process ended with code {child.exitcode}"
        if problem:
            raise FetchError(problem)
    finally:
        ours.close()
        _end(child)


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


def _end(child: SpawnProcess) -> None:
    if child.pid is None:
        return
    child.terminate()
    child.join(_SECONDS_TO_TERMINATE)
    if child.is_alive():
        child.kill()
        child.join()
    child.close()


def _call(answer: Connection, download: Callable[..., None], arguments: tuple[str, ...]) -> None:
    """What the other process does."""
    parent = parent_process()
    assert parent is not None, "started by another"
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    # What libraries write to the terminal would tear what is shown there.
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        download(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a library or a server comes up with
        answer.send_bytes(one_line(error).encode())
    else:
        answer.send_bytes(b"")


def _end_with(sentinel: int) -> None:
    """Nobody waits for a download whose process was killed."""
    wait([sentinel])
    os._exit(1)
