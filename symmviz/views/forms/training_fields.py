"""What the Start page says of the network and its training under Advanced."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.errors import InputError
from symmcore.settings.networks import FROM_SCRATCH, check_library, network_info
from symmcore.settings.setting import Place, settings_of
from symmcore.training.config import TrainingConfig
from symmviz.views.forms.setting_fields import SettingFields, set_field
from symmviz.views.widgets.note import Note


class TrainingFields(SettingFields):
    """The advanced settings of a training; weights only where the network has any."""

    split_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            (one for one in settings_of(TrainingConfig) if one.setting.place is Place.ADVANCED),
            parent,
        )
        self._box("split").currentIndexChanged.connect(self.split_changed)
        self._problem = Note(self)
        self._problem.set_error(True)
        below = self.fields().index(self._box("network")) + 1  # a row each
        self.form.insertRow(below, "", self._problem)
        self._box("network").currentIndexChanged.connect(self._on_network)
        self._on_network()

    def set_can_split(self, can_split: bool) -> None:
        """Say whether the chosen data leaves a choice of how to split it."""
        self._box("split").setEnabled(can_split)

    def network_problem(self) -> str:
        """What is said below the network; empty for nothing."""
        return self._problem.text()

    def _on_network(self) -> None:
        box, weights = self._box("network"), self._box("weights")
        problem, offers_weights = "", False
        try:
            info = network_info(box.currentData())
            box.setToolTip(info.description)
            offers_weights = info.imagenet
            check_library(info)
        except InputError as error:
            problem = str(error)
        self._problem.setText(problem)
        self.form.setRowVisible(self._problem, bool(problem))
        weights.setEnabled(offers_weights)
        if not offers_weights:
            set_field(weights, FROM_SCRATCH)

    def _box(self, name: str) -> QComboBox:
        box = self.field(name)
        assert isinstance(box, QComboBox), "it is chosen from a list"
        return box
