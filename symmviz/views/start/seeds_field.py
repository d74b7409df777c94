"""The field of the seeds to train with, as the command line writes them."""

from PySide6.QtWidgets import QLineEdit, QWidget

from symmcore.errors import InputError
from symmcore.runs.continuing.seed_folder import parse_seeds

_TIP = (
    "One seed, or several as 0-4 or 0,2,5, which are trained one after the other into one folder: "
    "then scores are means with standard deviations, and differences have intervals. A seed "
    "decides the split, batches, augmentation, initial weights and watched images."
)


class SeedsField(QLineEdit):
    """One seed or several; what is wrong with them is said where a training is started."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("0", parent)
        self.setAccessibleName("Seeds")
        self.setToolTip(_TIP)
        self.setMaxLength(200)
        self.setTextMargins(2, 0, 0, 0)  # begins where the numbers above and below do
        self._first = 0
        self.textChanged.connect(self._on_text)

    @property
    def first(self) -> int:
        """The smallest of the seeds; of a list that is still being typed, of the one before."""
        return self._first

    def _on_text(self, text: str) -> None:
        try:
            self._first = parse_seeds(text)[0]
        except InputError:
            return
