"""What the Start page says of the network and its training under Advanced."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.errors import InputError
from symmcore.settings.networks import (
    FROM_SCRATCH,
    TIMM,
    NetworkInfo,
    check_library,
    network_info,
    timm_name,
)
from symmcore.settings.setting import Place, settings_of
from symmcore.timm_names import check_timm_name
from symmcore.training.config import TrainingConfig
from symmviz.views.forms.setting_fields import SettingFields, set_field
from symmviz.views.widgets.note import Note
from symmviz.views.widgets.typed_choice import TypedChoice

_CHECKING = "Checking the name with timm..."


class TrainingFields(SettingFields):
    """The advanced settings of a training; weights only where the network has any."""

    split_changed = Signal()
    timm_names_wanted = Signal()
    """The names of timm's networks are needed: ``set_timm_names`` takes them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            (one for one in settings_of(TrainingConfig) if one.setting.place is Place.ADVANCED),
            parent,
        )
        self._box("split").currentIndexChanged.connect(self.split_changed)
        self._problem = Note(self)
        self._timm_names: frozenset[str] | None = None
        # as the widest field: the page's other column stays beside this one
        self._problem.setMaximumWidth(max(one.sizeHint().width() for one in self.fields()))
        below = self.fields().index(self._box("network")) + 1  # a row each
        self.form.insertRow(below, "", self._problem)
        network = self._box("network")
        assert isinstance(network, TypedChoice), "any name can be typed in"
        self._network = network
        network.currentIndexChanged.connect(self._on_network)
        network.typed.connect(self._on_typed)
        self._on_network()

    def set_can_split(self, can_split: bool) -> None:
        """Say whether the chosen data leaves a choice of how to split it."""
        self._box("split").setEnabled(can_split)

    @property
    def wants_timm_names(self) -> bool:
        """Whether a network of timm is chosen and its names are not known."""
        return self._problem.text() == _CHECKING

    def set_timm_names(self, names: frozenset[str]) -> None:
        """Offer the names of timm's networks, and check what is chosen; none if nobody knows."""
        self._timm_names = names
        if names:
            self._network.offer([f"{TIMM}{name}" for name in sorted(names)])
        self._on_network()

    def network_problem(self) -> str:
        """What is said below the network; empty for nothing."""
        return self._problem.text()

    def _on_network(self) -> None:
        box, weights = self._network, self._box("weights")
        note, is_error, offers_weights = "", False, False
        try:
            info = network_info(box.currentData())
            box.setToolTip(info.description)
            offers_weights = info.imagenet and self._may_have_weights(timm_name(info.name))
            check_library(info)
            note = self._timm_note(info)
        except InputError as error:
            note, is_error = str(error), True
        self._problem.set_error(is_error)
        self._problem.setText(note)
        self.form.setRowVisible(self._problem, bool(note))
        weights.setEnabled(offers_weights)
        if not offers_weights:
            set_field(weights, FROM_SCRATCH)

    def _timm_note(self, info: NetworkInfo) -> str:
        """What is to be said of a network of timm while its names are on their way.

        Raises:
            InputError: if there is no such network.
        """
        model = timm_name(info.name)
        if not model:
            return ""
        if self._timm_names is None:
            self.timm_names_wanted.emit()
            return _CHECKING
        if self._timm_names:
            check_timm_name(model, self._timm_names)
        return ""

    def _may_have_weights(self, model: str) -> bool:
        """Whether nothing is known that speaks against weights of a network of timm."""
        names = self._timm_names
        if not model or not names or "." in model:  # a name of weights is of those timm has
            return True
        return any(name.startswith(f"{model}.") for name in names)

    def _on_typed(self, text: str) -> None:
        """Have the names by the time that one is typed in."""
        if self._timm_names is None and text.startswith(TIMM):
            self.timm_names_wanted.emit()

    def _box(self, name: str) -> QComboBox:
        box = self.field(name)
        assert isinstance(box, QComboBox), "it is chosen from a list"
        return box
