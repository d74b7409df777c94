"""Says on stderr how far preparations are."""

import shutil
import sys
import time

from symmcore.data.names import display_name

_SECONDS_BETWEEN_LINES = 5.0


class Preparing:
    """Over one line on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def say(self, text: str) -> None:
        """Say how far it is; empty for nothing."""
        now, text = time.monotonic(), display_name(text)
        if sys.stderr.isatty():
            # back to the start of the line, and clear the rest of it; a second line would stay
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{text[:width]}\x1b[K")
        elif text and now - self._said > _SECONDS_BETWEEN_LINES:
            self._said = now
            sys.stderr.write(f"{text}\n")

    def done(self) -> None:
        """Clear the line."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
