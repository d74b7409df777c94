"""What the Start page says of the network and its training under Advanced."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.settings.networks import FROM_SCRATCH, network_info
from symmcore.settings.setting import Place, settings_of
from symmcore.training.config import TrainingConfig
from symmviz.views.setting_fields import SettingFields, set_field


class TrainingFields(SettingFields):
    """The advanced settings of a training; weights only where the network has any."""

    split_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            (one for one in settings_of(TrainingConfig) if one.setting.place is Place.ADVANCED),
            parent,
        )
        self._box("split").currentIndexChanged.connect(self.split_changed)
        self._box("network").currentIndexChanged.connect(self._on_network)
        self._on_network()

    def set_can_split(self, can_split: bool) -> None:
        """Say whether the chosen data leaves a choice of how to split it."""
        self._box("split").setEnabled(can_split)

    def _on_network(self) -> None:
        info = network_info(self._box("network").currentData())
        self._box("network").setToolTip(info.description)
        self._box("weights").setEnabled(info.imagenet)
        if not info.imagenet:
            set_field(self._box("weights"), FROM_SCRATCH)

    def _box(self, name: str) -> QComboBox:
        box = self.field(name)
        assert isinstance(box, QComboBox), "it is chosen from a list"
        return box
