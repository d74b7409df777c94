"""Chooses what the colours of points mean."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from symmviz.model.display import ColourBy

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
        "How far each embedding turned since the first frame, or since the step that Retrieve "
        "compares with: 1 - cosine.",
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
