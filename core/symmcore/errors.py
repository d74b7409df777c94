"""The errors and warnings whose message is for the user."""

import warnings
from functools import cache

_LONGEST = 200


class DegradedWarning(UserWarning):
    """Something works, but takes longer or is not kept: one sentence on why and what it costs."""


@cache
def warn_once(sentence: str) -> None:
    """Warn that something works with a cost; each sentence once in a process."""
    warnings.warn(sentence, DegradedWarning, stacklevel=2)


def one_line(error: BaseException | str) -> str:
    """What an error says, on one line of about 200 characters at most, without a full stop.

    Its type where it says nothing.
    """
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def type_and_line(error: BaseException) -> str:
    """The type of an error, and on the same line what it says: of libraries some say little."""
    text = one_line(error)
    name = type(error).__name__
    return name if text == name else f"{name}: {text}"


class ProcessLostError(Exception):
    """A process that worked for this one was ended from outside: one sentence on what to do."""


class InputError(ValueError):
    """A setting, name, file or folder that the user gave is wrong.

    The message is one sentence for the user: it names the value or file and says what
    would be right. The command line prints it and exits with 2; the window shows it.
    """


class RunError(InputError):
    """A file of a run cannot be used: one sentence that names the file and what is wrong."""
