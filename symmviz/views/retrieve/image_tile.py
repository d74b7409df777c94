"""A neighbour: its image, class, similarity, and whether it is right."""

from html import escape

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon, QKeyEvent
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from symmviz.model.display import ImageCard
from symmviz.model.names import shown_name
from symmviz.model.pictures import PictureSource
from symmviz.model.retrieval.query import Query
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.elided_label import broken, elided
from symmviz.views.widgets.images import numbered, picture_pixmap, placeholder
from symmviz.views.widgets.plain_tip import plain_tip

# Pixels: ten tiles fit beside one another in a window of 1280, with room between their words.
_SIZE = 68
_WIDTH = 78
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PLAIN = Qt.KeyboardModifier.KeypadModifier


class _TileButton(QToolButton):
    """A button that arrow keys leave for its neighbours, and Enter clicks."""

    stepped = Signal(int, int)

    def event(self, event: QEvent) -> bool:
        """Claim the keys before the window's shortcuts get them."""
        if (
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and not event.modifiers() & ~_PLAIN
            and (event.key() in _STEPS or event.key() in _ENTER)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to another tile, or click this one."""
        if event.modifiers() & ~_PLAIN:
            super().keyPressEvent(event)
        elif event.key() in _ENTER:
            self.click()
        elif event.key() in _STEPS:
            self.stepped.emit(*_STEPS[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


class ImageTile(QWidget):
    """A button with the image over a line that says what was found.

    Right and wrong differ in shape (check or cross) as well as in colour.
    """

    chosen = Signal(object, str)
    """The image was clicked: a query or an upload, to look for; and the key of its run."""
    menu_wanted = Signal(ImageCard, QPoint)
    """A right click on the image; and where, on the screen."""
    stepped = Signal(int, int)
    """An arrow key was pressed: tiles to the right, and rows down."""

    def __init__(self, pictures: PictureSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._card: ImageCard | None = None
        self._waits = False
        self._button = _TileButton(self)
        self._button.setIconSize(QSize(_SIZE, _SIZE))
        self._button.setProperty("picture", True)
        self._button.clicked.connect(self._on_clicked)
        self._button.stepped.connect(self.stepped)
        self._button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._button.customContextMenuRequested.connect(self._on_menu)
        self._text = QLabel(self)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._lines: list[str] = []
        self.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._text, 0, Qt.AlignmentFlag.AlignTop)
        layout.addStretch(1)

    def show_card(self, card: ImageCard) -> None:
        """Show another neighbour; what is the same is left as it is."""
        before, self._card = self._card, card
        if before is None or before.picture != card.picture:
            self._show_picture(card)
        first = " ".join(filter(None, (_mark(card), _similarity(card))))
        names = map(escape, _two_lines(_class(card), self.fontMetrics()))
        lines = [*filter(None, (first,)), *names]
        if lines != self._lines:
            self._lines = lines
            self._text.setText("<br>".join(lines))
        words = _words(card)
        self._button.setToolTip(plain_tip(words))
        self._button.setAccessibleName(words)

    @property
    def lines(self) -> int:
        """How many lines its words take."""
        return len(self._lines)

    def keep_lines(self, count: int) -> None:
        """Leave room for so many lines, whatever they say.

        Words of a fixed size do not have the whole page laid out anew when they change.
        """
        self._text.setFixedSize(_WIDTH, count * (self.fontMetrics().lineSpacing() + 1))

    def pictures_came(self) -> None:
        """Show the picture if it is there by now."""
        if self._waits and self._card is not None:
            self._show_picture(self._card)

    def forget(self) -> None:
        """What is shown next is of another dataset."""
        self._card = None
        self._waits = False

    @property
    def waits(self) -> bool:
        """Whether its picture is still to come."""
        return self._waits

    @property
    def button(self) -> QToolButton:
        """What is clicked, and reached by the tab key."""
        return self._button

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self._card is not None:
            self.show_card(self._card)

    def text(self) -> str:
        """The line under the image, as markup."""
        return self._text.text()

    def click(self) -> None:
        """Choose this image, as a click does."""
        self._button.click()

    def _show_picture(self, card: ImageCard) -> None:
        ratio = self.devicePixelRatioF()
        pixmap = picture_pixmap(self._pictures, card.picture, _SIZE, ratio)
        is_missing = pixmap is None and bool(self._pictures.missing_reason(card.picture.run))
        self._waits = pixmap is None and not is_missing
        if pixmap is None:
            sample = card.picture.sample
            pixmap = numbered(sample, _SIZE, ratio) if is_missing else placeholder(_SIZE, ratio)
        self._button.setIcon(QIcon(pixmap))

    def _on_clicked(self) -> None:
        if self._card is not None:
            self.chosen.emit(self._card.query, self._card.picture.run)

    def _on_menu(self, spot: QPoint) -> None:
        if self._card is not None:
            self.menu_wanted.emit(self._card, self._button.mapToGlobal(spot))


def _mark(card: ImageCard) -> str:
    if card.correct is None:
        return ""
    theme = current_theme()
    mark, colour = ("✓", theme.right) if card.correct else ("✗", theme.wrong)
    return f"<span style='color:{colour}'><b>{mark}</b></span>"


def _similarity(card: ImageCard) -> str:
    return "" if card.similarity is None else f"{card.similarity:.3f}"


def _class(card: ImageCard) -> str:
    """What the class is called; a number alone, under another one, would not say what it is."""
    is_number = isinstance(card.query, Query) and card.class_name.isdecimal()
    return f"class {card.class_name}" if is_number else card.class_name


def _words(card: ImageCard) -> str:
    """An image in words, and what a click does."""
    if isinstance(card.query, Query):
        text = f"Image {card.query.sample}, class {shown_name(card.class_name)}"
    else:
        text = shown_name(card.class_name)
    if card.correct is not None:
        text += ": the query's class" if card.correct else ": another class than the query"
    text += "."
    if card.similarity is not None:
        text += f" Cosine similarity {card.similarity:.4f}."
    text += " Click to make it the query."
    return text if card.file is None else f"{text}\n{card.file}"


def _two_lines(name: str, metrics: QFontMetrics) -> list[str]:
    """A name in one line or two: more would push the last neighbours out of sight.

    What is left out can be read in the tooltip.
    """
    first, rest = broken(name.strip() or name, metrics, _WIDTH)
    lines = [first, rest] if rest else [first]
    return [elided(shown_name(line), metrics, _WIDTH) for line in lines]
