"""What was looked at, to go back to and forward again."""

from typing import Generic, TypeVar

from symmviz.model.workspace import Selection

_Entry = TypeVar("_Entry")
_MOST = 200


class History(Generic[_Entry]):
    """Entries in the order in which they were made; a new one drops those ahead."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._at = -1

    @property
    def can_go_back(self) -> bool:
        """Whether there is one before."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is one after."""
        return self._at + 1 < len(self._entries)

    def visit(self, entry: _Entry) -> None:
        """An entry is shown; the one that is the newest already changes nothing."""
        if self._at >= 0 and self._entries[self._at] == entry:
            return
        self._entries = [*self._entries[: self._at + 1], entry][-_MOST:]
        self._at = len(self._entries) - 1

    def back(self) -> _Entry | None:
        """The one before, which is the newest now; None where there is none."""
        return self._go(-1) if self.can_go_back else None

    def forward(self) -> _Entry | None:
        """The one after, which is the newest now; None where there is none."""
        return self._go(1) if self.can_go_forward else None

    def clear(self) -> None:
        """Other images are shown: there is nothing to go back to."""
        self._entries, self._at = [], -1

    def _go(self, by: int) -> _Entry:
        self._at += by
        return self._entries[self._at]


class QueryHistory(History[Selection]):
    """Queries that were looked at."""

    def visit(self, entry: Selection) -> None:
        """A selection is shown; one of nothing is none to go back to."""
        if entry.asked is not None:
            super().visit(entry)
