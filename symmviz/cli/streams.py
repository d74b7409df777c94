"""Output that outlives whoever reads it."""

import io
import sys
from typing import TextIO

from symmviz.cli.exit_status import FAILED


class SurvivingStream(io.TextIOBase):
    """Writes to a stream while it can be written, and to nowhere from then on.

    A training is not to end because the terminal it spoke to is closed, or a pipe's reader gone.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why what was to be kept is lost, such as a full disk; empty if a reader just left."""
        return self._failure

    @property
    def encoding(self) -> str:  # type: ignore[override]  # TextIOBase's own is a property too
        """Of the stream; UTF-8 where there is none."""
        return "utf-8" if self._stream is None else self._stream.encoding

    def write(self, text: str) -> int:
        """Write all of it, or nothing."""
        if self._stream is not None:
            try:
                self._stream.write(self._encodable(text))
            except (OSError, ValueError) as error:  # the reader has gone; the stream is closed
                self._give_up(error)
        return len(text)

    def _give_up(self, error: OSError | ValueError) -> None:
        self._stream = None
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            self._failure = error.strerror or str(error)

    def _encodable(self, text: str) -> str:
        """The text, with escapes for what the stream's encoding lacks."""
        encoding = self.encoding or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def flush(self) -> None:
        """Pass on what was written."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def isatty(self) -> bool:
        """Whether a person may be reading."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The file descriptor of the stream.

        Raises:
            io.UnsupportedOperation: if there is no stream.
        """
        if self._stream is None:
            raise io.UnsupportedOperation("nothing is read any more")
        return self._stream.fileno()


def survive_closed_output() -> None:
    """Let what reads this process's output go away without ending it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, SurvivingStream):
            setattr(sys, name, SurvivingStream(stream))


def output_status() -> int:
    """The exit status of a command whose result is what it printed: 1 where that was lost."""
    sys.stdout.flush()
    failure = sys.stdout.failure if isinstance(sys.stdout, SurvivingStream) else ""
    if not failure:
        return 0
    sys.stderr.write(f"symmviz: The output cannot be written ({failure}).\n")
    return FAILED
