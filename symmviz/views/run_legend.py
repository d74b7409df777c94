"""Legend in a line of text: which colour of the shared plots is which run."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.curve import LegendEntry
from symmviz.model.names import shown_name, without_shared_start
from symmviz.views.legend import MORE, ThemedLabel, fitted
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import Theme


class RunLegend(ThemedLabel):
    """Which colour is which run; a click on one hides or shows its lines."""

    toggled = Signal(int)
    """The user wants the lines of this entry hidden, or shown again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of runs may be of any length too: what does not fit is in the tooltip.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.setAccessibleName("Runs: activate one to hide or show its lines")
        self.linkActivated.connect(lambda link: self.toggled.emit(int(link)))
        self._entries: tuple[LegendEntry, ...] = ()

    def set_entries(self, entries: tuple[LegendEntry, ...]) -> None:
        """Explain these runs."""
        self._entries = entries
        titles = "\n".join(shown_name(entry.title) for entry in entries)
        hint = "\nClick a run to hide its lines, or to show them again." if entries else ""
        self.setToolTip(plain_tip(titles + hint))
        self._render()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut each title to its share of the room there is now."""
        super().resizeEvent(event)
        self._render()

    def _markup(self, theme: Theme) -> str:
        metrics = self.fontMetrics()
        room = self.width() - metrics.horizontalAdvance(MORE)
        whole = [one.title for one in self._entries]
        titles = _fitted(whole, metrics, room)
        if titles != list(map(shown_name, whole)):  # what all begin with tells nothing apart
            titles = _fitted(without_shared_start(whole), metrics, room)
        parts = [
            self._entry(theme, at, entry, title)
            for at, (entry, title) in enumerate(zip(self._entries, titles, strict=False))
        ]
        all_there = len(titles) == len(self._entries)
        return " &nbsp;&nbsp; ".join(parts if all_there else (*parts, MORE))

    def _entry(self, theme: Theme, at: int, entry: LegendEntry, title: str) -> str:
        colour = theme.muted if entry.hidden else theme.run_colour(entry.place)
        mark = "□" if entry.hidden else "■"
        text = theme.muted if entry.hidden else theme.text
        words = f"<s>{escape(title)}</s>" if entry.hidden else escape(title)
        square = f"<span style='color:{colour}'>{mark}</span>"
        words = f"<span style='color:{text}'>{words}</span>"
        return f"<a href='{at}' style='text-decoration:none'>{square} {words}</a>"


def _fitted(titles: list[str], metrics: QFontMetrics, room: int) -> list[str]:
    """As many titles as fit, each with its square and cut to its share of the room."""
    return fitted([shown_name(one) for one in titles], metrics, room, "■    ")
