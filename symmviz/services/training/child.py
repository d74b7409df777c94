"""The process that trains, as who talks to it has it."""

from typing import Protocol

from symmcore.child_process import ChildProcess
from symmviz.services.training.host import serve
from symmviz.services.training.messages import Report

NAME = "symmviz-training"


class Child(Protocol):
    """The other end: see :class:`~symmcore.child_process.ChildProcess`."""

    def send(self, message: object) -> None:
        """Send a command; raises OSError if it has died."""

    def receive(self) -> Report:
        """Wait for a report; raises EOFError or OSError if it has died."""

    def terminate(self) -> None:
        """Ask it to end."""

    def end(self, patience: float) -> int | None:
        """End it, if it has not ended after so many seconds; gives its exit code."""


def spawn_child() -> Child:
    """Start the process.

    Raises:
        OSError, RuntimeError: if that cannot be.
    """
    return ChildProcess(serve, NAME, has_children=True)


def exit_sentence(code: int | None) -> str:
    """What is said of a process that ended by itself, or by another's will."""
    how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended ({code})"
    memory = ", for want of memory perhaps" if code == -9 else ""
    return (
        f"The process that trains {how}{memory}. What was recorded is kept: Go on continues from "
        "its newest checkpoint."
    )
