"""What the Start page says of the network and its training under Advanced."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QWidget

from symmcore.data.splits import SplitRule
from symmcore.network_catalog import FROM_SCRATCH, IMAGENET, NETWORKS, network_info
from symmcore.training.config import LARGEST_BATCH, MOST_THREADS, TrainingConfig
from symmcore.training.presets import Preset
from symmviz.views.form_fields import (
    align,
    centre_labels,
    explain_labels,
    number_box,
    spin_box,
)

_SPLIT_TITLES = {
    SplitRule.AUTO: "Automatic",
    SplitRule.CLASS: "By class: half of the classes is never seen",
    SplitRule.IMAGE: "By image: a third of each class tests",
    SplitRule.FOLDERS: "By the folders train and test (or val)",
}
_DEFAULTS = TrainingConfig()


class TrainingFields(QWidget):
    """The fields; each holds one value of ``StartForm``."""

    split_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.batch_size = spin_box(self, 4, LARGEST_BATCH, _DEFAULTS.batch_size, 2)
        self.batch_size.setToolTip("Images in a batch: pairs of one class, so an even number.")
        self.dim = spin_box(self, 2, 4096, _DEFAULTS.dim, 32)
        self.dim.setToolTip("Numbers in an embedding.")
        self.learning_rate = number_box(self, 1e-6, 1000.0, _DEFAULTS.learning_rate, 0.0005, 6)
        self.learning_rate.setToolTip("Adam's learning rate.")
        self.eval_every = spin_box(self, 1, 100_000, _DEFAULTS.eval_every, 5)
        self.eval_every.setToolTip(
            "Steps between pictures: each embeds the watched images and scores Recall@1."
        )
        self.network = QComboBox(self)
        for at, info in enumerate(NETWORKS):
            self.network.addItem(info.title, info.name)
            self.network.setItemData(at, info.description, Qt.ItemDataRole.ToolTipRole)
        self.weights = QComboBox(self)
        self.weights.addItem("From scratch", FROM_SCRATCH)
        self.weights.addItem("ImageNet (downloaded once)", IMAGENET)
        self.weights.setToolTip("What GoogLeNet and the ResNets start from.")
        self.network.currentIndexChanged.connect(self._on_network)
        self.split = QComboBox(self)
        for rule, title in _SPLIT_TITLES.items():
            self.split.addItem(title, rule.value)
        self.split.setToolTip("Of a folder of images; all other data has a split of its own.")
        self.split.currentIndexChanged.connect(self.split_changed)
        self.threads = spin_box(self, 0, MOST_THREADS, 0, 1)
        self.threads.setSpecialValueText("Automatic")
        self.threads.setToolTip(
            "Threads of torch on the CPU; automatic takes all cores but one. Fewer can be many "
            "times faster while other programs are busy."
        )
        self._on_network()
        self._lay_out()

    def fields(self) -> tuple[QWidget, ...]:
        """All fields, as they are read."""
        return tuple(field for _, field in self._rows())

    def take(self, preset: Preset) -> None:
        """Show the values of a preset."""
        self.network.setCurrentIndex(self.network.findData(preset.network))
        self.batch_size.setValue(preset.batch_size)
        self.dim.setValue(preset.dim)
        self.learning_rate.setValue(preset.learning_rate)
        self.eval_every.setValue(preset.eval_every)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        for label, field in self._rows():
            form.addRow(label, field)
        align(*(field for field in self.fields() if field is not self.split))
        centre_labels(form)
        explain_labels(form)

    def _rows(self) -> tuple[tuple[str, QWidget], ...]:
        return (
            ("Network", self.network),
            ("Weights", self.weights),
            ("Split", self.split),
            ("Batch size", self.batch_size),
            ("Embedding size", self.dim),
            ("Learning rate", self.learning_rate),
            ("Steps between pictures", self.eval_every),
            ("Threads", self.threads),
        )

    def _on_network(self) -> None:
        info = network_info(self.network.currentData())
        self.network.setToolTip(info.description)
        self.weights.setEnabled(info.imagenet)
        if not info.imagenet:
            self.weights.setCurrentIndex(self.weights.findData(FROM_SCRATCH))
