"""What becomes of a fault of this program in a thread that goes on."""

import threading


def ignore_problem(sentence: str) -> None:
    """Say nothing: for whoever has no window to say it in."""


def report_fault(error: Exception) -> None:
    """Report an exception as one that ended this thread is: on stderr, by default."""
    current = threading.current_thread()
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, current))
    )
