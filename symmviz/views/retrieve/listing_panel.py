"""The left half of the Retrieve page: which images are listed, and the list."""

from dataclasses import replace

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.display import OrderChoice
from symmviz.model.names import shown_name, shown_text
from symmviz.model.pictures import PictureSource
from symmviz.model.resolve import ListingState
from symmviz.model.retrieval.browse import Browse, GalleryList, GalleryOrder
from symmviz.model.retrieval.query import Split
from symmviz.views.retrieve.class_table import ClassTable
from symmviz.views.retrieve.gallery import GalleryView
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.note import Note
from symmviz.views.widgets.title_label import TitleLabel

_TYPING_MS = 150
_MOST_LINES = 4  # of what is said of the list: what fails in each of six runs
_LOWEST = 36  # pixels of a list, on the smallest screens
_SWITCH_TIPS = {
    GalleryList.IMAGES: "All images, in the order that is chosen",
    GalleryList.CLASSES: "Recall@1 of each class, the worst first, and what is found instead",
    GalleryList.DUPLICATES: "Images that are nearly equal to another one, side by side",
    GalleryList.LABELS: "Labels that look wrong: all ten neighbours are of one other class",
}
_ALL: frozenset[int] = frozenset()
_SPLITS = ((Split.TEST, "Test"), (Split.TRAIN, "Training"))


class ListingPanel(QWidget):
    """Shows a :class:`ListingState`; every choice is announced, and shown once it was made."""

    browsed = Signal(Browse)
    """Something else is to be listed."""
    split_chosen = Signal(Split)
    """Images of another split are to be listed."""
    since_wanted = Signal()
    """The step that is shown is the one to compare others with."""
    selected_wanted = Signal()
    """The selected images alone are to be listed."""
    rank_wanted = Signal(bool)
    """All queries are to be ranked, or no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._browse = Browse()
        self._labels: dict[str, int] = {}
        self._names: tuple[str, ...] = ()
        self._orders: tuple[OrderChoice, ...] = ()
        self.gallery = GalleryView(self)
        self.classes = ClassTable(self)
        self._stack = QStackedWidget(self)
        self._switch = QButtonGroup(self)
        self._search = QLineEdit(self)
        self._known = QStringListModel(self)
        self._split = QComboBox(self)
        self._order = QComboBox(self)
        self._since = QPushButton("Compare with this step", self)
        self._filter = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._unfilter = QToolButton(self)
        self._selected = QPushButton(self)
        self._summary = TitleLabel(self, _MOST_LINES)
        self._stop = QToolButton(self)
        self._missing = Note(self)
        self._typing = QTimer(self)
        self._prepare()
        self._lay_out()
        self._connect()

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take thumbnails from there."""
        self.gallery.set_pictures(pictures)

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self.gallery.pictures_came()
        self._show_missing()

    def set_listing(self, state: ListingState) -> None:
        """Show what is listed, and what of the fields is chosen."""
        self._browse = state.browse
        self._show_fields(state)
        self.gallery.set_gallery(state.gallery)
        self.classes.set_rows(state.classes)
        is_classes = state.browse.shown is GalleryList.CLASSES
        self._stack.setCurrentWidget(self.classes if is_classes else self.gallery)
        self._summary.setText(shown_text(state.summary))
        self._show_missing()
        names = () if state.gallery is None else state.gallery.class_names
        if names != self._names:
            self._names = names
            self._labels = {shown_name(name): label for label, name in enumerate(names)}
            self._known.setStringList(list(self._labels))

    def is_of(self, browse: Browse, split: Split) -> bool:
        """Whether these images are listed, as is chosen here."""
        return self.gallery.split is split and self._browse == browse

    def set_progress(self, text: str, *, can_rank: bool) -> None:
        """Say how far ranking is; empty for not at all.

        Args:
            text: progress as a sentence.
            can_rank: whether it was given up, and can begin again.
        """
        self._stop.setVisible(bool(text) or can_rank)
        self._stop.setText("Rank" if can_rank else "Cancel")
        self._stop.setToolTip(
            "Find out how each image does as a query." if can_rank else "Give up ranking."
        )
        if text:
            self._summary.setText(text)

    def focus_fields(self) -> tuple[QWidget, ...]:
        """What the tab key reaches, in order."""
        return (*self._switch.buttons(), self._search, self._split, self._order, self._since,
                self._selected)  # fmt: skip

    def summary(self) -> str:
        """What is said of the list."""
        return self._summary.text()

    def _prepare(self) -> None:
        for at, shown in enumerate(GalleryList):
            button = QPushButton(shown.value, self)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setToolTip(_SWITCH_TIPS[shown])
            self._switch.addButton(button, at)
        self._switch.button(0).setChecked(True)
        self._search.setPlaceholderText("Class or file name")
        self._search.setClearButtonEnabled(True)
        self._search.setAccessibleName("Class or file name")
        self._search.setToolTip(
            "Show images whose class or file has this in its name; choose one of the classes "
            "that appear for that class alone."
        )
        completer = QCompleter(self._known, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setMaxVisibleItems(10)
        self._search.setCompleter(completer)
        for split, title in _SPLITS:
            self._split.addItem(title, split)
        self._split.setToolTip("Which images are listed; the maps show the same.")
        self._split.setAccessibleName("Test or training images")
        self._order.setToolTip("In which order the images are listed.")
        self._order.setAccessibleName("Order")
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self._order.setSizeAdjustPolicy(policy)
        self._order.setMinimumContentsLength(14)
        self._since.setToolTip(
            "Then move the time slider: images whose rank has changed most come first."
        )
        self._unfilter.setText("✕")
        self._unfilter.setToolTip("Show all images again.")
        self._unfilter.setAccessibleName("Show all images")
        self._selected.setAccessibleName("List the selected images alone")
        self._selected.setToolTip("List the images alone that are selected on the maps.")
        self._stop.setText("Cancel")
        self._stop.setToolTip("Give up ranking.")
        self._summary.setProperty("muted", True)
        self._summary.lines_changed.connect(lambda: self._summary.keep_lines(self._summary.lines))
        self._filter.setProperty("title", True)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        parts = (
            self._since,
            self._filter,
            self._unfilter,
            self._selected,
            self._stop,
            self._missing,
        )
        for hidden in parts:
            hidden.hide()

    def _lay_out(self) -> None:
        switch = QHBoxLayout()
        switch.setSpacing(0)
        for button in self._switch.buttons():
            switch.addWidget(button, 1)
        fields = QHBoxLayout()
        fields.addWidget(self._search, 1)
        fields.addWidget(self._split)
        filtered = QHBoxLayout()
        filtered.addWidget(self._filter, 1)
        filtered.addWidget(self._unfilter)
        filtered.addWidget(self._selected)
        below = QHBoxLayout()
        below.addWidget(self._summary, 1)
        below.addWidget(self._stop)
        for one in (self.gallery, self.classes):
            one.setMinimumHeight(_LOWEST)
            self._stack.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(switch)
        layout.addLayout(fields)
        layout.addWidget(self._order)
        layout.addWidget(self._since)
        layout.addLayout(filtered)
        layout.addLayout(below)
        layout.addWidget(self._missing)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self._switch.idClicked.connect(self._on_switched)
        self._typing.timeout.connect(self._on_typed)
        self._search.textEdited.connect(lambda _: self._typing.start())
        self._search.textChanged.connect(self._on_cleared)
        completer = self._search.completer()
        completer.activated.connect(self._on_class_named)
        self._split.activated.connect(self._on_split)
        self._order.activated.connect(self._on_order)
        self._since.clicked.connect(self.since_wanted)
        self._selected.clicked.connect(self.selected_wanted)
        self._unfilter.clicked.connect(self._on_unfiltered)
        self.classes.chosen.connect(self._on_class)
        self._stop.clicked.connect(lambda: self.rank_wanted.emit(self._stop.text() == "Rank"))

    def _show_fields(self, state: ListingState) -> None:
        browse = state.browse
        self._switch.button(list(GalleryList).index(browse.shown)).setChecked(True)
        is_typing = self._typing.isActive()
        if not is_typing and self._search.text() != browse.text and not self._search.hasFocus():
            self._search.setText(browse.text)
        self._split.setCurrentIndex([split for split, _ in _SPLITS].index(state.split))
        if state.orders != self._orders:
            self._orders = state.orders
            self._order.clear()
            for choice in state.orders:
                self._order.addItem(choice.title)
        orders = [choice.order for choice in state.orders]
        self._order.setCurrentIndex(orders.index(browse.order) if browse.order in orders else -1)
        self._order.setVisible(browse.shown is GalleryList.IMAGES)
        self._since.setVisible(state.can_compare and browse.shown is GalleryList.IMAGES)
        self._filter.setText(state.filtered)
        is_filtered = bool(state.filtered) and browse.shown is not GalleryList.CLASSES
        self._filter.setVisible(is_filtered)
        self._unfilter.setVisible(is_filtered)
        self._selected.setText(f"Selection ({state.selected:,})")
        self._selected.setVisible(state.selected > 0 and browse.shown is not GalleryList.CLASSES)

    def _show_missing(self) -> None:
        """Say once why there are no pictures."""
        missing = self.gallery.missing_reason
        if missing != self._missing.text():
            self._missing.setText(missing)
            self._missing.setVisible(bool(missing))

    def _browse_by(self, **changes: object) -> None:
        self.browsed.emit(replace(self._browse, **changes))  # type: ignore[arg-type]  # by name

    def _on_switched(self, at: int) -> None:
        self._browse_by(shown=list(GalleryList)[at])

    def _on_typed(self) -> None:
        self._typing.stop()
        text = self._search.text().strip()
        if text != self._browse.text:
            self._browse_by(text=text)

    def _on_cleared(self, text: str) -> None:
        if not text:
            self._on_typed()

    def _on_class_named(self, name: str) -> None:
        label = self._labels.get(name)
        if label is not None:
            self._typing.stop()
            # After the completer has put the name into the field.
            QTimer.singleShot(0, self._search, self._search.clear)
            self._on_class(label, None)

    def _on_class(self, label: int, found_as: int | None) -> None:
        self._browse_by(
            shown=GalleryList.IMAGES, label=label, found_as=found_as, text="", samples=_ALL
        )

    def _on_unfiltered(self) -> None:
        self._browse_by(label=None, found_as=None, samples=_ALL)

    def _on_split(self, at: int) -> None:
        self.split_chosen.emit(_SPLITS[at][0])

    def _on_order(self, at: int) -> None:
        order: GalleryOrder = self._orders[at].order
        self._browse_by(order=order)
