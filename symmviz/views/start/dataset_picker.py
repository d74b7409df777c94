"""Choosing what to train on: cards of the sets that are there, and the user's own folders."""

from importlib import resources

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from symmcore.data.catalogue import (
    ALPHABETS,
    DATASETS,
    FOLDER,
    SOURCES,
    DatasetEntry,
    DatasetSource,
)
from symmcore.folders import home_folder
from symmviz.presenters.dataset import fetchable_datasets
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.note import Note

_PICTURE_HEIGHT = 48  # pixels
_WIDTH_FOR_BOTH = 270  # pixels of a card


class DatasetPicker(QWidget):
    """One card for each set that is always there, and one for images in a folder."""

    changed = Signal()
    """Another dataset is chosen, or what its links lead to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own_text = ""
        self._group = QButtonGroup(self)
        self._cards = {entry.name: _EntryCard(entry, self) for entry in DATASETS}
        self._own = _OwnCard(self)
        self._description = QLabel(self)
        self._description.setWordWrap(True)
        self._description.setProperty("muted", True)
        self._note = Note(self)
        self._note.hide()
        self._follow_links = QCheckBox("Follow links", self)
        self._follow_links.setToolTip(
            "Takes the folders and images that links in the folder lead to, even where these lie "
            "elsewhere."
        )
        self._follow_links.toggled.connect(self.changed)
        row = QHBoxLayout()
        row.setSpacing(8)
        for card in (*self._cards.values(), self._own):
            row.addWidget(card, 1)
            self._group.addButton(card.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self._description)
        column.addWidget(self._follow_links)
        column.addWidget(self._note)
        self._add_menu()
        self._group.buttonClicked.connect(self._show_choice)
        self.set_dataset(ALPHABETS.name)

    def dataset(self) -> str:
        """The chosen dataset, as the command line writes it."""
        for name, card in self._cards.items():
            if card.button.isChecked():
                return name
        return self._own_text

    def set_dataset(self, text: str) -> None:
        """Choose a dataset by name, or a folder as "folder:/photos"."""
        if text in self._cards:
            self._cards[text].button.setChecked(True)
        else:
            kind, _, path = text.partition(":")
            source = next(source for source in SOURCES if source.name == kind)
            self._own_text = text
            self._own.set_lines(source.title, path)
            self._own.button.setEnabled(True)
            self._own.button.setChecked(True)
        self._show_choice()

    def set_note(self, text: str, *, is_error: bool) -> None:
        """Say more about the chosen dataset; empty for nothing."""
        if (text, is_error) == (self._note.text(), self._note.is_error):
            return
        self._note.set_error(is_error)
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def note(self) -> str:
        """What is said about the chosen dataset."""
        return self._note.text()

    def can_split(self) -> bool:
        """Whether the chosen dataset can be split in several ways."""
        return self._kind().can_split

    def follow_links(self) -> bool:
        """Whether links in the chosen folder are to be followed."""
        return self._follow_links.isChecked()

    def set_follow_links(self, follow: bool) -> None:
        """Choose whether links in the chosen folder are to be followed."""
        self._follow_links.setChecked(follow)

    def _kind(self) -> DatasetEntry | DatasetSource:
        name = self.dataset()
        if name in self._cards:
            return next(entry for entry in DATASETS if entry.name == name)
        return next(source for source in SOURCES if source.name == name.partition(":")[0])

    def _show_choice(self) -> None:
        kind = self._kind()
        self._follow_links.setVisible(kind.can_follow_links)
        self._description.setText(f"{kind.description} Split {kind.split}.")
        self.changed.emit()

    def _add_menu(self) -> None:
        menu = QMenu(self)
        for source in SOURCES:
            if source.argument == "PATH":
                action = menu.addAction(f"{source.title}...")
                action.setToolTip(source.description)
                action.triggered.connect(lambda _=False, source=source: self._open(source))
        menu.setToolTipsVisible(True)
        fetchable = menu.addMenu("From torchvision")
        # whether one is there already is looked up when it is asked for
        fetchable.aboutToShow.connect(lambda: self._fill(fetchable))
        self._own.open_button.setMenu(menu)

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        for one in fetchable_datasets():
            action = menu.addAction(one.title)
            action.triggered.connect(lambda _=False, name=one.dataset: self.set_dataset(name))

    def _open(self, source: DatasetSource) -> None:
        chosen = QFileDialog.getExistingDirectory(self, source.title, str(home_folder()))
        if chosen:
            self.set_dataset(f"{source.name}:{chosen}")


class _Card(QFrame):
    """A radio button with a picture and a line; a click anywhere on it chooses."""

    def __init__(self, title: str, line: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        # All cards are of one width, whatever they say.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QRadioButton(title, self)
        self._line = ElidedLabel(line, self, Qt.TextElideMode.ElideRight)
        self._line.setProperty("muted", True)
        self._words = QVBoxLayout()
        self._words.addWidget(self.button)
        self._words.addWidget(self._line)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 12, 10, 12)
        self._row.setSpacing(12)
        self._row.addLayout(self._words, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the picture under the words where it would cut them."""
        super().resizeEvent(event)
        beside = event.size().width() >= _WIDTH_FOR_BOTH
        self._row.setDirection(
            QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.BottomToTop
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose this card."""
        if self.button.isEnabled():
            self.button.click()
        super().mousePressEvent(event)

    def set_lines(self, title: str, line: str) -> None:
        """Say something else."""
        self.button.setText(title)
        self._line.setText(line)

    def _add_picture(self, entry: DatasetEntry) -> None:
        path = resources.files("symmviz_resources") / f"{entry.name}.png"
        pixmap = QPixmap()
        pixmap.loadFromData(path.read_bytes())
        ratio = pixmap.height() / _PICTURE_HEIGHT
        pixmap.setDevicePixelRatio(ratio)
        picture = QLabel(self)
        picture.setPixmap(pixmap)
        self._row.insertWidget(0, picture, 0, Qt.AlignmentFlag.AlignTop)


class _EntryCard(_Card):
    def __init__(self, entry: DatasetEntry, parent: QWidget) -> None:
        line = f"{entry.images:,} images, {entry.classes} classes"
        super().__init__(entry.title, line, parent)
        self.button.setToolTip(entry.description)
        self._add_picture(entry)
        self._words.addStretch(1)


class _OwnCard(_Card):
    def __init__(self, parent: QWidget) -> None:
        super().__init__("Your images", "Open a folder, or drop one here", parent)
        self.button.setEnabled(False)
        self.button.setToolTip(FOLDER.description)
        self.open_button = QPushButton("Open", self)
        self.open_button.setToolTip("Choose the folder of your images or of an official archive.")
        self._words.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._words.addStretch(1)
