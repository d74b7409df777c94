"""The Start page: choose data and loss, and start."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from symmcore.errors import InputError
from symmcore.settings.losses import CATALOG
from symmviz.model.runs.recent import RecentRun
from symmviz.presenters.start import StartForm, chosen_spec, protocol_values
from symmviz.views.forms.fields import (
    align,
    centre_labels,
    leave_wheel_to_page,
    on_change,
)
from symmviz.views.forms.loss_fields import LossFields
from symmviz.views.forms.training_fields import TrainingFields
from symmviz.views.start.comparison_fields import NOTE_WIDTH, ComparisonFields
from symmviz.views.start.dataset_picker import DatasetPicker
from symmviz.views.start.footer import StartFooter, centred
from symmviz.views.start.heading import StartHeading
from symmviz.views.start.main_fields import MainFields
from symmviz.views.start.preset_field import PresetField
from symmviz.views.start.recent_runs import RecentRuns
from symmviz.views.start.runs_folder import RunsFolder
from symmviz.views.widgets.disclosure import Disclosure
from symmviz.views.widgets.dropped import dropped_path
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.scroll_area import reveal, scrolling

_WIDTH_FOR_RECENT = 840  # pixels from which recent runs stand beside the form


class StartPage(QWidget):
    """What to train on what, and where it is kept."""

    start = Signal()
    """Train the chosen loss."""
    compare = Signal()
    """Train the chosen loss without and with Symm, side by side."""
    dataset_changed = Signal()
    """Another dataset, another split of it or another size of its images is chosen."""
    settings_changed = Signal()
    """Another value of a setting is chosen."""
    runs_folder_chosen = Signal(Path)
    """The user wants runs kept elsewhere."""
    open_runs_wanted = Signal(object)
    """The user wants to see the runs in these folders, side by side: a tuple of paths."""
    dropped = Signal(Path)
    """The user wants to see this run, or to train on this folder of images, if it is one."""
    open_dialog_wanted = Signal()
    """The user wants to choose the folder of a run to see."""

    def __init__(self, runs_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs_folder = RunsFolder(runs_folder, self)
        self._runs_folder.chosen.connect(self.runs_folder_chosen)
        self.setAcceptDrops(True)
        self._data = DatasetPicker(self)
        self._preset = PresetField(self)
        self._preset.chosen.connect(self._on_preset)
        self._loss = QComboBox(self)
        self._loss.setAccessibleName("Loss")
        for at, info in enumerate(CATALOG):
            self._loss.addItem(info.title, info.name)
            self._loss.setItemData(at, info.description, Qt.ItemDataRole.ToolTipRole)
        self._loss.currentIndexChanged.connect(self._on_loss)
        self._symm = QCheckBox("with Symmetrical Synthesis (Symm)", self)
        self._symm.setChecked(True)
        self._symm.setToolTip(
            "Reflects the two images of each pair about one another and mines the hardest "
            "negatives among original and synthetic points."
        )
        self._main = MainFields(self)
        self.recent = RecentRuns(self)
        self.recent.open_wanted.connect(self.open_runs_wanted)
        self.recent.dialog_wanted.connect(self.open_dialog_wanted)
        self._make_advanced()
        self._footer = StartFooter(self)
        self.start_button = self._footer.start_button
        self.compare_button = self._footer.compare_button
        self.start_button.clicked.connect(self.start)
        self.compare_button.clicked.connect(self.compare)
        self._recording = QLabel(self)
        self._recording.setWordWrap(True)
        self._recording.setMinimumWidth(NOTE_WIDTH)
        self._recording.setProperty("muted", True)
        self.comparison = ComparisonFields(self)
        self.comparison.add_wanted.connect(self._add_to_comparison)
        self.comparison.changed.connect(self._on_comparison)
        self._on_loss()
        self._on_preset()
        self._lay_out()
        self._data.changed.connect(self._on_dataset)
        self._on_dataset()
        self.training.split_changed.connect(self.dataset_changed)
        self._preset.chosen.connect(self.dataset_changed)
        on_change(self._all_fields(), self._on_settings)
        self._symm.toggled.connect(self.settings_changed)
        self._main.seeds.textChanged.connect(self.settings_changed)
        self._loss.currentIndexChanged.connect(self._on_settings)

    def form(self) -> StartForm:
        """What is chosen now; what is still being typed counts."""
        for box in self.findChildren(QAbstractSpinBox):
            box.interpretText()
        return StartForm(
            dataset=self._data.dataset(),
            preset=self._preset.preset.name,
            loss=self._loss.currentData(),
            loss_settings=self._loss_fields.loss_settings(),
            symm=self._symm.isChecked(),
            symm_settings=self._loss_fields.symm(),
            settings=self._settings() | {"follow_links": self._data.follow_links()},
            runs_folder=self.runs_folder,
            compared=self.comparison.specs,
            seeds=self._main.seeds.text(),
        )

    def set_form(self, form: StartForm) -> None:
        """Choose what a form says, but for the folder of runs."""
        self.set_dataset(form.dataset)
        self._data.set_follow_links(form.settings.get("follow_links") is True)
        self.comparison.set_specs(form.compared)
        self.set_preset(form.preset)
        self.set_loss(form.loss)
        self.set_symm(form.symm)
        self.set_settings(form.settings)
        if form.seeds:
            self._main.seeds.setText(form.seeds)
        self._loss_fields.set_run(form.loss_settings, form.symm_settings)

    def set_recent_runs(self, runs: tuple[RecentRun, ...]) -> None:
        """List the runs that can be opened with a click, newest first."""
        self.recent.set_runs(runs)

    def set_can_start(self, can_start: bool) -> None:
        """Enable the two start buttons, or say why not."""
        self._footer.set_can_start(can_start)

    def set_problem(self, text: str, *, of_preset: bool) -> None:
        """Say what cannot be trained, beside the preset where that is it; empty for nothing."""
        self._preset.set_problem(text if of_preset else "")
        self._footer.set_problem(text, beside_preset=of_preset)

    def problem(self) -> str:
        """What is said to be impossible to train."""
        return self._preset.problem() or self._footer.error()

    def set_error(self, text: str) -> None:
        """Say beside the start buttons what is wrong; empty for nothing."""
        self._footer.set_error(text)

    def set_dataset_note(self, text: str, *, is_error: bool) -> None:
        """Say something beside the dataset; empty for nothing."""
        self._data.set_note(text, is_error=is_error)

    def set_recording_note(self, text: str) -> None:
        """Say how much a training will record; empty where that is not known."""
        self._recording.setText(text)

    def recording_note(self) -> str:
        """What is said of how much a training will record."""
        return self._recording.text()

    def error(self) -> str:
        """What is said to be wrong."""
        return self._footer.error()

    def set_dataset(self, text: str) -> None:
        """Choose a dataset, as the command line writes it."""
        self._data.set_dataset(text)

    def set_preset(self, name: str) -> None:
        """Choose a preset, with all its values."""
        self._preset.set_preset(name)

    def set_loss(self, name: str) -> None:
        """Choose a loss."""
        self._loss.setCurrentIndex(self._loss.findData(name))

    def set_settings(self, values: Mapping[str, object]) -> None:
        """Choose settings of the training, by field of ``TrainingConfig``."""
        self._main.set_values(values)
        self.training.set_values(values)

    def set_symm(self, symm: bool) -> None:
        """Choose whether to train with Symm."""
        self._symm.setChecked(symm)

    @property
    def runs_folder(self) -> Path:
        """Where runs are kept."""
        return self._runs_folder.folder

    def set_runs_folder(self, folder: Path) -> None:
        """Name the folder where runs are kept."""
        self._runs_folder.set_folder(folder)

    def _make_advanced(self) -> None:
        self._advanced = QWidget(self)
        self.training = TrainingFields(self._advanced)
        self._loss_fields = LossFields(self._advanced)
        columns = FlowLayout(self._advanced, spacing=36, line_spacing=12, top=True)
        columns.setContentsMargins(0, 4, 0, 4)
        columns.addWidget(self.training)
        columns.addWidget(self._loss_fields)
        self._more = Disclosure("Advanced", self._advanced, self)
        self._more.setToolTip("Show or hide all other settings of a training.")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        loss = FlowLayout()
        loss.addWidget(self._loss)
        loss.addWidget(self._symm)
        form.setVerticalSpacing(6)  # or it would be that of what it stands beside
        form.addRow("Loss", loss)
        form.addRow("Compared", self.comparison)
        form.addRow("Preset", self._preset)
        self._main.add_rows(form)
        form.addRow("Runs are kept in", self._runs_folder)
        form.addRow("", self._recording)
        align(self._loss, self._preset.box, *self._main.fields())
        centre_labels(form)
        form.addRow(self._more)
        content = QWidget(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(StartHeading(self))
        column.addWidget(self._data)
        column.addLayout(self._beside_recent(form))
        column.addWidget(self._advanced)
        column.addStretch(1)
        scroll = scrolling(centred(content, self), self)
        # what was below the fold would seem to be nothing
        self._more.opened.connect(lambda: reveal(scroll, self._advanced, self._more))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._footer)
        self._order_tabs()
        leave_wheel_to_page(self)

    def _beside_recent(self, form: QFormLayout) -> QBoxLayout:
        self._across = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._across.setSpacing(20)
        self._across.addLayout(form)
        self._across.addWidget(self.recent, 1)
        return self._across

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the recent runs beside the form, or below it where there is no room."""
        super().resizeEvent(event)
        wide = event.size().width() >= _WIDTH_FOR_RECENT
        direction = QBoxLayout.Direction
        self._across.setDirection(direction.LeftToRight if wide else direction.TopToBottom)

    def _order_tabs(self) -> None:
        """Have the tab key go through the page as it is read."""
        fields = (
            *(self._loss, self._symm, self._preset.box, self._preset.reset_button),
            *self._main.fields(),
            *(self.comparison.add_button, self.comparison.figures_button),
            *(self._runs_folder.button, self._more),
            *self.training.fields(),
            *self._loss_fields.fields(),
            *(self.start_button, self.compare_button),
            *self.recent.fields(),
        )
        for one, following in pairwise(fields):
            self.setTabOrder(one, following)

    def _on_dataset(self) -> None:
        self.training.set_can_split(self._data.can_split())
        self.dataset_changed.emit()

    def _on_loss(self) -> None:
        info = CATALOG[self._loss.currentIndex()]
        self._loss.setToolTip(info.description)
        self._loss_fields.show_loss(info)
        self.compare_button.setText(f"Compare {info.title} with and without Symm")

    def _add_to_comparison(self) -> None:
        try:
            self.comparison.add(chosen_spec(self.form()))
        except InputError as error:
            self.set_error(str(error))

    def _on_comparison(self) -> None:
        self._footer.set_compared(len(self.comparison.specs))
        self.settings_changed.emit()

    def _on_preset(self) -> None:
        chosen = self._preset.preset
        self.set_settings(protocol_values(chosen))
        self._loss_fields.reset(chosen.pairs)

    def _on_settings(self) -> None:
        """Say whether the numbers are still the preset's, and that some have changed."""
        chosen, values = self._preset.preset, self._settings()
        usual = protocol_values(chosen).items()
        same = all(values.get(name, value) == value for name, value in usual)
        self._preset.set_changed(not (same and self._loss_fields.is_reset(chosen.pairs)))
        self.settings_changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take what may be a folder."""
        if dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Say what was dropped, without a look at the disk, which may be slow."""
        path = dropped_path(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.dropped.emit(Path(path))

    def _settings(self) -> dict[str, object]:
        return self._main.values() | self.training.values()

    def _all_fields(self) -> tuple[QWidget, ...]:
        advanced = (*self.training.fields(), *self._loss_fields.fields())
        return (*self._main.setting_fields(), *advanced)
