"""Queries that were looked at, to go back to and forward again."""

from symmviz.model.workspace import Selection

_MOST = 200


class QueryHistory:
    """Selections in the order in which they were made; a new one drops those ahead."""

    def __init__(self) -> None:
        self._entries: list[Selection] = []
        self._at = -1

    @property
    def can_go_back(self) -> bool:
        """Whether there is a query before."""
        return self._at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a query after."""
        return self._at + 1 < len(self._entries)

    def visit(self, selection: Selection) -> None:
        """A selection is shown; the one that is the newest already changes nothing."""
        if selection.asked is None or (self._at >= 0 and self._entries[self._at] == selection):
            return
        self._entries = [*self._entries[: self._at + 1], selection][-_MOST:]
        self._at = len(self._entries) - 1

    def back(self) -> Selection | None:
        """The selection before, which is the newest now; None where there is none."""
        return self._go(-1) if self.can_go_back else None

    def forward(self) -> Selection | None:
        """The selection after, which is the newest now; None where there is none."""
        return self._go(1) if self.can_go_forward else None

    def clear(self) -> None:
        """Other images are shown: there is nothing to go back to."""
        self._entries, self._at = [], -1

    def _go(self, by: int) -> Selection:
        self._at += by
        return self._entries[self._at]
