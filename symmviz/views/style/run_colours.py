"""The colours and symbols of the runs: the same in every view, by what was trained."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmcore.palette import RUN_SYMBOLS
from symmviz.run_symbols import draw_symbol
from symmviz.views.style.theme import current_theme

_SIDE, _REACH = 12, 4.4  # pixels: of a mark, and half of its symbol


class RunColours:
    """Which run of those that are shown together has which colour, and which name."""

    def __init__(self) -> None:
        self._places: tuple[int, ...] = ()
        self._names: Mapping[int, str] = {}

    def set_places(self, places: tuple[int, ...]) -> None:
        """Have these places, one a run: see :func:`symmcore.palette.run_places`."""
        self._places = places

    def set_names(self, names: Mapping[int, str]) -> None:
        """Have these names, by run: a colour alone tells nothing to who does not see it."""
        self._names = names

    def name(self, run: int) -> str:
        """What a run is called; empty where that is not known."""
        return self._names.get(run, "")

    def named(self, lines: Iterable[tuple[int, object]]) -> tuple[tuple[int, str], ...]:
        """The place and name of each run that has one, of lines that begin with their run."""
        runs = sorted({run for run, _ in lines})
        return tuple((self.place(run), self._names[run]) for run in runs if run in self._names)

    @property
    def are_several(self) -> bool:
        """Whether there is more than one run to tell apart."""
        return len(self._names) > 1

    def of(self, run: int) -> QColor:
        """The colour of a run in the present theme."""
        return QColor(current_theme().run_colour(self.place(run)))

    def place(self, run: int) -> int:
        """The place of a run's colour and symbol."""
        return self._places[run] if run < len(self._places) else run

    def markup(self, run: int) -> str:
        """The symbol of a run in its colour."""
        return symbol_markup(self.place(run), self.of(run).name())


def symbol_markup(place: int, colour: str) -> str:
    """The symbol of this place in a colour, as rich text."""
    return f"<span style='color:{colour}'>{RUN_SYMBOLS[place % len(RUN_SYMBOLS)]}</span>"


def run_icon(place: int, ratio: float) -> QPixmap:
    """The symbol of this place in its colour, for a list or table.

    Args:
        place: see :func:`symmcore.palette.run_places`.
        ratio: device pixels to a logical pixel.
    """
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_run_mark(painter, place, QPointF(_SIDE / 2, _SIDE / 2))
    painter.end()
    return pixmap


def draw_run_mark(painter: QPainter, place: int, centre: QPointF) -> None:
    """Draw the symbol of this place in its colour, as it stands beside a title."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_symbol(painter, place, centre, _REACH, QColor(current_theme().run_colour(place)))
    painter.restore()


class RunMark(QWidget):
    """The symbol of a run in its colour, beside its title."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._place = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def place(self) -> int:
        """The place of the colour and symbol."""
        return self._place

    def set_place(self, place: int) -> None:
        """Have the colour and symbol of this place."""
        if place != self._place:
            self._place = place
            self.update()

    def sizeHint(self) -> QSize:
        """As small as a letter."""
        return QSize(_SIDE, _SIDE)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_run_mark(painter, self._place, QRectF(self.rect()).center())
        painter.end()
