"""Legends in a line of text: of markup that follows the palette, with as many names as fit."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QWidget

from symmviz.views.style.theme import Theme, current_theme
from symmviz.views.widgets.elided_label import elided

MORE = "..."
"""Stands for the names that are left out."""
LEAST_LETTERS = 10
"""A name is not cut to fewer letters: then the last ones are left out."""


class TextLegend(QLabel):
    """A label of markup that is made anew when the palette changes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._render()

    def _render(self) -> None:
        self.setText(self._markup(current_theme()))

    def _markup(self, theme: Theme) -> str:
        raise NotImplementedError


def fitted(
    names: list[str],
    metrics: QFontMetrics,
    room: int,
    between: str,
    least_letters: int = LEAST_LETTERS,
    cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> list[str]:
    """As many names as fit, each cut to its share: what a short one leaves, the long ones take.

    Args:
        names: as they are shown.
        metrics: of the font they are written in.
        room: pixels for all of them.
        between: what stands between two of them, or something as wide.
        least_letters: a longer name is cut to so many at least; the last are left out instead.
        cut: which part of a name is left out.
    """
    gap = metrics.horizontalAdvance(between)
    least = metrics.averageCharWidth() * least_letters
    widths = [metrics.horizontalAdvance(name) for name in names]
    count = len(names)
    while count and sum(min(width, least) + gap for width in widths[:count]) > room:
        count -= 1
    share = _share(sorted(widths[:count]), room - gap * count)
    return [
        name if width <= share else elided(name, metrics, share, cut)
        for name, width in zip(names[:count], widths, strict=False)
    ]


def _share(ascending: list[int], room: int) -> int:
    """The largest width that all can be cut to so that they fit the room together."""
    share = room
    for at, width in enumerate(ascending):
        share = room // (len(ascending) - at)
        if width > share:
            return share
        room -= width
    return max(share, ascending[-1] if ascending else 0)
