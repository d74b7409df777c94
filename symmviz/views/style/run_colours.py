"""The colours of the runs: the same in every view, by what was trained."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.views.style.theme import current_theme

_SIDE = 10  # pixels


class RunColours:
    """Which run of those that are shown together has which colour, and which name."""

    def __init__(self) -> None:
        self._places: tuple[int, ...] = ()
        self._names: Mapping[int, str] = {}

    def set_places(self, places: tuple[int, ...]) -> None:
        """Have these places of colours, one a run: see :func:`symmcore.palette.run_places`."""
        self._places = places

    def set_names(self, names: Mapping[int, str]) -> None:
        """Have these names, by run: a colour alone tells nothing to who does not see it."""
        self._names = names

    def name(self, run: int) -> str:
        """What a run is called; empty where that is not known."""
        return self._names.get(run, "")

    def of(self, run: int) -> QColor:
        """The colour of a run in the present theme."""
        place = self._places[run] if run < len(self._places) else run
        return QColor(current_theme().run_colour(place))


class RunMark(QWidget):
    """A small square in the colour of a run, beside its title."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._place = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def place(self) -> int:
        """The place of the colour."""
        return self._place

    def set_place(self, place: int) -> None:
        """Have the colour of this place."""
        if place != self._place:
            self._place = place
            self.update()

    def sizeHint(self) -> QSize:
        """A small square."""
        return QSize(_SIDE, _SIDE)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        QPainter(self).fillRect(self.rect(), QColor(current_theme().run_colour(self._place)))
