"""The dialog in which a branch is described: what changes, and what cannot."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from symmcore.errors import InputError
from symmcore.settings.losses import CATALOG
from symmcore.training.spec import RunSpec
from symmviz.model.runs.branch import BranchParent, BranchRequest, changes, check_request
from symmviz.views.forms.fields import (
    NumberBox,
    WholeNumberBox,
    align,
    centre_labels,
    leave_wheel_to_page,
    number_box,
    spin_box,
)
from symmviz.views.forms.loss_fields import LossFields
from symmviz.views.widgets.scroll_area import scrolling

_NOTHING = "Nothing is changed: this repeats the run from here."
_BUSY = "A training is running: stop it to branch."


class BranchDialog(QDialog):
    """Begins with the parent's settings; stays open until it is told that the branch began.

    Of several runs the last is the parent until another is chosen.
    """

    requested = Signal(object)
    """The user wants this :class:`BranchRequest`: answer with ``accept`` or ``set_error``."""

    def __init__(self, parents: tuple[BranchParent, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parents = parents
        self._parent_run = parents[-1]
        self.run = QComboBox(self)
        for run in parents:
            self.run.addItem(f"{run.title}, step {run.step:,}")
        self.run.setCurrentIndex(len(parents) - 1)
        self.run.setToolTip("Which of the runs that are shown the branch shares its past with.")
        self.loss = QComboBox(self)
        for info in CATALOG:
            self.loss.addItem(info.title, info.name)
        self.loss.setToolTip("The loss that the branch trains with.")
        self.symm = QCheckBox("with Symmetrical Synthesis (Symm)", self)
        self.symm.setToolTip("Whether the branch mines synthetic points among its negatives.")
        self.loss_fields = LossFields(self)
        self.learning_rate = number_box(self, 1e-6, 1000.0, 0.0005, 0.0005, 6)
        self.steps = spin_box(self, 1, 10_000_000, 100, 100)
        self.steps.setAccessibleName("Train to step")
        self._heading, self._fixed = self._label(), self._label(muted=True)
        self._changes = self._label(muted=True)
        self._steps_error = self._label(error=True)
        self._error = self._label(error=True)
        self.buttons = QDialogButtonBox(self)
        self.branch_button = self.buttons.addButton(
            "Branch", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.branch_button.setProperty("primary", True)
        self.branch_button.style().polish(self.branch_button)  # it has been, as a plain one
        self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.reset_button = self.buttons.addButton(
            "As the parent", QDialogButtonBox.ButtonRole.ResetRole
        )
        self._lay_out()
        self._connect()
        self._show_parent()

    def request(self) -> BranchRequest:
        """What is chosen now; what is still being typed counts.

        Raises:
            InputError: If it cannot be trained.
        """
        for box in self.findChildren(QAbstractSpinBox):
            box.interpretText()
        rate = self.learning_rate.value()
        parent = self._parent_run
        request = BranchRequest(
            folder=parent.folder,
            step=parent.step,
            spec=RunSpec(
                loss=self.loss.currentData(),
                symm=self.loss_fields.symm() if self.symm.isChecked() else None,
                loss_settings=self.loss_fields.loss_settings(),
                learning_rate=self._rate_of_spec(rate),
            ),
            steps=self.steps.value(),
        )
        check_request(parent, request)
        return request

    def reset(self) -> None:
        """Show the parent's settings, with nothing changed."""
        run = self._parent_run
        # From the end on, as many steps again: one more would show nothing.
        self.steps.setValue(run.steps if run.steps > run.step else run.step + run.steps)
        self.propose(run.spec)

    def propose(self, spec: RunSpec) -> None:
        """Show what a branch could train; where it has no learning rate, with the parent's."""
        self.loss.setCurrentIndex(self.loss.findData(spec.loss))
        self._on_loss()
        self.symm.setChecked(spec.symm is not None)
        self.loss_fields.set_run(spec.loss_settings, spec.symm)
        self.learning_rate.setValue(spec.learning_rate or self._parent_run.learning_rate)
        self._on_changed()

    def set_error(self, text: str) -> None:
        """Say why the branch that was asked for cannot be; empty for nothing."""
        _show(self._error, text)

    def set_can_start(self, can_start: bool) -> None:
        """Let the branch be trained, or say why not now."""
        self.branch_button.setEnabled(can_start)
        self._busy.setVisible(not can_start)

    def error(self) -> str:
        """What is said to be wrong."""
        return self._steps_error.text() or self._error.text()

    def changes_text(self) -> str:
        """What is said to change."""
        return self._changes.text()

    def _lay_out(self) -> None:
        self._heading.setProperty("title", True)
        shared = self._label(
            "The branch shares everything up to this step and trains on with what you change "
            "here. The run itself stays as it is.",
            muted=True,
        )
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.addRow("From", self.run)
        form.setRowVisible(self.run, len(self._parents) > 1)
        form.addRow("Loss", self.loss)
        form.addRow("", self.symm)
        form.addRow("Learning rate", self.learning_rate)
        steps = QHBoxLayout()
        steps.addWidget(self.steps)
        steps.addWidget(self._steps_error, 1)
        form.addRow("Train to step", steps)
        align(self.run, self.loss, self.learning_rate, self.steps, *self.loss_fields.fields())
        centre_labels(form)
        self._fixed.setToolTip(
            "The checkpoint's weights are of this network, and the past is one of these images "
            "in this order."
        )
        content = QWidget(self)
        fields = QVBoxLayout(content)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.addLayout(form)
        fields.addWidget(self.loss_fields)
        fields.addStretch(1)
        scroll = scrolling(content, self)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._busy = self._label(_BUSY, muted=True)
        self._busy.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        for label in (self._heading, shared, self._fixed):
            layout.addWidget(label)
        layout.addWidget(scroll, 1)
        for label in (self._changes, self._error, self._busy):
            layout.addWidget(label)
        layout.addWidget(self.buttons)
        leave_wheel_to_page(self)
        self.resize(520, 560)

    def _connect(self) -> None:
        self.run.currentIndexChanged.connect(self._show_parent)
        self.loss.currentIndexChanged.connect(self._on_loss)
        self.symm.toggled.connect(self._on_changed)
        for field in (self.learning_rate, self.steps, *self.loss_fields.fields()):
            if isinstance(field, QComboBox):
                field.currentIndexChanged.connect(self._on_changed)
            elif isinstance(field, NumberBox | WholeNumberBox):
                field.valueChanged.connect(self._on_changed)
        self.buttons.accepted.connect(self._on_branch)
        self.buttons.rejected.connect(self.reject)
        self.reset_button.clicked.connect(self.reset)

    def _show_parent(self) -> None:
        """Say which run it is, and begin with its settings."""
        self._parent_run = run = self._parents[self.run.currentIndex()]
        self.setWindowTitle(f"Branch from step {run.step:,}")
        self._heading.setText(f"{run.title}, after step {run.step:,}")
        self._fixed.setText(
            f"Fixed: dataset {run.dataset}, network {run.network}, seed {run.seed}."
        )
        self.learning_rate.setToolTip(f"The parent's is {run.learning_rate:g}.")
        self.steps.setToolTip(
            f"The step at which the branch ends. The parent ends at {run.steps:,}."
        )
        self.reset()

    def _on_loss(self) -> None:
        self.loss_fields.show_loss(CATALOG[self.loss.currentIndex()])
        self._on_changed()

    def _on_changed(self) -> None:
        self.loss_fields.set_symm_enabled(self.symm.isChecked())
        _show(self._error, "")
        request = self._checked_request()
        changed = () if request is None else changes(self._parent_run, request)
        if changed:
            self._changes.setText(f"Changes: {', '.join(changed)}.")
        else:
            self._changes.setText("" if request is None else _NOTHING)

    def _on_branch(self) -> None:
        request = self._checked_request()
        if request is not None:
            self.requested.emit(request)

    def _checked_request(self) -> BranchRequest | None:
        """What is chosen; None, and why beside the field, where it cannot be trained."""
        try:
            request = self.request()
        except InputError as error:
            _show(self._steps_error, str(error))
            return None
        _show(self._steps_error, "")
        return request

    def _rate_of_spec(self, rate: float) -> float | None:
        parent = self._parent_run
        return parent.spec.learning_rate if rate == parent.learning_rate else rate

    def _label(self, text: str = "", *, muted: bool = False, error: bool = False) -> QLabel:
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("muted", muted)
        label.setProperty("error", error)
        return label


def _show(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
