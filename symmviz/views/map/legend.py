"""Legend in a line of text: what the colours of points mean."""

from html import escape

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from symmviz.model.display import ColourBy
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.names import shown_name, told_apart
from symmviz.views.map.class_chooser import ClassChooser
from symmviz.views.map.point_colours import scale_colours
from symmviz.views.style.contrast import legible
from symmviz.views.style.theme import Theme
from symmviz.views.widgets.plain_tip import plain_tip
from symmviz.views.widgets.text_legend import LEAST_LETTERS, MORE, TextLegend, fitted

_LEAST_OF_MANY = 26  # names of many classes often begin alike
# With room for fewer letters of names than this, the shapes are left out, not the names.
_LEAST_BESIDE = 24
# Wider than this, names of classes are cut before the legend takes a line of its own.
_MOST_ASKED = 300  # pixels
_BETWEEN = " · "  # names may hold spaces and commas
_SHAPES = "● original &nbsp; ◆ synthetic"
_LIST, _CLASSES = "list", "Classes…"
# What the ends of a scale of colours say.
_SCALES = {
    ColourBy.DRIFT: ("0°", "90°"),
    ColourBy.LOST: ("keeps its class", "lost it"),
    ColourBy.FALSE: ("none", "all"),
    ColourBy.MISSING: ("none", "all"),
}
_WHAT_CLICKS_DO = "Click hides a class, double click shows it alone."


class ColourLegend(TextLegend):
    """What the colours of points mean; names of classes as far as there is room.

    A click on a class hides it or shows it again, a double click shows it alone or all again.
    """

    class_clicked = Signal(int)
    """A class was clicked: its label."""
    class_isolated = Signal(int)
    """A class was clicked twice: its label."""
    class_chosen = Signal(int)
    """A class was chosen to have a colour, or to have none any more: its label."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Names of classes may be of any length; they do not widen the window, but take the room
        # that there is beside them.
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHorizontalStretch(1)
        self.setSizePolicy(policy)
        self.setMinimumWidth(self._shapes_width())
        self.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self._colour_by = ColourBy.KIND
        self._classes = ShownClasses()
        self._pointed = ""
        self._clicked = 0
        self._chooser = ClassChooser(self)
        self._chooser.toggled.connect(self._on_toggled)
        self.linkHovered.connect(self._on_pointed)
        self._click = QTimer(self)  # until it is known that there is no second one
        self._click.setSingleShot(True)
        self._click.timeout.connect(lambda: self.class_clicked.emit(self._clicked))
        self._render()

    def set_meaning(self, colour_by: ColourBy, classes: ShownClasses) -> None:
        """Explain these colours.

        Args:
            colour_by: What a colour means.
            classes: Of the points that there are.
        """
        self._colour_by = colour_by
        self._classes = classes
        self.setToolTip("")
        if colour_by is ColourBy.CLASS and classes.labels:
            names = (shown_name(classes.name(label)) for _, label in classes.coloured)
            self.setToolTip(plain_tip("\n".join((*names, _WHAT_CLICKS_DO))))
        self._chooser.set_classes(classes)
        self._render()
        self.setMinimumWidth(self._least_width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Name as many classes as there is room for now."""
        super().resizeEvent(event)
        self._render()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the list of classes, or wait whether a class is clicked twice."""
        if self._pointed == _LIST:
            self._chooser.open_at(self.mapToGlobal(QPoint(0, self.height())))
        elif self._pointed:
            self._clicked = int(self._pointed)
            self._click.start(QGuiApplication.styleHints().mouseDoubleClickInterval())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show one class alone."""
        if self._click.isActive():
            self._click.stop()
            self.class_isolated.emit(self._clicked)

    def hideEvent(self, event: QHideEvent) -> None:
        """Wait for nothing."""
        super().hideEvent(event)
        self._click.stop()

    @property
    def chooser(self) -> ClassChooser:
        """The list of all classes."""
        return self._chooser

    def _on_pointed(self, link: str) -> None:
        self._pointed = link
        shape = Qt.CursorShape.PointingHandCursor if link else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def _on_toggled(self, label: int) -> None:
        signal = self.class_clicked if self._classes.are_few else self.class_chosen
        signal.emit(label)

    def _markup(self, theme: Theme) -> str:
        if self._colour_by in (ColourBy.KIND, ColourBy.PICKED):
            return (
                f"<span style='color:{theme.original}'>●</span> original &nbsp; "
                f"<span style='color:{theme.synthetic}'>◆</span> synthetic"
            )
        if self._colour_by is ColourBy.CORRECT:
            return (
                f"<span style='color:{theme.right}'>●</span> nearest is of its class &nbsp; "
                f"<span style='color:{theme.wrong}'>●</span> of another"
            )
        if self._colour_by in _SCALES:
            return _scale(theme, *_SCALES[self._colour_by])
        if not self._classes.labels:
            return _SHAPES
        link = f"<a href='{_LIST}' style='color:{theme.accent};text-decoration:none'>{_CLASSES}</a>"
        others = self._others()
        ending = f" {escape(others)} {link}" if others else f" {link}"
        metrics = self.fontMetrics()
        least = metrics.averageCharWidth() * _LEAST_BESIDE
        room = self.width() - metrics.horizontalAdvance(f"{MORE} {others} {_CLASSES}")
        if room < least:
            if others:
                return f"{escape(others)} {link}"
            return f"{self._names(theme, room)} {link}"
        beside = room - self._shapes_width()
        if beside < least:
            return self._names(theme, room) + ending
        return f"{_SHAPES} &nbsp; {self._names(theme, beside)}{ending}"

    def _least_width(self) -> int:
        """Pixels below which it takes a line of its own: all it says; of long names, some."""
        classes = self._classes
        if self._colour_by is not ColourBy.CLASS or not classes.labels:
            return self.sizeHint().width()
        asked = self.fontMetrics().horizontalAdvance(f"{MORE} {self._others()} {_CLASSES}")
        metrics = QFontMetrics(self._bold())
        for _, label in classes.coloured:
            asked += metrics.horizontalAdvance(shown_name(classes.name(label)) + _BETWEEN)
        return max(self._shapes_width(), min(asked, _MOST_ASKED))

    def _bold(self) -> QFont:
        bold = QFont(self.font())
        bold.setBold(True)
        return bold

    def _others(self) -> str:
        """How many classes have no colour."""
        classes = self._classes
        grey = 0 if classes.are_few else len(classes.labels) - len(classes.coloured)
        return f"+ {grey:,} in grey" if grey else ""

    def _names(self, theme: Theme, room: int) -> str:
        """The names, each cut to its share of the room, and dots if they do not all fit."""
        classes = self._classes
        coloured = classes.coloured
        names = [shown_name(classes.name(label)) for _, label in coloured]
        metrics = QFontMetrics(self._bold())
        least = LEAST_LETTERS if classes.are_few else _LEAST_OF_MANY
        if metrics.horizontalAdvance(_BETWEEN.join(names)) > room:
            names = told_apart(names)
        entries = fitted(names, metrics, room, _BETWEEN, least)
        colours = theme.class_colours(classes)
        parts = []
        for (slot, label), name in zip(coloured, entries, strict=False):
            hidden = label in classes.hidden
            own = legible(colours[slot % len(colours)], theme.window, theme.text)
            colour = theme.muted if hidden else own
            stroke = "line-through" if hidden else "none"
            look = f"color:{colour};text-decoration:{stroke}"
            parts.append(f"<a href='{label}' style='{look}'><b>{escape(name)}</b></a>")
        return _BETWEEN.join(parts) + (f" {MORE}" if len(entries) < len(names) else "")

    def _shapes_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("● original   ◆ synthetic   ")


def _scale(theme: Theme, lowest: str, highest: str) -> str:
    """The colours of a scale between what its ends say."""
    bar = "".join(f"<span style='color:{one}'>■</span>" for one in scale_colours(theme)[::3])
    return f"{lowest} {bar} {highest}"
