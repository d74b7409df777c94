"""Chooses what the colours of points mean."""

from bisect import bisect_left, bisect_right

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QWidget

from symmviz.model.display import ColourBy
from symmviz.model.since import SinceChoice

_MEANINGS = {
    ColourBy.KIND: ("Colour by kind", "Original against synthetic points."),
    ColourBy.CLASS: ("Colour by class", "One colour a class."),
    ColourBy.CORRECT: (
        "Colour by right or wrong",
        "Whether the nearest of the watched images is of the same class.",
    ),
    ColourBy.PICKED: (
        "Colour by picked in mining",
        "Which points of training images were picked as hard negatives in the newest batch; the "
        "rest is grey.",
    ),
    ColourBy.DRIFT: (
        "Colour by drift",
        "How far each embedding turned since the step beside this: 1 - cosine.",
    ),
    ColourBy.LOST: (
        "Colour by loss of class",
        "Of each image's nearest neighbours (as many as its class has others, at most ten), how "
        "many fewer are of its class than at the step beside this.",
    ),
    ColourBy.FALSE: (
        "Colour by false neighbours",
        "Of each image's ten nearest on the map, how many are none of its 30 nearest in the "
        "embedding space.",
    ),
    ColourBy.MISSING: (
        "Colour by missing neighbours",
        "Of each image's ten nearest in the embedding space, how many are none of its 30 nearest "
        "on the map.",
    ),
}


class ColourBox(QComboBox):
    """The meanings there are."""

    chosen = Signal(ColourBy)
    """The user chose this one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Meaning of colours")
        self.setToolTip("What the colours of points mean.")
        for at, (meaning, (text, about)) in enumerate(_MEANINGS.items()):
            self.addItem(text, meaning)
            self.setItemData(at, about, Qt.ItemDataRole.ToolTipRole)
        self.currentIndexChanged.connect(lambda: self.chosen.emit(self.meaning))

    @property
    def meaning(self) -> ColourBy:
        """What they mean now."""
        meaning: ColourBy = self.currentData()
        return meaning

    def set_meaning(self, meaning: ColourBy) -> None:
        """Show what they mean."""
        self.setCurrentIndex(self.findData(meaning))

    def choose_next(self) -> None:
        """Choose the next meaning; the first after the last."""
        self.setCurrentIndex((self.currentIndex() + 1) % self.count())


class SinceBox(QSpinBox):
    """The step that colours compare with; arrows go from frame to frame."""

    chosen = Signal(int)
    """The user chose a step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = SinceChoice()
        self.setPrefix("since step ")
        self.setKeyboardTracking(False)  # a number is not taken before it is whole
        self.setGroupSeparatorShown(True)
        self.setAccessibleName("Since which step")
        self.setToolTip(
            "The step that the colours compare with, the first frame by default; of a step without "
            "a frame, the frame before it. Retrieve compares with the same step."
        )
        self.valueChanged.connect(self._on_value)

    def set_choice(self, choice: SinceChoice) -> None:
        """Offer these steps, and show the one that is compared with."""
        self._choice = choice
        blocked = self.blockSignals(True)
        if choice.steps:
            self.setRange(choice.steps[0], choice.steps[-1])
        self.setValue(choice.step)
        self.blockSignals(blocked)

    def stepBy(self, steps: int) -> None:
        """Go to the next frames, or to those before."""
        frames = self._choice.steps
        if frames:
            at = bisect_left(frames, self.value()) + steps
            self.setValue(frames[min(max(at, 0), len(frames) - 1)])

    def _on_value(self, value: int) -> None:
        frames = self._choice.steps
        step = frames[max(bisect_right(frames, value) - 1, 0)] if frames else value
        if step != self._choice.step:
            self.chosen.emit(step)
        self.set_choice(SinceChoice(frames, step))


class ColourField(QWidget):
    """What the colours of points mean, and for those that compare, since which step."""

    chosen = Signal(ColourBy)
    """The user chose this meaning."""
    since_chosen = Signal(int)
    """The user chose the step to compare with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._meaning = ColourBox(self)
        self._meaning.chosen.connect(self.chosen)
        self.since = SinceBox(self)
        self.since.chosen.connect(self.since_chosen)
        self.since.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._meaning)
        row.addWidget(self.since)

    @property
    def meaning(self) -> ColourBy:
        """What they mean now."""
        return self._meaning.meaning

    def set_meaning(self, meaning: ColourBy) -> None:
        """Show what they mean."""
        self._meaning.set_meaning(meaning)

    def choose_next(self) -> None:
        """Choose the next meaning; the first after the last."""
        self._meaning.choose_next()

    def set_since(self, choice: SinceChoice) -> None:
        """Show the step that colours compare with; where there is none, no field."""
        self.since.set_choice(choice)
        self.since.setVisible(bool(choice.steps))
