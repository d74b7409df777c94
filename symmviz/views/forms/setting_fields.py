"""Fields of a form made from the settings table: one for each setting, by its kind and range."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

from symmcore.settings.setting import NamedSetting
from symmviz.views.forms.fields import (
    NumberBox,
    WholeNumberBox,
    align,
    centre_labels,
    explain_labels,
    number_box,
    spin_box,
)
from symmviz.views.widgets.typed_choice import TypedChoice

Field = QComboBox | NumberBox | WholeNumberBox


def setting_field(parent: QWidget, named: NamedSetting) -> Field:
    """The field of one setting, which shows its default and says what it is."""
    field: Field
    least, most = _range(named)
    default = named.default or 0
    if named.setting.choices:
        field = _choices(parent, named)
    elif named.kind is int:
        field = spin_box(parent, int(least), int(most), int(default), int(named.setting.step))
    else:
        step, decimals = named.setting.step, named.setting.decimals
        field = number_box(parent, least, most, float(default), step, decimals)
    if named.setting.zero and not isinstance(field, QComboBox):
        field.setSpecialValueText(named.setting.zero.capitalize())
    field.setToolTip(named.setting.tip)
    return field


def field_value(field: Field, named: NamedSetting) -> object:
    """What a field says, as its setting takes it; what is still being typed counts."""
    if isinstance(field, TypedChoice):
        field.take_typed()
    if isinstance(field, QComboBox):
        return field.currentData()
    value = field.value()
    return None if named.setting.zero and value == 0 else value


def set_field(field: Field, value: object) -> None:
    """Show a value in a field."""
    if isinstance(field, TypedChoice):
        field.choose(str(value))
    elif isinstance(field, QComboBox):
        at = field.findData(value)
        field.setCurrentIndex(at if at >= 0 else field.currentIndex())
    elif isinstance(field, WholeNumberBox):
        field.setValue(0 if not isinstance(value, int) else value)
    else:
        field.setValue(float(value) if isinstance(value, int | float) else 0.0)


class SettingFields(QWidget):
    """A form with a row for each of some settings."""

    def __init__(self, settings: Iterable[NamedSetting], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = {named.name: named for named in settings}
        self._fields = {name: setting_field(self, one) for name, one in self._settings.items()}
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for name, field in self._fields.items():
            self.form.addRow(self._settings[name].setting.label, field)
        align(*(field for field in self._fields.values() if field.sizeHint().width() < _WIDE))
        centre_labels(self.form)
        explain_labels(self.form)

    def field(self, name: str) -> Field:
        """The field of the setting of that name."""
        return self._fields[name]

    def fields(self) -> tuple[QWidget, ...]:
        """All fields, as they are read."""
        return tuple(self._fields.values())

    def values(self) -> dict[str, object]:
        """What is chosen, by the name of the setting."""
        return {name: field_value(self._fields[name], one) for name, one in self._settings.items()}

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show values, by the name of the setting; the other fields stay as they are."""
        for name, value in values.items():
            if name in self._fields:
                set_field(self._fields[name], value)


# Pixels: a field of long titles does not widen the others.
_WIDE = 260


def _choices(parent: QWidget, named: NamedSetting) -> QComboBox:
    typed = named.setting.typed
    box = QComboBox(parent) if typed is None else TypedChoice(parent)
    for at, choice in enumerate((*named.setting.choices, *((typed,) if typed else ()))):
        box.addItem(choice.title, choice.value)
        if choice.description:
            box.setItemData(at, choice.description, Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(box.findData(named.default))
    return box


def _range(named: NamedSetting) -> tuple[float, float]:
    """The least and the largest number that the field offers; 0 too where it has a meaning."""
    described = named.setting
    least, most = described.form_range or (described.least or 0, described.most or _LARGEST)
    return (0 if described.zero else least), most


_LARGEST = 10**9
