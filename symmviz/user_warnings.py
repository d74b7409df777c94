"""Warnings as a person can use them: this program's own as sentences, those of libraries not."""

import sys
import warnings
from collections.abc import Callable
from typing import TextIO

from symmcore.errors import DegradedWarning


def show_warnings(say: Callable[[str], None]) -> None:
    """Show warnings in the words of this program from here on, for a process of its own.

    What libraries warn of speaks of their code, and nobody here can mend it; what matters of it
    is said by whoever calls them. Where Python was told how to treat warnings (``-W``,
    PYTHONWARNINGS) they all stay as they are.

    Args:
        say: takes a sentence; called in any thread.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, DegradedWarning):
            say(str(message))

    if not sys.warnoptions:
        warnings.showwarning = show


def say_on_stderr(sentence: str) -> None:
    """Write a sentence as a line of its own, over a line of progress where there is one."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}symmviz: {sentence}\n")
