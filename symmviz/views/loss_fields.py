"""What the Start page says of the loss and of Symm under Advanced."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

from symmcore.settings.losses import CATALOG, LossInfo, LossSettings
from symmcore.settings.symm import PairSet, Symm
from symmviz.views.form_fields import (
    align,
    centre_labels,
    explain_labels,
    number_box,
    spin_box,
)

_DEFAULT = Symm()
_PAIR_SETS: tuple[tuple[PairSet, str, str], ...] = (
    ("paper", "All, as in the paper", "Every point of a group with every point of the other."),
    ("official", "As in the authors' code", "Only the combinations that the authors' code has."),
)


class LossFields(QWidget):
    """Settings of the loss that is chosen, and of Symm."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info = CATALOG[0]
        margin = number_box(self, 0.0, 1000.0, 0.0, 0.1)
        margin.setToolTip("How much farther a negative has to be than the positive.")
        angle = number_box(self, 0.1, 89.9, 45.0, 1.0)
        angle.setSuffix("\N{DEGREE SIGN}")
        angle.setToolTip("Upper bound of the angle at the negative point.")
        l2_reg = number_box(self, 0.0, 1000.0, 0.0, 0.001, 6)
        l2_reg.setToolTip("Weight of the embeddings' squared norms in the loss.")
        # By name of the field of LossSettings.
        self._settings = {"margin": margin, "angle_deg": angle, "l2_reg": l2_reg}
        self._alpha = number_box(self, 0.01, 100.0, _DEFAULT.alpha, 0.1)
        self._alpha.setToolTip(
            "How far a synthetic point lies from its original; 2 is the mirror image."
        )
        self._beta = number_box(self, 0.01, 100.0, _DEFAULT.beta, 0.1)
        self._beta.setToolTip("Norm of a synthetic point, as a multiple of its original's.")
        self._rank = spin_box(self, 1, 1, _DEFAULT.rank, 1)
        self._pairs = QComboBox(self)
        for at, (pairs, title, description) in enumerate(_PAIR_SETS):
            self._pairs.addItem(title, pairs)
            self._pairs.setItemData(at, description, Qt.ItemDataRole.ToolTipRole)
        self._pairs.setToolTip("Which points of two groups are combined.")
        self._pairs.currentIndexChanged.connect(self._on_pairs)
        self._lay_out()
        self.show_loss(self._info)

    def show_loss(self, info: LossInfo) -> None:
        """Show the settings that a loss has, at their defaults."""
        self._info = info
        defaults = info.defaults.given()
        for name, field in self._settings.items():
            self._form.setRowVisible(field, name in defaults)
            field.setValue(defaults.get(name, 0.0))
        self._on_pairs()

    def fields(self) -> tuple[QWidget, ...]:
        """All fields, as they are read."""
        return (*self._settings.values(), self._alpha, self._beta, self._rank, self._pairs)

    def reset(self, pairs: PairSet) -> None:
        """Show all settings at their defaults, but for which points are combined."""
        self._pairs.setCurrentIndex(self._pairs.findData(pairs))
        self._alpha.setValue(_DEFAULT.alpha)
        self._beta.setValue(_DEFAULT.beta)
        self._rank.setValue(_DEFAULT.rank)
        self.show_loss(self._info)

    def take(self, settings: LossSettings, symm: Symm | None) -> None:
        """Show these settings of the loss that is chosen, and of Symm where it is given."""
        for name, value in settings.given().items():
            self._settings[name].setValue(value)
        if symm is not None:
            self._pairs.setCurrentIndex(self._pairs.findData(symm.pairs))
            self._alpha.setValue(symm.alpha)
            self._beta.setValue(symm.beta)
            self._rank.setValue(symm.rank)

    def set_symm_enabled(self, enabled: bool) -> None:
        """Offer the settings of Symm, or not."""
        for field in (self._alpha, self._beta, self._rank, self._pairs):
            field.setEnabled(enabled)

    def symm(self) -> Symm:
        """Symm as it is chosen."""
        return Symm(
            alpha=self._alpha.value(),
            beta=self._beta.value(),
            rank=self._rank.value(),
            pairs=self._pairs.currentData(),
        )

    def loss_settings(self) -> LossSettings:
        """The settings of the loss that are not left at their default."""
        return LossSettings(
            **{
                name: self._settings[name].value()
                for name, default in self._info.defaults.given().items()
                if self._settings[name].value() != default
            }
        )

    def _lay_out(self) -> None:
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        fields = self.fields()
        labels = (
            "Margin",
            "Angle",
            "Norm penalty",
            "Symm: alpha",
            "Symm: beta",
            "Symm: rank",
            "Symm: pairs",
        )
        for label, field in zip(labels, fields, strict=True):
            self._form.addRow(label, field)
        align(*fields)
        centre_labels(self._form)

    def _on_pairs(self) -> None:
        candidates = self._info.max_rank(self._pairs.currentData())
        self._rank.setMaximum(candidates)
        self._rank.setSuffix(f" of {candidates}")
        self._rank.setToolTip(
            f"1 mines the hardest of the {candidates} combinations of points of two groups, 2 the "
            "second hardest, and so on."
        )
        explain_labels(self._form)
