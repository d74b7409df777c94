"""Progress of a task that takes a while, as data and as a sentence for people."""

from collections.abc import Callable
from dataclasses import dataclass

_MEGABYTE, _GIGABYTE = 10**6, 10**9


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of one task.

    Attributes:
        what: begins a sentence: "Decoding images".
        done: how much is done: images, or bytes.
        count: of how many, where that is known.
        in_bytes: whether bytes are counted.
        roughly: whether the count is only about right.
        note: what else there is to say.
    """

    what: str
    done: int
    count: int | None = None
    in_bytes: bool = False
    roughly: bool = False
    note: str = ""

    def sentence(self) -> str:
        """The progress as a sentence: "Fetching Omniglot: 3.2 of about 16 MB"."""
        text = f"{self.what}: {self._amount(self.done)}"
        if self.count is not None:
            text += f" of {'about ' if self.roughly else ''}{self._amount(self.count)}"
        if self.in_bytes:
            text += " MB"
        return f"{text} ({self.note})" if self.note else text

    def _amount(self, number: int) -> str:
        if not self.in_bytes:
            return f"{number:,}"
        megabytes = number / _MEGABYTE
        return f"{megabytes:,.1f}" if megabytes < 100 else f"{megabytes:,.0f}"


def byte_count(count: int) -> str:
    """A number of bytes for people: "590 MB", "23.6 GB"."""
    if count < _MEGABYTE:
        return "less than 1 MB"
    if count < _GIGABYTE:
        return f"{count / _MEGABYTE:,.0f} MB"
    return f"{count / _GIGABYTE:,.1f} GB"


ProgressCallback = Callable[[Progress], None]
"""Called now and then in the thread that works. To cancel, it raises: what was half done is
then removed, and its exception goes on to the caller."""


def ignore_progress(_: Progress) -> None:
    """Drop the progress: nobody waits for it."""
