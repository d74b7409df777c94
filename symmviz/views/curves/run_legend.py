"""Legend in a line of text: which colour and symbol of the shared plots is which run."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.curve import LegendEntry
from symmviz.model.names import shown_name, without_shared_start
from symmviz.views.style.run_colours import symbol_markup
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.plain_tip import plain_tip
from symmviz.views.widgets.text_legend import MORE, TextLegend, fitted

_BETWEEN = "■    "  # as wide as a symbol and what stands between two titles
_Line = list[tuple[int, str | None]]
"""Which entries, and their titles as far as they fit; None for those that are left out."""


class RunLegend(TextLegend):
    """Which colour and symbol is which run; a click on one hides or shows its lines."""

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
        return "<br>".join(
            " &nbsp;&nbsp; ".join(
                MORE if title is None else self._entry(theme, at, self._entries[at], title)
                for at, title in line
            )
            for line in self._lines()
        )

    def _lines(self) -> list[_Line]:
        """The titles in one line, or in two where that is too short.

        What all begin with tells nothing apart, and goes before any of them is cut.
        """
        metrics = self.fontMetrics()
        room = self.width() - metrics.horizontalAdvance(MORE)
        lines: list[_Line] = []
        titles = [one.title for one in self._entries]
        for names in (titles, without_shared_start(titles)):
            shown = list(map(shown_name, names))
            for is_one in (True, False):
                lines = _in_lines(shown, metrics, room, is_one=is_one)
                if [title for line in lines for _, title in line] == shown:
                    return lines
        return lines

    def _entry(self, theme: Theme, at: int, entry: LegendEntry, title: str) -> str:
        colour = theme.muted if entry.hidden else theme.run_colour(entry.place)
        text = theme.muted if entry.hidden else theme.text
        words = f"<s>{escape(title)}</s>" if entry.hidden else escape(title)
        symbol = symbol_markup(entry.place, colour)
        words = f"<span style='color:{text}'>{words}</span>"
        return f"<a href='{at}' style='text-decoration:none'>{symbol} {words}</a>"


def _in_lines(titles: list[str], metrics: QFontMetrics, room: int, *, is_one: bool) -> list[_Line]:
    """As many titles as fit into one or two lines, each cut to its share of the room."""
    widths = [metrics.horizontalAdvance(title + _BETWEEN) for title in titles]
    end = len(titles)
    if end > 1 and not is_one:
        end = min(range(1, end), key=lambda at: max(sum(widths[:at]), sum(widths[at:])))
    lines: list[_Line] = []
    for first, part in ((0, titles[:end]), (end, titles[end:])):
        fit = fitted(part, metrics, room, _BETWEEN, cut=Qt.TextElideMode.ElideMiddle)
        line: _Line = [(first + at, title) for at, title in enumerate(fit)]
        if len(fit) < len(part):  # none after those that are left out
            return [*lines, [*line, (first + len(fit), None)]]
        if line:
            lines.append(line)
    return lines
