"""The settings of a training that stand on the Start page itself: steps, seeds, device."""

from collections.abc import Mapping

from PySide6.QtWidgets import QFormLayout, QWidget

from symmcore.settings.setting import Place, settings_of
from symmcore.training.config import TrainingConfig
from symmviz.presenters.start import SEEDS
from symmviz.views.forms.setting_fields import Field, field_value, set_field, setting_field
from symmviz.views.start.seeds_field import SeedsField

_SEED = "seed"


class MainFields:
    """A row each; the seed has a field that takes several."""

    def __init__(self, parent: QWidget) -> None:
        self._settings = tuple(
            one for one in settings_of(TrainingConfig) if one.setting.place is Place.MAIN
        )
        self._fields: dict[str, Field] = {
            one.name: setting_field(parent, one) for one in self._settings if one.name != _SEED
        }
        self.seeds = SeedsField(parent)

    def add_rows(self, form: QFormLayout) -> None:
        """Put each below the others."""
        for one in self._settings:
            if one.name == _SEED:
                form.addRow(SEEDS, self.seeds)
            else:
                form.addRow(one.setting.label, self._fields[one.name])

    def setting_fields(self) -> tuple[Field, ...]:
        """Those of the settings, but for the seeds."""
        return tuple(self._fields.values())

    def fields(self) -> tuple[QWidget, ...]:
        """All, as they are read."""
        return tuple(self._fields.get(one.name, self.seeds) for one in self._settings)

    def values(self) -> dict[str, object]:
        """What is chosen, by field of ``TrainingConfig``: of several seeds the smallest."""
        chosen = {
            one.name: field_value(self._fields[one.name], one)
            for one in self._settings
            if one.name != _SEED
        }
        return chosen | {_SEED: self.seeds.first}

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show values, by field of ``TrainingConfig``; the other fields stay as they are."""
        for name, field in self._fields.items():
            if name in values:
                set_field(field, values[name])
        if _SEED in values:
            self.seeds.setText(str(values[_SEED]))
