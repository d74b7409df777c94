"""Legend in a line of text: what the colours of points mean."""

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.model.display import ColourBy
from symmviz.model.names import shown_name
from symmviz.views.elided_label import elided
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import Theme, current_theme

# More names than this do not fit a line; hovering tells a point's class.
_MOST_NAMES = 12
# An entry is not cut to less than this many letters: then the last ones are left out.
_LEAST_LETTERS = 10
# With room for fewer letters of names than this, the shapes are left out, not the names.
_LEAST_BESIDE = 24
MORE = "..."
_SHAPES = "● original &nbsp; ◆ synthetic"


class ThemedLabel(QLabel):
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


class ColourLegend(ThemedLabel):
    """What the colours of points mean; names of classes as far as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of classes may be of any length; they do not widen the window, but take the room
        # that there is beside them.
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHorizontalStretch(1)
        self.setSizePolicy(policy)
        self.setMinimumWidth(self._shapes_width())
        self._colour_by = ColourBy.KIND
        self._class_names: tuple[str, ...] = ()
        self._shown: tuple[int, ...] = ()
        self._render()

    def set_meaning(
        self, colour_by: ColourBy, class_names: tuple[str, ...], shown: tuple[int, ...]
    ) -> None:
        """Explain these colours.

        Args:
            colour_by: What a colour means.
            class_names: Of the dataset.
            shown: The classes of the points that there are.
        """
        self._colour_by = colour_by
        self._class_names = class_names
        self._shown = shown
        named = colour_by is ColourBy.CLASS and len(shown) <= _MOST_NAMES
        self.setToolTip("")
        if named:
            self.setToolTip(plain_tip("\n".join(shown_name(class_names[at]) for at in shown)))
        self._render()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Name as many classes as there is room for now."""
        super().resizeEvent(event)
        self._render()

    def _markup(self, theme: Theme) -> str:
        if self._colour_by is ColourBy.KIND:
            return (
                f"<span style='color:{theme.original}'>●</span> original &nbsp; "
                f"<span style='color:{theme.synthetic}'>◆</span> synthetic"
            )
        if not self._shown:
            return _SHAPES
        if len(self._shown) > _MOST_NAMES:
            colours = f"a colour for each of {len(self._shown):,} classes"
            room = self.width() - self.fontMetrics().horizontalAdvance(colours)
            return f"{_SHAPES} &nbsp; {colours}" if room > self._shapes_width() else colours
        room = self.width() - self.fontMetrics().horizontalAdvance(MORE)
        beside = room - self._shapes_width()
        if beside < self.fontMetrics().averageCharWidth() * _LEAST_BESIDE:
            return self._names(theme, room)
        return f"{_SHAPES} &nbsp; {self._names(theme, beside)}"

    def _names(self, theme: Theme, room: int) -> str:
        """The names, each cut to its share of the room, and dots if they do not all fit."""
        bold = QFont(self.font())
        bold.setBold(True)
        names = [shown_name(self._class_names[at]) for at in self._shown]
        entries = fitted(names, QFontMetrics(bold), room, " ")
        parts = [
            f"<b style='color:{colour}'>{escape(name)}</b>"
            for colour, name in zip(theme.class_colours(len(names)), entries, strict=False)
        ]
        return " ".join(parts if len(entries) == len(names) else (*parts, MORE))

    def _shapes_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("● original   ◆ synthetic   ")


def fitted(names: list[str], metrics: QFontMetrics, room: int, between: str) -> list[str]:
    """As many names as fit, each cut to its share: what a short one leaves, the long ones take.

    Args:
        names: as they are shown.
        metrics: of the font they are written in.
        room: pixels for all of them.
        between: what stands between two of them, or something as wide.
    """
    gap = metrics.horizontalAdvance(between)
    least = metrics.averageCharWidth() * _LEAST_LETTERS
    widths = [metrics.horizontalAdvance(name) for name in names]
    count = len(names)
    while count and sum(min(width, least) + gap for width in widths[:count]) > room:
        count -= 1
    share = _share(sorted(widths[:count]), room - gap * count)
    return [
        name if width <= share else elided(name, metrics, share)
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
