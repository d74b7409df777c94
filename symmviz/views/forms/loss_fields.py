"""What the Start page says of the loss and of Symm under Advanced."""

from typing import Any

from PySide6.QtWidgets import QComboBox, QWidget

from symmcore.settings.losses import CATALOG, LossInfo, LossSettings
from symmcore.settings.setting import settings_of
from symmcore.settings.symm import PairSet, Symm
from symmviz.views.forms.fields import WholeNumberBox, explain_labels
from symmviz.views.forms.setting_fields import SettingFields, set_field

_LOSS_NAMES = tuple(named.name for named in settings_of(LossSettings))
_SYMM_NAMES = tuple(named.name for named in settings_of(Symm))


class LossFields(SettingFields):
    """Settings of the loss that is chosen, and of Symm."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__((*settings_of(LossSettings), *settings_of(Symm)), parent)
        self._info = CATALOG[0]
        self._pairs().currentIndexChanged.connect(self._on_pairs)
        self.show_loss(self._info)

    def show_loss(self, info: LossInfo) -> None:
        """Show the settings that a loss has, at their defaults."""
        self._info = info
        defaults = info.defaults.given()
        for name in _LOSS_NAMES:
            self.form.setRowVisible(self.field(name), name in defaults)
            set_field(self.field(name), defaults.get(name, 0.0))
        self._on_pairs()

    def reset(self, pairs: PairSet) -> None:
        """Show all settings at their defaults, but for which points are combined."""
        self.set_values(
            {named.name: named.default for named in settings_of(Symm)} | {"pairs": pairs}
        )
        self.show_loss(self._info)

    def is_reset(self, pairs: PairSet) -> bool:
        """Whether all settings are those that :meth:`reset` shows."""
        return self.symm() == Symm(pairs=pairs) and self.loss_settings() == LossSettings()

    def set_run(self, settings: LossSettings, symm: Symm | None) -> None:
        """Show these settings of the loss that is chosen, and of Symm where it is given."""
        self.set_values(settings.given())
        if symm is not None:
            self.set_values({"pairs": symm.pairs})  # these decide which ranks there are
            self.set_values({name: getattr(symm, name) for name in _SYMM_NAMES})

    def set_symm_enabled(self, enabled: bool) -> None:
        """Offer the settings of Symm, or not."""
        for name in _SYMM_NAMES:
            self.field(name).setEnabled(enabled)

    def symm(self) -> Symm:
        """Symm as it is chosen."""
        values: dict[str, Any] = self.values()
        return Symm(**{name: values[name] for name in _SYMM_NAMES})

    def loss_settings(self) -> LossSettings:
        """The settings of the loss that are not left at their default."""
        values: dict[str, Any] = self.values()
        defaults = self._info.defaults.given()
        changed = {name: values[name] for name in defaults if values[name] != defaults[name]}
        return LossSettings(**changed)

    def _on_pairs(self) -> None:
        candidates = self._info.max_rank(self._pairs().currentData())
        rank = self.field("rank")
        assert isinstance(rank, WholeNumberBox), "it is a whole number"
        rank.setMaximum(candidates)
        rank.setSuffix(f" of {candidates}")
        rank.setToolTip(
            f"1 mines the hardest of the {candidates} combinations of points of two groups, 2 the "
            "second hardest, and so on."
        )
        explain_labels(self.form)

    def _pairs(self) -> QComboBox:
        box = self.field("pairs")
        assert isinstance(box, QComboBox), "it is chosen from a list"
        return box
