"""What becomes of a fault of this program in a thread that goes on."""

import threading

from symmcore.errors import InputError, one_line, type_and_line

_EXPECTED = (InputError, OSError, RuntimeError)


def ignore_problem(sentence: str) -> None:
    """Say nothing: for whoever has no window to say it in."""


def report_fault(error: Exception) -> None:
    """Report an exception as one that ended this thread is: on stderr, by default."""
    current = threading.current_thread()
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, current))
    )


def error_sentence(error: Exception) -> str:
    """What an error is shown as: its own words if it is a user's, else its type and a line.

    A fault of this program is reported, too.
    """
    report_unexpected(error)
    if isinstance(error, _EXPECTED):
        return str(error) or one_line(error)
    return f"{type_and_line(error)}."


def report_unexpected(error: Exception) -> None:
    """Report an error if it is a fault of this program, and no user's, system's or library's."""
    if not isinstance(error, _EXPECTED):
        report_fault(error)
