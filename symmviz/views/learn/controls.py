"""The Learn page's controls: space, loss, Symm's settings and situations."""

from dataclasses import replace
from functools import partial
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from symmcore.settings.setting import NamedSetting, settings_of
from symmcore.settings.symm import PairSet, Symm
from symmviz.model.playground import (
    LOSSES,
    PLANE,
    PRESETS,
    SPHERE,
    START,
    Playground,
    Preset,
    on_other_space,
)

_STEPS = 20  # of a slider, a unit of alpha or beta
_ALPHA, _BETA = (0.1, 4.0), (0.25, 2.0)
_SPACES = (
    (PLANE, "Plane", "Points with any norm, in a plane."),
    (SPHERE, "Sphere", "Points of norm 1, in space; drag beside them to turn the sphere."),
)


class LearnControls(QWidget):
    """Says which playground the user wants."""

    wanted = Signal(Playground)
    """The user wants this one."""

    def __init__(self, playground: Playground, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playground = playground
        self._settings = {named.name: named for named in settings_of(Symm)}
        self._spaces = QButtonGroup(self)
        self.loss = QComboBox(self)
        self.symm = QCheckBox("Symm", self)
        self.alpha, self.beta, self.rank = (QSlider(Qt.Orientation.Horizontal) for _ in range(3))
        self._values = {slider: QLabel(self) for slider in (self.alpha, self.beta, self.rank)}
        self.pairs = QComboBox(self)
        self.presets = tuple(self._preset_button(preset) for preset in (*PRESETS, START))
        self._fill()
        self._lay_out()
        self.show_playground(playground)
        self._connect()

    def show_playground(self, playground: Playground) -> None:
        """Say what is shown."""
        self._playground = playground
        symm = playground.symm
        for part in (self.loss, self.symm, self.alpha, self.beta, self.rank, self.pairs):
            part.blockSignals(True)
        self._spaces.button(playground.points.shape[1]).setChecked(True)
        self.loss.setCurrentIndex(self.loss.findData(playground.loss))
        self.symm.setChecked(playground.synthesises)
        self.alpha.setValue(round(symm.alpha * _STEPS))
        self.beta.setValue(round(symm.beta * _STEPS))
        self.rank.setRange(1, playground.info.max_rank(symm.pairs))
        self.rank.setValue(symm.rank)
        self.pairs.setCurrentIndex(self.pairs.findData(symm.pairs))
        for part in (self.loss, self.symm, self.alpha, self.beta, self.rank, self.pairs):
            part.blockSignals(False)
        for slider, text in (
            (self.alpha, f"{symm.alpha:.2f}"),
            (self.beta, f"{symm.beta:.2f}"),
            (self.rank, f"{symm.rank} of {self.rank.maximum()}"),
        ):
            self._values[slider].setText(text)
        for field in (self.alpha, self.beta, self.rank, self.pairs):
            field.setEnabled(playground.synthesises)

    def _fill(self) -> None:
        for info in LOSSES:
            self.loss.addItem(info.title, info.name)
            self.loss.setItemData(
                self.loss.count() - 1, info.description, Qt.ItemDataRole.ToolTipRole
            )
        for choice in self._settings["pairs"].setting.choices:
            self.pairs.addItem(choice.title, choice.value)
            self.pairs.setItemData(
                self.pairs.count() - 1, choice.description, Qt.ItemDataRole.ToolTipRole
            )
        for slider, (least, most) in ((self.alpha, _ALPHA), (self.beta, _BETA)):
            slider.setRange(round(least * _STEPS), round(most * _STEPS))
        for number, title, tip in _SPACES:
            button = QPushButton(title, self)
            button.setProperty("segment", True)
            button.setCheckable(True)
            button.setToolTip(tip)
            self._spaces.addButton(button, number)
        self.symm.setToolTip("Synthetic points take part; without them the loss is its baseline.")
        self.loss.setToolTip("The loss whose value and gradient are shown, with its defaults.")

    def _preset_button(self, preset: Preset) -> QPushButton:
        button = QPushButton(preset.title, self)
        button.setToolTip(preset.tip)
        button.clicked.connect(partial(self._choose, preset))
        return button

    def _lay_out(self) -> None:
        spaces = QHBoxLayout()
        spaces.setSpacing(0)
        for button in self._spaces.buttons():
            spaces.addWidget(button, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._add_row(grid, "&Loss", self.loss)
        grid.addWidget(self.symm, grid.rowCount(), 0, 1, 3)
        for field, name in (
            (self.alpha, "alpha"),
            (self.beta, "beta"),
            (self.rank, "rank"),
            (self.pairs, "pairs"),
        ):
            named: NamedSetting = self._settings[name]
            field.setToolTip(named.setting.tip)
            self._add_row(grid, name.capitalize(), field)
        presets = QGridLayout()
        presets.setSpacing(6)
        for at, button in enumerate(self.presets):
            presets.addWidget(button, *divmod(at, 2))
        title = QLabel("Situations", self)
        title.setProperty("title", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(spaces)
        column.addLayout(grid)
        column.addWidget(title)
        column.addLayout(presets)
        column.addStretch(1)

    def _add_row(self, grid: QGridLayout, text: str, field: QSlider | QComboBox) -> None:
        row = grid.rowCount()
        label = QLabel(text, self)
        label.setBuddy(field)
        label.setToolTip(field.toolTip())
        field.setAccessibleName(text.replace("&", ""))
        grid.addWidget(label, row, 0)
        if isinstance(field, QComboBox):
            grid.addWidget(field, row, 1, 1, 2)
            return
        value = self._values[field]
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance("24 of 24"))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(field, row, 1)
        grid.addWidget(value, row, 2)

    def _connect(self) -> None:
        self._spaces.idClicked.connect(self._choose_space)
        self.loss.currentIndexChanged.connect(self._choose_loss)
        self.symm.toggled.connect(self._switch)
        for field in (self.alpha, self.beta, self.rank):
            field.valueChanged.connect(self._choose_symm)
        self.pairs.currentIndexChanged.connect(self._choose_symm)

    def _choose(self, preset: Preset) -> None:
        dimension = PLANE if preset.plane_only else self._playground.points.shape[1]
        self.wanted.emit(preset.playground(dimension))

    def _choose_space(self, dimension: int) -> None:
        if dimension != self._playground.points.shape[1]:
            self.wanted.emit(on_other_space(self._playground, dimension))

    def _choose_loss(self) -> None:
        self.wanted.emit(self._playground.with_loss(self.loss.currentData()))

    def _switch(self, on: bool) -> None:
        self.wanted.emit(replace(self._playground, synthesises=on))

    def _choose_symm(self) -> None:
        symm = Symm(
            alpha=self.alpha.value() / _STEPS,
            beta=self.beta.value() / _STEPS,
            rank=self.rank.value(),
            pairs=cast(PairSet, self.pairs.currentData()),
        )
        self.wanted.emit(self._playground.with_symm(symm))
