"""The Start page: choose data and loss, and start."""

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from symmcore.settings.losses import CATALOG
from symmcore.settings.presets import PRESETS, preset
from symmcore.training.config import DEVICES, LARGEST_SEED, TrainingConfig
from symmviz.model.recent import RecentRun
from symmviz.presenters.start import StartForm
from symmviz.views.dataset_picker import DatasetPicker
from symmviz.views.elided_label import ElidedLabel
from symmviz.views.form_fields import align, centre_labels, leave_wheel_to_page, spin_box
from symmviz.views.loss_fields import LossFields
from symmviz.views.recent_runs import RecentRuns
from symmviz.views.training_fields import TrainingFields

_DEVICE_TITLES = {
    "auto": "Automatic",
    "cpu": "CPU",
    "cuda": "GPU (CUDA)",
    "mps": "GPU (Apple)",
}
_DEFAULTS = TrainingConfig()
_WIDTH_FOR_RECENT = 840  # pixels from which recent runs stand beside the form


class StartPage(QWidget):
    """What to train on what, and where it is kept."""

    start = Signal()
    """Train the chosen loss."""
    compare = Signal()
    """Train the chosen loss without and with Symm, side by side."""
    dataset_changed = Signal()
    """Another dataset, another split of it or another size of its images is chosen."""
    runs_folder_chosen = Signal(Path)
    """The user wants runs kept elsewhere."""
    open_runs_wanted = Signal(object)
    """The user wants to see the runs in these folders, side by side: a tuple of paths."""
    open_dialog_wanted = Signal()
    """The user wants to choose the folder of a run to see."""

    def __init__(self, runs_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs_folder = runs_folder
        self.setAcceptDrops(True)
        self._data = DatasetPicker(self)
        self._preset = QComboBox(self)
        for at, entry in enumerate(PRESETS):
            self._preset.addItem(entry.title, entry.name)
            self._preset.setItemData(at, entry.description, Qt.ItemDataRole.ToolTipRole)
        self._preset.currentIndexChanged.connect(self._on_preset)
        self._loss = QComboBox(self)
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
        self._steps = spin_box(self, 1, 1_000_000, _DEFAULTS.steps, 100)
        self._steps.setToolTip("Batches to train on; a finished training can go on.")
        self._seed = spin_box(self, 0, LARGEST_SEED, _DEFAULTS.seed, 1)
        self._seed.setToolTip(
            "Decides the split, batches, augmentation, initial weights and watched images: on "
            "the CPU the same seed gives the same numbers."
        )
        self._device = QComboBox(self)
        for name in DEVICES:
            self._device.addItem(_DEVICE_TITLES[name], name)
        self._device.setToolTip("Automatic takes a GPU where torch finds one.")
        self.recent = RecentRuns(self)
        self.recent.open_wanted.connect(self.open_runs_wanted)
        self.recent.dialog_wanted.connect(self.open_dialog_wanted)
        self._make_advanced()
        self._make_buttons()
        self._folder = ElidedLabel(parent=self)
        self._show_folder()
        self._on_loss()
        self._on_preset()
        self._lay_out()
        self._data.changed.connect(self._on_dataset)
        self._on_dataset()
        self._training.split_changed.connect(self.dataset_changed)
        self._preset.currentIndexChanged.connect(self.dataset_changed)

    def form(self) -> StartForm:
        """What is chosen now; what is still being typed counts."""
        for box in self.findChildren(QAbstractSpinBox):
            box.interpretText()
        return StartForm(
            dataset=self._data.dataset(),
            split=self._training.split.currentData(),
            preset=self._preset.currentData(),
            network=self._training.network.currentData(),
            weights=self._training.weights.currentData(),
            loss=self._loss.currentData(),
            loss_settings=self._loss_fields.loss_settings(),
            symm=self._symm.isChecked(),
            symm_settings=self._loss_fields.symm(),
            steps=self._steps.value(),
            seed=self._seed.value(),
            device=self._device.currentData(),
            batch_size=self._training.batch_size.value(),
            dim=self._training.dim.value(),
            learning_rate=self._training.learning_rate.value(),
            eval_every=self._training.eval_every.value(),
            threads=self._training.threads.value() or None,
            runs_folder=self._runs_folder,
        )

    def set_recent_runs(self, runs: tuple[RecentRun, ...]) -> None:
        """List the runs that can be opened with a click, newest first."""
        self.recent.set_runs(runs)

    def set_can_start(self, can_start: bool) -> None:
        """Enable the two start buttons, or say why not."""
        self.start_button.setEnabled(can_start)
        self.compare_button.setEnabled(can_start)
        self._busy.setVisible(not can_start)

    def set_error(self, text: str) -> None:
        """Say beside the start buttons what is wrong; empty for nothing."""
        self._error.setText(text)
        self._error.setVisible(bool(text))
        if text:  # once it has a place
            QTimer.singleShot(0, self._scroll_to_error)

    def set_dataset_note(self, text: str, *, is_error: bool) -> None:
        """Say something beside the dataset; empty for nothing."""
        self._data.set_note(text, is_error=is_error)

    def error(self) -> str:
        """What is said to be wrong."""
        return self._error.text()

    def set_dataset(self, text: str) -> None:
        """Choose a dataset, as the command line writes it."""
        self._data.set_dataset(text)

    def set_preset(self, name: str) -> None:
        """Choose a preset, with all its values."""
        self._preset.setCurrentIndex(self._preset.findData(name))

    def set_loss(self, name: str) -> None:
        """Choose a loss."""
        self._loss.setCurrentIndex(self._loss.findData(name))

    def set_steps(self, steps: int) -> None:
        """Choose a number of steps."""
        self._steps.setValue(steps)

    def set_seed(self, seed: int) -> None:
        """Choose a seed."""
        self._seed.setValue(seed)

    def set_symm(self, symm: bool) -> None:
        """Choose whether to train with Symm."""
        self._symm.setChecked(symm)

    def set_learning_rate(self, rate: float) -> None:
        """Choose a learning rate."""
        self._training.learning_rate.setValue(rate)

    def set_eval_every(self, steps: int) -> None:
        """Choose the number of steps between pictures."""
        self._training.eval_every.setValue(steps)

    @property
    def runs_folder(self) -> Path:
        """Where runs are kept."""
        return self._runs_folder

    def set_runs_folder(self, folder: Path) -> None:
        """Name the folder where runs are kept."""
        self._runs_folder = folder
        self._show_folder()

    def _make_advanced(self) -> None:
        self._advanced = QWidget(self)
        self._training = TrainingFields(self._advanced)
        self._loss_fields = LossFields(self._advanced)
        columns = QHBoxLayout(self._advanced)
        columns.setContentsMargins(0, 4, 0, 4)
        columns.setSpacing(36)
        columns.addWidget(self._training, 0, Qt.AlignmentFlag.AlignTop)
        columns.addWidget(self._loss_fields, 0, Qt.AlignmentFlag.AlignTop)
        columns.addStretch(1)
        self._advanced.hide()
        self._more = QToolButton(self)
        self._more.setText("Advanced")
        self._more.setCheckable(True)
        self._more.setAutoRaise(True)
        self._more.setArrowType(Qt.ArrowType.RightArrow)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.toggled.connect(self._on_advanced)

    def _make_buttons(self) -> None:
        self.start_button = QPushButton("Start", self)
        self.start_button.setProperty("primary", True)
        self.start_button.setDefault(True)
        self.start_button.setMinimumWidth(120)
        self.start_button.clicked.connect(self.start)
        self.compare_button = QPushButton(self)
        self.compare_button.setToolTip(
            "Trains both at once on the same initial weights, batches and augmentation, so "
            "that a difference between two curves is the loss and nothing else."
        )
        self.compare_button.clicked.connect(self.compare)
        self._error = QLabel(self)
        self._error.setProperty("error", True)
        self._error.setWordWrap(True)
        self._error.hide()
        self._busy = QLabel("A training is running: stop it to start another.", self)
        self._busy.setProperty("muted", True)
        self._busy.hide()

    def _lay_out(self) -> None:
        heading = QLabel("Watch an embedding form", self)
        heading.setProperty("heading", True)
        intro = QLabel(
            "Train a network on images and see live where it puts them, which synthetic points "
            "Symm mines, and what it retrieves.",
            self,
        )
        intro.setWordWrap(True)
        intro.setProperty("muted", True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        loss = QHBoxLayout()
        loss.addWidget(self._loss)
        loss.addWidget(self._symm)
        loss.addStretch(1)
        form.addRow("Loss", loss)
        form.addRow("Preset", self._preset)
        form.addRow("Steps", self._steps)
        form.addRow("Seed", self._seed)
        form.addRow("Device", self._device)
        form.addRow("Runs are kept in", self._folder_row())
        align(self._loss, self._preset, self._steps, self._seed, self._device)
        centre_labels(form)
        form.addRow(self._more)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start_button)
        buttons.addWidget(self.compare_button)
        buttons.addStretch(1)
        content = QWidget(self)
        content.setMaximumWidth(900)
        content.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(intro)
        column.addWidget(self._data)
        column.addLayout(self._beside_recent(form))
        column.addWidget(self._advanced)
        column.addLayout(buttons)
        column.addWidget(self._busy)
        column.addWidget(self._error)
        column.addStretch(1)
        self._fill(content)
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

    def _folder_row(self) -> QHBoxLayout:
        self._change = QPushButton("Change...", self)
        self._change.clicked.connect(self._on_change_folder)
        row = QHBoxLayout()
        row.addWidget(self._folder)
        row.addWidget(self._change)
        row.addStretch(1)
        return row

    def _fill(self, content: QWidget) -> None:
        outer = QWidget(self)
        across = QHBoxLayout(outer)
        across.setContentsMargins(0, 0, 0, 0)
        across.addStretch(1)
        across.addWidget(content, 1000)  # as wide as it may be, then margins
        across.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(outer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)

    def _scroll_to_error(self) -> None:
        self._scroll.ensureWidgetVisible(self._error)

    def _order_tabs(self) -> None:
        """Have the tab key go through the page as it is read."""
        fields = (
            *(self._loss, self._symm, self._preset, self._steps, self._seed, self._device),
            *(self._change, self._more),
            *self._training.fields(),
            *self._loss_fields.fields(),
            *(self.start_button, self.compare_button),
            *self.recent.fields(),
        )
        for one, following in pairwise(fields):
            self.setTabOrder(one, following)

    def _on_dataset(self) -> None:
        self._training.split.setEnabled(self._data.can_split())
        self.dataset_changed.emit()

    def _on_loss(self) -> None:
        info = CATALOG[self._loss.currentIndex()]
        self._loss.setToolTip(info.description)
        self._loss_fields.show_loss(info)
        self.compare_button.setText(f"Compare {info.title} with and without Symm")

    def _on_preset(self) -> None:
        chosen = preset(self._preset.currentData())
        self._preset.setToolTip(chosen.description)
        self._steps.setValue(chosen.steps)
        self._training.take(chosen)
        self._loss_fields.reset(chosen.pairs)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a folder."""
        if _dropped_folder(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Choose the folder that was dropped."""
        folder = _dropped_folder(event.mimeData())
        if folder is not None:
            event.acceptProposedAction()
            self._data.set_dataset(f"folder:{folder}")

    def _on_advanced(self, shown: bool) -> None:
        self._advanced.setVisible(shown)
        self._more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    def _on_change_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Where to keep runs", str(self._runs_folder)
        )
        if chosen:
            self.runs_folder_chosen.emit(Path(chosen))

    def _show_folder(self) -> None:
        self._folder.setText(str(self._runs_folder))


def _dropped_folder(data: QMimeData) -> str | None:
    """The one folder of this computer that is dragged, if it is that."""
    urls = data.urls()
    path = urls[0].toLocalFile() if len(urls) == 1 and urls[0].isLocalFile() else ""
    return path if path and Path(path).is_dir() else None
