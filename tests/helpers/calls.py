"""What another process can be asked to do, for the tests of fetching."""

import os
import signal
import sys
import time
from pathlib import Path


def write(path: str) -> None:
    print("a bar that tears the terminal", file=sys.stderr)  # noqa: T201 - as libraries do
    print("and more")  # noqa: T201
    Path(path).write_text(str(os.getpid()))


def write_and_wait(path: str) -> None:
    write(path)
    time.sleep(600)


def fail(text: str) -> None:
    raise OSError(text)


def die(*_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def miss(name: str) -> None:
    raise KeyError(name)
