"""The values of a plot's lines at the step that is shown, as many as there is room for."""

import math
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextDocument
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from symmviz.model.curve import Reading, Variant
from symmviz.views.style.run_colours import RunColours

_MARKS = {Variant.SOLID: "", Variant.DASHED: "╌ "}
_LEFT_OUT = " …"
_NO_NUMBER = "n/a"


class ReadingsLabel(QWidget):
    """Numbers in the colours of their runs, behind their symbols; of dashed lines behind a dash.

    Those of dashed lines stand in the same order, without symbols where the runs are the same.

    Where they do not fit, those of dashed lines are left out, then those of the last runs, and the
    tooltip tells all, and whose they are. The label with the text is in no layout: it changes with
    every frame and every movement of the pointer, and Qt would lay out the whole window anew each
    time.

    Args:
        digits: how a value is formatted.
        parent: the widget it is part of.
        colours: of the runs.
    """

    def __init__(self, digits: str, parent: QWidget, colours: RunColours | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(self)
        self._colours = colours or RunColours()
        self._digits = digits
        self._readings: tuple[Reading, ...] = ()
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        # Whatever there is to read, the plots keep their widths.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """What is on the screen, as markup."""
        return self._label.text()

    def sizeHint(self) -> QSize:
        """A line's height; of the width, what is given."""
        return QSize(0, self.fontMetrics().height())

    def set_readings(self, readings: tuple[Reading, ...]) -> None:
        """Say these values."""
        if readings != self._readings:
            self._readings = readings
            self.show_again()

    def show_again(self) -> None:
        """Show the values in the colours of the present theme."""
        whole = self._markup(self._readings)
        fits = self._width(whole) <= self.width()
        self._label.setText(whole if fits else self._shortened())
        self.setToolTip(self._table())

    def _shortened(self) -> str:
        """The first values of whole lines, as many as fit, and dots."""
        solid = [one for one in self._readings if one.variant is Variant.SOLID]
        text = _LEFT_OUT
        for count in range(len(solid), 0, -1):
            text = self._markup(solid[:count]) + _LEFT_OUT
            if self._width(text) <= self.width():
                return text
        return self._markup(solid[:1], with_symbols=False) + _LEFT_OUT if solid else text

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as there is room for now."""
        super().resizeEvent(event)
        self._label.resize(event.size())
        if event.size().width() != event.oldSize().width():
            self.show_again()

    def _width(self, markup: str) -> float:
        document = QTextDocument()
        document.setDefaultFont(self.font())
        document.setDocumentMargin(0)
        document.setHtml(markup)
        return document.idealWidth()

    def _markup(self, readings: Sequence[Reading], *, with_symbols: bool = True) -> str:
        parts = []
        marked: list[int] = []  # a second row of the same runs needs no symbols again
        for variant in Variant:
            runs = [one.run for one in readings if one.variant is variant]
            marks_runs = with_symbols and self._colours.are_several and runs != marked
            marked = runs
            values = [
                (self._colours.markup(one.run) if marks_runs else "")
                + f"<span style='color:{self._colours.of(one.run).name()}'>"
                f"{self._number(one.value)}</span>"
                for one in readings
                if one.variant is variant
            ]
            if values:
                parts.append(_MARKS[variant] + " ".join(values))
        return " &nbsp;".join(parts)

    def _table(self) -> str:
        """A line a run: its symbol, its name and its values, those of dashed lines in brackets."""
        lines = []
        for run in dict.fromkeys(one.run for one in self._readings):
            own = [one for one in self._readings if one.run == run]
            solid, dashed = (
                [self._number(one.value) for one in own if one.variant is variant]
                for variant in (Variant.SOLID, Variant.DASHED)
            )
            values = [*solid, *(f"({_MARKS[Variant.DASHED]}{value})" for value in dashed)]
            name = escape(self._colours.name(run))
            lines.append(" ".join(filter(None, (self._colours.markup(run), name, *values))))
        return f"<span>{'<br>'.join(lines)}</span>" if lines else ""

    def _number(self, value: float) -> str:
        return _NO_NUMBER if math.isnan(value) else f"{value:{self._digits}}"
