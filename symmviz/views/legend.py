"""Legends in a line of text: what colours mean."""

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.model.display import ColourBy
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import Theme, current_theme

# More names than this do not fit a line; hovering tells a point's class.
_MOST_NAMES = 12
_SHAPES = "● original &nbsp; ◆ synthetic"


class _ThemedLabel(QLabel):
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


class ColourLegend(_ThemedLabel):
    """What the colours of points mean; names of classes as far as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of classes may be of any length; they do not widen the window.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
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
        self.setToolTip(plain_tip("\n".join(class_names[at] for at in shown)) if named else "")
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
        return f"{_SHAPES} &nbsp; {self._names(theme)}"

    def _names(self, theme: Theme) -> str:
        """The names that fit, and dots if there are more."""
        room = self.width() - self._shapes_width()
        bold = self.font()
        bold.setBold(True)
        metrics = QFontMetrics(bold)
        parts = []
        for at in self._shown:
            name = self._class_names[at]
            room -= metrics.horizontalAdvance(f"{name} ")
            if room < 0:
                parts.append("...")
                break
            colour = theme.class_colour(at, len(self._class_names))
            parts.append(f"<b style='color:{colour}'>{escape(name)}</b>")
        return " ".join(parts)

    def _shapes_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("● original   ◆ synthetic   ...")


class RunLegend(_ThemedLabel):
    """Which colour is which run in the shared plots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of runs may be of any length too: what does not fit is in the tooltip.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._titles: tuple[str, ...] = ()

    def set_runs(self, titles: tuple[str, ...]) -> None:
        """Explain these runs."""
        self._titles = titles
        self.setToolTip(plain_tip("\n".join(titles)))
        self._render()

    def _markup(self, theme: Theme) -> str:
        return " &nbsp;&nbsp; ".join(
            f"<span style='color:{theme.run_colour(run)}'>■</span> {escape(title)}"
            for run, title in enumerate(self._titles)
        )
