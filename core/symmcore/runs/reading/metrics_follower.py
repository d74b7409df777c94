"""Follows the metrics.jsonl of a run directory, while something may be appending to it."""

import os
from pathlib import Path
from typing import Any

from symmcore.errors import RunError
from symmcore.runs.formats.files import reason
from symmcore.runs.formats.layout import METRICS
from symmcore.runs.formats.metrics import LONGEST_LINE
from symmcore.runs.formats.metrics_cache import ANCHOR, anchor_of, read_cache
from symmcore.runs.formats.untrusted_files import open_file
from symmcore.runs.reading.index import RunIndex

_BLOCK = 2**18
# A fraction of a second: what is left comes with the next polls.
_MOST_A_POLL = 24 * 2**20
_MOST_LINES_A_POLL = 250_000
_MOST_DAMAGED_A_POLL = 20_000  # lines that take longer than others


class MetricsFollower:
    """Reads what is appended to a metrics.jsonl, each whole line once.

    A file that was cut or replaced is read anew: what it ended with is not there any more.
    """

    def __init__(self, run: Path, index: RunIndex) -> None:
        self._run = run
        self._index = index
        self._offset = 0
        self._anchor = b""
        self._skipping = False
        self._cache_read = False
        self._has_rest = False

    def poll(self) -> bool:
        """Take in what is new, at most so much that it takes a fraction of a second.

        Returns:
            Whether anything was taken in.

        Raises:
            RunError: if the file cannot be read.
        """
        path = self._run / METRICS
        try:
            with os.fdopen(open_file(self._run, path), "rb") as stream:
                if not self._cache_read:
                    self._cache_read = True
                    self._begin_with_cache(stream)
                if not self._goes_on(stream):
                    self._restart()
                grew = self._read(stream)
                self._warn()
                return grew
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RunError(f"{path} cannot be read ({reason(error)}).") from error

    def ends_within_line(self) -> bool:
        """Whether what the file ends with is no whole line, which no poll takes in."""
        if not self._has_rest:
            return False
        try:
            with os.fdopen(open_file(self._run, self._run / METRICS), "rb") as stream:
                stream.seek(-1, os.SEEK_END)
                return stream.read(1) != b"\n"
        except (RunError, OSError):  # the next poll says why
            return False

    def _begin_with_cache(self, stream: Any) -> None:
        """Take in at once what is cached of the file, if it is of this file."""
        cached = read_cache(self._run)
        if cached is None:
            return
        length = min(cached.size, ANCHOR)
        stream.seek(cached.size - length)
        anchor = stream.read(length)
        if len(anchor) == length and anchor_of(anchor) == cached.anchor:
            self._offset, self._anchor = cached.size, anchor
            self._index.set_metrics(cached.table)

    def _goes_on(self, stream: Any) -> bool:
        stream.seek(self._offset - len(self._anchor))
        return bool(stream.read(len(self._anchor)) == self._anchor)

    def _restart(self) -> None:
        self._offset, self._anchor, self._skipping = 0, b"", False
        self._index.restart_metrics()

    def _warn(self) -> None:
        count, first = self._index.damaged_lines
        lines = "1 line is" if count == 1 else f"{count:,} lines are"
        self._index.warn(
            "lines",
            f"{self._run / METRICS}: {lines} damaged and passed over, the first is line {first:,}."
            if count
            else None,
        )

    def _read(self, stream: Any) -> bool:
        stream.seek(self._offset)
        began, rest = self._offset, b""
        lines_left, (damaged, _) = _MOST_LINES_A_POLL, self._index.damaged_lines
        while (
            self._offset + len(rest) - began < _MOST_A_POLL
            and lines_left > 0
            and self._index.damaged_lines[0] - damaged < _MOST_DAMAGED_A_POLL
            and (block := stream.read(_BLOCK))
        ):
            *lines, rest = (rest + block).split(b"\n")
            lines_left -= len(lines)
            self._take(lines)
            if len(rest) > LONGEST_LINE:
                self._pass_over(rest)
                rest = b""
        self._has_rest = bool(rest) or self._skipping
        return self._offset != began

    def _take(self, lines: list[bytes]) -> None:
        if not lines:
            return
        content = b"\n".join(lines) + b"\n"
        self._offset += len(content)
        self._anchor = (self._anchor + content)[-ANCHOR:]
        if self._skipping:  # the end of a line that is none
            lines[0], self._skipping = b"", False
        # an empty line is damage too: nothing writes one
        self._index.add_lines(lines)

    def _pass_over(self, part: bytes) -> None:
        """Forget a part of a line that is longer than any line of a run."""
        self._offset += len(part)
        self._anchor = (self._anchor + part)[-ANCHOR:]
        self._skipping = True
