"""The runs of a comparison that is put together on the Start page."""

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from symmcore.training.spec import RunSpec
from symmviz.model.names import shown_name
from symmviz.model.runs.comparison import MOST_RUNS, comparison_note
from symmviz.model.runs.figures import FIGURES, figure_of
from symmviz.model.runs.titles import spec_title
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.plain_tip import plain_tip

NOTE_WIDTH = 380  # pixels: as wide as the row above
_NOTHING = "Add the loss above as it is set, then choose another: all train side by side."


class ComparisonFields(QWidget):
    """A button a run, which takes it out again, one that adds what is chosen, and the figures."""

    add_wanted = Signal()
    """The user wants the loss as it is chosen now among the runs."""
    changed = Signal()
    """Other runs are compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._specs: list[RunSpec] = []
        self._chips: list[QPushButton] = []
        self._row = FlowLayout()
        self.add_button = QPushButton("Add to comparison", self)
        self.add_button.setToolTip(
            "Keep the loss and its settings as one of the runs that train side by side."
        )
        self.add_button.clicked.connect(self.add_wanted)
        self.figures_button = QPushButton("Paper's figures", self)
        self.figures_button.setToolTip("Compare what a figure of the paper compares.")
        self.figures_button.setMenu(self._figures())
        self._row.addWidget(self.add_button)
        self._row.addWidget(self.figures_button)
        self._note = QLabel(_NOTHING, self)
        self._note.setWordWrap(True)
        self._note.setMinimumWidth(NOTE_WIDTH)
        self._note.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._row)
        layout.addWidget(self._note)

    @property
    def specs(self) -> tuple[RunSpec, ...]:
        """The runs, in the order in which they were added."""
        return tuple(self._specs)

    def note(self) -> str:
        """What is said of the runs."""
        return self._note.text()

    def add(self, spec: RunSpec) -> None:
        """Compare this run too; one that is there already stays alone."""
        if spec not in self._specs and len(self._specs) < MOST_RUNS:
            self._specs.append(spec)
            self._show()

    def set_specs(self, specs: tuple[RunSpec, ...]) -> None:
        """Compare these runs alone."""
        if specs != self.specs:
            self._specs = list(specs)
            self._show()

    def remove(self, spec: RunSpec) -> None:
        """Compare this run no more."""
        if spec in self._specs:
            self._specs.remove(spec)
            self._show()

    def chips(self) -> tuple[QPushButton, ...]:
        """The buttons of the runs."""
        return tuple(self._chips)

    def _show(self) -> None:
        for chip in self._chips:
            self._row.removeWidget(chip)
            chip.deleteLater()
        last = (self.add_button, self.figures_button)
        for button in last:
            self._row.removeWidget(button)
        self._chips = [self._chip(spec) for spec in self._specs]
        for button in (*self._chips, *last):
            self._row.addWidget(button)
        full = len(self._specs) == MOST_RUNS
        self.add_button.setEnabled(not full)
        self.add_button.setToolTip(f"At most {MOST_RUNS} runs are compared." if full else "")
        one = "Add another loss or setting to compare it with."
        figure = figure_of(self.specs)
        note = comparison_note(self.specs) or (one if self._specs else _NOTHING)
        self._note.setText(note if figure is None else f"{figure.title}. {figure.about}\n{note}")
        self.changed.emit()

    def _figures(self) -> QMenu:
        menu = QMenu(self.figures_button)
        menu.setToolTipsVisible(True)
        for figure in FIGURES:
            action = menu.addAction(figure.title, partial(self.set_specs, figure.specs))
            action.setToolTip(plain_tip(figure.about))
        return menu

    def _chip(self, spec: RunSpec) -> QPushButton:
        title = spec_title(spec).title
        chip = QPushButton(f"{shown_name(title)}  ✕", self)
        chip.setToolTip(plain_tip(f"{title}: click to take it out."))
        chip.setAccessibleName(f"Take {title} out of the comparison")
        chip.clicked.connect(lambda: self.remove(spec))
        chip.show()
        return chip
