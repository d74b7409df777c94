"""Legends in a line of text: what colours mean."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.presenters.display import ColourBy
from symmviz.views.theme import Theme, current_theme

# More names than this do not fit a line; hovering tells a point's class.
_MOST_NAMES = 12


class _ThemedLabel(QLabel):
    """A label whose text is made anew when the palette changes."""

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
    """What the colours of points mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of classes may be of any length; they do not widen the window.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._colour_by = ColourBy.KIND
        self._class_names: tuple[str, ...] = ()
        self._render()

    def set_meaning(self, colour_by: ColourBy, class_names: tuple[str, ...]) -> None:
        """Explain these colours."""
        self._colour_by = colour_by
        self._class_names = class_names
        self._render()

    def _markup(self, theme: Theme) -> str:
        if self._colour_by is ColourBy.KIND:
            return (
                f"<span style='color:{theme.original}'>●</span> original &nbsp; "
                f"<span style='color:{theme.synthetic}'>◆</span> synthetic"
            )
        count = len(self._class_names)
        shapes = "● original &nbsp; ◆ synthetic &nbsp; "
        if count > _MOST_NAMES:
            return f"{shapes} one colour for each of {count:,} classes"
        return shapes + " ".join(
            f"<b style='color:{theme.class_colour(label, count)}'>{_escaped(name)}</b>"
            for label, name in enumerate(self._class_names)
        )


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
        self.setToolTip("\n".join(titles))
        self._render()

    def _markup(self, theme: Theme) -> str:
        return " &nbsp;&nbsp; ".join(
            f"<span style='color:{theme.run_colour(run)}'>■</span> {_escaped(title)}"
            for run, title in enumerate(self._titles)
        )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
