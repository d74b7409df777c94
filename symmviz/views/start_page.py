"""The Start page: choose data and loss, and start."""

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from symmcore.data.splits import SplitRule
from symmcore.loss_catalog import CATALOG
from symmcore.network_catalog import FROM_SCRATCH, IMAGENET, NETWORKS, network_info
from symmcore.training.config import DEVICES, LARGEST_SEED, TrainingConfig
from symmcore.training.presets import PRESETS, preset
from symmviz.presenters.start import StartForm
from symmviz.views.dataset_picker import DatasetPicker
from symmviz.views.elided_label import ElidedLabel

_DEVICE_TITLES = {
    "auto": "Automatic",
    "cpu": "CPU",
    "cuda": "GPU (CUDA)",
    "mps": "GPU (Apple)",
}
_SPLIT_TITLES = {
    SplitRule.AUTO: "Automatic",
    SplitRule.CLASS: "By class: half of the classes is never seen",
    SplitRule.IMAGE: "By image: a third of each class tests",
    SplitRule.FOLDERS: "By the folders train and test",
}
_DEFAULTS = TrainingConfig()


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
        self._steps = _spin_box(self, 1, 1_000_000, _DEFAULTS.steps, 100)
        self._steps.setToolTip("Batches to train on; a finished training can go on.")
        self._seed = _spin_box(self, 0, LARGEST_SEED, _DEFAULTS.seed, 1)
        self._seed.setToolTip(
            "Decides the split, batches, augmentation, initial weights and watched images: on "
            "the CPU the same seed gives the same numbers."
        )
        self._device = QComboBox(self)
        for name in DEVICES:
            self._device.addItem(_DEVICE_TITLES[name], name)
        self._device.setToolTip("Automatic takes a GPU where torch finds one.")
        self._make_advanced()
        self._make_buttons()
        self._folder = ElidedLabel(parent=self)
        self._show_folder()
        self._on_loss()
        self._on_preset()
        self._lay_out()
        self._data.changed.connect(self.dataset_changed)
        self._split.currentIndexChanged.connect(self.dataset_changed)
        self._preset.currentIndexChanged.connect(self.dataset_changed)

    def form(self) -> StartForm:
        """What is chosen now."""
        return StartForm(
            dataset=self._data.dataset(),
            split=self._split.currentData(),
            preset=self._preset.currentData(),
            network=self._network.currentData(),
            weights=self._weights.currentData(),
            loss=self._loss.currentData(),
            symm=self._symm.isChecked(),
            steps=self._steps.value(),
            seed=self._seed.value(),
            device=self._device.currentData(),
            batch_size=self._batch_size.value(),
            dim=self._dim.value(),
            learning_rate=self._learning_rate.value(),
            eval_every=self._eval_every.value(),
            threads=self._threads.value() or None,
            runs_folder=self._runs_folder,
        )

    def set_can_start(self, can_start: bool) -> None:
        """Enable the two start buttons, or say why not."""
        self.start_button.setEnabled(can_start)
        self.compare_button.setEnabled(can_start)
        self._busy.setVisible(not can_start)

    def set_error(self, text: str) -> None:
        """Say beside the start buttons what is wrong; empty for nothing."""
        self._error.setText(text)
        self._error.setVisible(bool(text))

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
        self._learning_rate.setValue(rate)

    def set_eval_every(self, steps: int) -> None:
        """Choose the number of steps between pictures."""
        self._eval_every.setValue(steps)

    def set_runs_folder(self, folder: Path) -> None:
        """Name the folder where runs are kept."""
        self._runs_folder = folder
        self._show_folder()

    def _make_advanced(self) -> None:
        self._batch_size = _spin_box(self, 4, 4096, _DEFAULTS.batch_size, 2)
        self._batch_size.setToolTip("Images in a batch: pairs of one class, so an even number.")
        self._dim = _spin_box(self, 2, 4096, _DEFAULTS.dim, 32)
        self._dim.setToolTip("Numbers in an embedding.")
        self._learning_rate = QDoubleSpinBox(self)
        self._learning_rate.setDecimals(6)
        self._learning_rate.setRange(1e-6, 1000.0)
        self._learning_rate.setSingleStep(0.0005)
        self._learning_rate.setValue(_DEFAULTS.learning_rate)
        self._learning_rate.setToolTip("Adam's learning rate.")
        self._eval_every = _spin_box(self, 1, 100_000, _DEFAULTS.eval_every, 5)
        self._eval_every.setToolTip(
            "Steps between pictures: each embeds the watched images and scores Recall@1."
        )
        self._network = QComboBox(self)
        for at, info in enumerate(NETWORKS):
            self._network.addItem(info.title, info.name)
            self._network.setItemData(at, info.description, Qt.ItemDataRole.ToolTipRole)
        self._weights = QComboBox(self)
        self._weights.addItem("From scratch", FROM_SCRATCH)
        self._weights.addItem("ImageNet (downloaded once)", IMAGENET)
        self._weights.setToolTip("What GoogLeNet and the ResNets start from.")
        self._network.currentIndexChanged.connect(self._on_network)
        self._split = QComboBox(self)
        for rule, title in _SPLIT_TITLES.items():
            self._split.addItem(title, rule.value)
        self._split.setToolTip("Of a folder of images; all other data has a split of its own.")
        self._threads = _spin_box(self, 0, 1024, 0, 1)
        self._threads.setSpecialValueText("Automatic")
        self._threads.setToolTip(
            "Threads of torch on the CPU; automatic takes all cores but one. Fewer can be many "
            "times faster while other programs are busy."
        )
        self._advanced = QGroupBox(self)
        self._advanced.setFlat(True)
        form = QFormLayout(self._advanced)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.addRow("Network", self._network)
        form.addRow("Weights", self._weights)
        form.addRow("Split", self._split)
        form.addRow("Batch size", self._batch_size)
        form.addRow("Embedding size", self._dim)
        form.addRow("Learning rate", self._learning_rate)
        form.addRow("Steps between pictures", self._eval_every)
        form.addRow("Threads", self._threads)
        _centre_labels(form)
        _align(
            self._network,
            self._weights,
            self._batch_size,
            self._dim,
            self._learning_rate,
            self._eval_every,
            self._threads,
        )
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
        _centre_labels(form)
        _align(self._loss, self._preset, self._steps, self._seed, self._device)
        form.addRow(self._more)
        form.addRow(self._advanced)
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
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self._busy)
        column.addWidget(self._error)
        column.addStretch(1)
        self._scroll(content)

    def _folder_row(self) -> QHBoxLayout:
        change = QPushButton("Change...", self)
        change.clicked.connect(self._on_change_folder)
        row = QHBoxLayout()
        row.addWidget(self._folder)
        row.addWidget(change)
        row.addStretch(1)
        return row

    def _scroll(self, content: QWidget) -> None:
        outer = QWidget(self)
        across = QHBoxLayout(outer)
        across.setContentsMargins(0, 0, 0, 0)
        across.addStretch(1)
        across.addWidget(content, 6)
        across.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(outer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def _on_loss(self) -> None:
        info = CATALOG[self._loss.currentIndex()]
        self._loss.setToolTip(info.description)
        self.compare_button.setText(f"Compare {info.title} with and without Symm")

    def _on_preset(self) -> None:
        chosen = preset(self._preset.currentData())
        self._preset.setToolTip(chosen.description)
        self._network.setCurrentIndex(self._network.findData(chosen.network))
        self._steps.setValue(chosen.steps)
        self._batch_size.setValue(chosen.batch_size)
        self._dim.setValue(chosen.dim)
        self._learning_rate.setValue(chosen.learning_rate)
        self._eval_every.setValue(chosen.eval_every)
        self._on_network()

    def _on_network(self) -> None:
        info = network_info(self._network.currentData())
        self._network.setToolTip(info.description)
        self._weights.setEnabled(info.imagenet)
        if not info.imagenet:
            self._weights.setCurrentIndex(self._weights.findData(FROM_SCRATCH))

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


def _align(*fields: QWidget) -> None:
    """Make fields one below the other equally wide."""
    width = max(field.sizeHint().width() for field in fields)
    for field in fields:
        field.setMinimumWidth(width)


def _centre_labels(form: QFormLayout) -> None:
    """Put each row's label beside the middle of its field, not its top."""
    for row in range(form.rowCount()):
        label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        widget = label.widget() if label is not None else None
        if widget is not None and field is not None:
            widget.setMinimumHeight(field.sizeHint().height())


def _spin_box(parent: QWidget, least: int, most: int, value: int, step: int) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(least, most)
    box.setValue(value)
    box.setSingleStep(step)
    box.setGroupSeparatorShown(True)
    return box
