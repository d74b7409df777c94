"""The dialog that shows frames of the runs side by side, to be copied or saved."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from symmviz.views.widgets.note import Note
from symmviz.views.widgets.save_dialog import PICTURE_FORMATS, ask_where_to_save

_ABOUT = (
    "Original points blue, synthetic ones red, a row a run. All maps have one scale; a step "
    "without a frame shows the one before it."
)


class _Picture(QWidget):
    """An image as large as there is room for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self._scaled: QImage | None = None
        self.setAccessibleName("The figure")
        self.setMinimumSize(320, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_image(self, image: QImage) -> None:
        """Show this."""
        self.image, self._scaled = image, None
        self.update()

    def sizeHint(self) -> QSize:
        """Room for two rows of four maps."""
        return QSize(820, 500)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit it to the room."""
        super().resizeEvent(event)
        self._scaled = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it in the middle."""
        if self.image is None:
            return
        ratio = self.devicePixelRatioF()
        if self._scaled is None:
            self._scaled = self.image.scaled(
                self.size() * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self._scaled.setDevicePixelRatio(ratio)
        place = QRect(0, 0, *self._scaled.deviceIndependentSize().toSize().toTuple())
        place.moveCenter(self.rect().center())
        QPainter(self).drawImage(place, self._scaled)


class FigureDialog(QDialog):
    """Asks which steps, shows their frames, and where to save the picture.

    Attributes:
        steps: the field that names the steps.
    """

    draw_wanted = Signal()
    """The user wants the steps that the field names: answer with ``show_figure`` or ``say``."""
    save_wanted = Signal(Path)
    """The picture is to be written to a file: answer with ``say``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Figure 8")
        self.steps = QLineEdit(self)
        self.steps.setAccessibleName("Steps")
        self.steps.setToolTip("The steps whose frames stand side by side, such as 0, 120, 300.")
        self.steps.setPlaceholderText("From the first frame to the last")
        self._draw = QPushButton("Draw", self)
        self._draw.setToolTip("Show the frames of these steps.")
        self._draw.setDefault(True)
        self._draw.clicked.connect(self.draw_wanted)
        label = QLabel("Steps", self)
        label.setBuddy(self.steps)
        about = QLabel(_ABOUT, self)
        about.setWordWrap(True)
        about.setProperty("muted", True)
        self._picture = _Picture(self)
        self._said = Note(self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._copy = buttons.addButton("Copy picture", QDialogButtonBox.ButtonRole.ActionRole)
        self._save = buttons.addButton("Save...", QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.clicked.connect(self._on_copy)
        self._save.clicked.connect(self._ask_where_to_save)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        for widget, stretch in ((label, 0), (self.steps, 1), (self._draw, 0)):
            row.addWidget(widget, stretch)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(about)
        column.addWidget(self._picture, 1)
        column.addWidget(self._said)
        column.addWidget(buttons)
        self.begin()

    @property
    def image(self) -> QImage | None:
        """The picture that is shown."""
        return self._picture.image

    def message(self) -> str:
        """What is said under the picture."""
        return self._said.text()

    def begin(self) -> None:
        """Show that the picture is being drawn, or written."""
        self._set_working(True)
        self.say("Reading the frames", keep_working=True)

    def show_figure(self, image: QImage, steps: Sequence[int]) -> None:
        """Show a picture, and which steps it is of."""
        self._picture.set_image(image)
        self.steps.setText(", ".join(map(str, steps)))
        self.say("")

    def say(self, text: str, *, is_error: bool = False, keep_working: bool = False) -> None:
        """Say what came of a wish; the user can wish again unless it is under way."""
        self._said.setText(text)
        self._said.set_error(is_error)
        if not keep_working:
            self._set_working(False)

    def _set_working(self, working: bool) -> None:
        self._draw.setEnabled(not working)
        for button in (self._copy, self._save):
            button.setEnabled(not working and self._picture.image is not None)

    def _on_copy(self) -> None:
        if self._picture.image is not None:
            QGuiApplication.clipboard().setImage(self._picture.image)
            self.say("The picture was copied.")

    def _ask_where_to_save(self) -> None:
        path = ask_where_to_save(self, "Save the figure", "figure8.png", PICTURE_FORMATS)
        if path is not None:
            self.save_wanted.emit(path)
