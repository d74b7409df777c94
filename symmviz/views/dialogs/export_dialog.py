"""The dialog in which an export is chosen, watched and cancelled."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from symmcore.errors import InputError
from symmcore.export import ExportKind
from symmcore.export.options import MOST_NEIGHBOURS
from symmcore.progress import Progress
from symmviz.views.forms.fields import centre_labels, explain_labels, number_box, spin_box
from symmviz.views.widgets.note import Note
from symmviz.views.widgets.save_dialog import ask_where_to_save

_ALL_RUNS = "All runs that are shown"
_ALL_SEEDS = "All seeds"
REPLACE = "Replace what is there"
_LISTS = ("selection", "retrieval")
_FORMAT_NAMES = {".parquet": "Parquet", ".npz": "NumPy (npz)", ".txt": "Text"}


class ExportDialog(QDialog):
    """Asks what to write where; stays open until it is written.

    Args:
        kinds: what can be exported.
        runs: titles of the runs that are shown, then of those of other seeds.
        shown: how many of them are shown, which have maps.
        folder: where the file is to be by default.
        scope: which steps and images an export is of, in a sentence.
        parent: the window.
    """

    export_wanted = Signal()
    """The user wants what is chosen: answer with ``begin`` or ``set_error``."""
    cancel_wanted = Signal()
    """The user wants no export any more: of the one under way, or the dialog."""

    def __init__(
        self,
        kinds: Sequence[ExportKind],
        runs: Sequence[str],
        shown: int,
        folder: Path,
        scope: Callable[[ExportKind], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self._kinds = kinds
        self._runs = runs
        self._shown = shown
        self._choices: list[tuple[int, ...]] = []
        self._folder = folder
        self._scope_of = scope
        self._confirmed: Path | None = None
        self._running = False
        self.what = QComboBox(self)
        for kind in kinds:
            self.what.addItem(kind.label, kind.name)
        self.run = QComboBox(self)
        self.form = QComboBox(self)
        self.file = QLineEdit(self)
        self._browse = QPushButton("Browse...", self)
        self.neighbours = spin_box(self, 1, MOST_NEIGHBOURS, 10, 1)
        self.seconds = number_box(self, 0.5, 600.0, 8.0, 1.0, 1)
        self.steps = QLineEdit(self)
        self.steps.setPlaceholderText("some from the first frame to the last")
        self.wrong = QCheckBox("Only images whose nearest one is of another class", self)
        self.replace = QCheckBox(REPLACE, self)
        self._about, self.scope = QLabel(self), QLabel(self)
        self._said = Note(self)
        self.progress = QProgressBar(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = self.buttons.addButton(
            "Export", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.export_button.setProperty("primary", True)
        self.export_button.style().polish(self.export_button)  # it has been, as a plain one
        self._rows = QFormLayout()
        self._name_fields()
        self._lay_out()
        self._connect()
        self._show_kind()

    @property
    def kind(self) -> ExportKind:
        """What is chosen."""
        return self._kinds[self.what.currentIndex()]

    @property
    def chosen_runs(self) -> tuple[int, ...]:
        """Which runs are exported: their places among the titles."""
        return self._choices[self.run.currentIndex()]

    @property
    def overwrite(self) -> bool:
        """Whether the user wants the file replaced."""
        return self.replace.isChecked() or (
            self._confirmed is not None and self.path() == self._confirmed
        )

    def path(self) -> Path:
        """The file or folder that is chosen.

        Raises:
            InputError: if it has no name or another ending.
        """
        text = self.file.text().strip()
        if not text:
            raise InputError("There is no file: name the one to write.")
        try:
            path = Path(text).expanduser()
        except RuntimeError:  # nobody knows that home folder
            path = Path(text)
        if not path.is_absolute():
            path = self._folder / path
        self.kind.check_ending(path)
        return path

    def set_error(self, text: str) -> None:
        """Say what is wrong, and let the user choose again."""
        self._set_running(False)
        self._said.setText(text)
        self._said.set_error(True)
        self._said.setVisible(bool(text))
        self._fit()

    def begin(self) -> None:
        """Show that it is being written."""
        self._set_running(True)
        self.progress.setRange(0, 0)
        self._said.setText("Reading the runs")
        self._said.set_error(False)
        self._said.show()

    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self.progress.setRange(0, progress.count or 0)
        self.progress.setValue(progress.done)
        self._said.setText(progress.sentence())

    def finish(self, text: str) -> None:
        """Say that it was written; another one can follow."""
        self._set_running(False)
        self._said.setText(text)
        self._said.set_error(False)
        self._said.show()
        self._cancel.setText("Close")
        self._fit()

    @property
    def running(self) -> bool:
        """Whether it is being written."""
        return self._running

    def message(self) -> str:
        """What is said of the export; empty for nothing."""
        return "" if self._said.isHidden() else self._said.text()

    def is_error(self) -> bool:
        """Whether what is said is what went wrong."""
        return self._said.is_error

    def reject(self) -> None:
        """Cancel the export under way; close without one."""
        if self._running:
            self.cancel_wanted.emit()
        else:
            super().reject()

    def _fit(self) -> None:
        """Give every sentence the lines that it takes."""
        width = max(self.width(), self.minimumWidth())
        layout = self.layout()
        assert layout is not None, "it was laid out"
        layout.activate()
        self.resize(width, max(layout.totalHeightForWidth(width), self.minimumSizeHint().height()))

    def _set_running(self, running: bool) -> None:
        self._running = running
        self._cancel.setText("Cancel")
        self.progress.setVisible(running)
        self.export_button.setEnabled(not running)
        for field in (self.what, self.run, self.form, self.file, self._browse, self.neighbours,
                      self.seconds, self.steps, self.wrong, self.replace):  # fmt: skip
            field.setEnabled(not running)

    def _name_fields(self) -> None:
        for field, name, tip in (
            (self.what, "What to export", "What of the runs is written."),
            (self.run, "Run", "Which of the runs that are shown is written."),
            (self.form, "Format", "The format; the ending of the file says the same."),
            (self.file, "File", "What to write. It is whole under this name, or not there."),
            (self.neighbours, "Neighbours", "How many nearest images of each image."),
            (self.seconds, "Seconds", "How long the animation is."),
            (self.steps, "Steps", "Whose frames stand side by side, such as 0, 120, 300."),
            (self.wrong, "Only wrong ones", "Leave out images that are retrieved right."),
            (self._browse, "Browse", "Choose the file or folder in a dialog of its own."),
            (self.replace, REPLACE, "Write over a file that is there under this name."),
            (self.progress, "Progress of the export", ""),
        ):
            field.setAccessibleName(name)
            field.setToolTip(tip)

    def _lay_out(self) -> None:
        for label in (self._about, self.scope):
            label.setWordWrap(True)
            label.setProperty("muted", True)
        across = QHBoxLayout()
        across.addWidget(self.file, 1)
        across.addWidget(self._browse)
        rows = self._rows
        rows.addRow("What", self.what)
        rows.addRow("", self._about)
        rows.addRow("Run", self.run)
        rows.addRow("Neighbours", self.neighbours)
        rows.addRow("Seconds", self.seconds)
        rows.addRow("Steps", self.steps)
        rows.addRow("", self.wrong)
        rows.addRow("Format", self.form)
        rows.addRow("File", across)
        rows.addRow("", self.replace)
        rows.addRow("", self.scope)
        centre_labels(rows)
        explain_labels(rows)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(self._said)
        column.addWidget(self.progress)
        column.addWidget(self.buttons)
        self._said.hide()
        self.progress.hide()
        self.progress.setTextVisible(False)  # the sentence says it
        self.setMinimumWidth(520)

    def _connect(self) -> None:
        self.what.currentIndexChanged.connect(self._show_kind)
        self.form.currentIndexChanged.connect(self._take_ending)
        self.run.currentIndexChanged.connect(self._propose_file)
        self._browse.clicked.connect(self._ask_for_file)
        self.buttons.accepted.connect(self.export_wanted)
        self.buttons.rejected.connect(self.reject)

    def _show_kind(self) -> None:
        """Show what this kind has."""
        kind = self.kind
        self._about.setText(kind.about)
        self.scope.setText(self._scope_of(kind))
        for box in (self.run, self.form):
            box.blockSignals(True)
            box.clear()
        offered = self._offered(kind)
        self._choices = [runs for _, runs in offered]
        self.run.addItems([title for title, _ in offered])
        for ending in kind.endings:
            self.form.addItem(_format_name(ending), ending)
        for box in (self.run, self.form):
            box.blockSignals(False)
        rows = self._rows
        rows.setRowVisible(self.run, len(self._runs) > 1)
        rows.setRowVisible(self.form, len(kind.endings) > 1)
        rows.setRowVisible(self.neighbours, kind.name in ("embeddings", "retrieval"))
        rows.setRowVisible(self.seconds, kind.name == "animation")
        rows.setRowVisible(self.steps, kind.name == "figure8")
        rows.setRowVisible(self.wrong, kind.name in _LISTS)
        self._propose_file()
        self.replace.setChecked(False)
        self.set_error("")

    def _offered(self, kind: ExportKind) -> list[tuple[str, tuple[int, ...]]]:
        """The choices of runs: first those that the window draws of this kind.

        Maps are those of the runs that are shown; plots and the table have all seeds.
        """
        alone: list[tuple[str, tuple[int, ...]]]
        alone = [(title, (at,)) for at, title in enumerate(self._runs)]
        if kind.one_run:
            return alone
        every, shown = tuple(range(len(self._runs))), tuple(range(self._shown))
        seeds = [(f"{_ALL_SEEDS} ({len(every)} runs)", every)] if len(every) > len(shown) else []
        runs = [(_ALL_RUNS, shown)] if len(shown) > 1 else []
        return [*runs, *alone, *seeds] if kind.has_images else [*seeds, *runs, *alone]

    def _propose_file(self) -> None:
        runs = self.chosen_runs
        words = self._runs[runs[0]] if len(runs) == 1 else ""
        ending = self.form.currentData() or ""
        kind = "" if ending == f".{self.kind.name}" else self.kind.name
        name = "-".join(filter(None, (_plain(words), kind))) or self.kind.name
        self.file.setText(str(self._folder / f"{name}{ending}"))

    def _take_ending(self) -> None:
        ending = self.form.currentData()
        if ending:
            self.file.setText(str(Path(self.file.text() or self.kind.name).with_suffix(ending)))

    def _ask_for_file(self) -> None:
        kind = self.kind
        formats = {ending: f"{kind.label} as {_format_name(ending)}" for ending in kind.endings}
        path = ask_where_to_save(self, f"Export: {kind.label}", self.file.text(), formats)
        if path is None:
            return
        self._confirmed = path  # the dialog has asked about what is there
        self.file.setText(str(path))
        at = self.form.findData(path.suffix.lower())
        if at >= 0:
            self.form.blockSignals(True)
            self.form.setCurrentIndex(at)
            self.form.blockSignals(False)


def _format_name(ending: str) -> str:
    return _FORMAT_NAMES.get(ending, ending[1:].upper())


def _plain(title: str) -> str:
    """A run's title as part of a file's name."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return "-".join(filter(None, kept.split("-")))[:60]
