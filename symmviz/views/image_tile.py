"""A neighbour: its image, class, similarity, and whether it is right."""

from html import escape

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QIcon
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from symmviz.model.display import ImageCard
from symmviz.model.names import shown_name
from symmviz.model.pictures import PictureSource
from symmviz.model.retrieval import Query
from symmviz.views.elided_label import elided
from symmviz.views.images import picture_pixmap, placeholder
from symmviz.views.plain_tip import plain_tip
from symmviz.views.theme import current_theme

_SIZE = 72  # pixels
_NAME_WIDTH = 78


class ImageTile(QWidget):
    """A button with the image over a line that says what was found.

    Right and wrong differ in shape (check or cross) as well as in colour.
    """

    chosen = Signal(Query, str)
    """The image was clicked: make it the query; and the key of its run."""

    def __init__(self, pictures: PictureSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._card: ImageCard | None = None
        self._waits = False
        self._button = QToolButton(self)
        self._button.setIconSize(QSize(_SIZE, _SIZE))
        self._button.setProperty("picture", True)
        self._button.clicked.connect(self._on_clicked)
        self._text = QLabel(self)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._text, 1)

    def show_card(self, card: ImageCard) -> None:
        """Show another neighbour; what is the same is left as it is."""
        before, self._card = self._card, card
        if before is None or before.picture != card.picture:
            self._show_picture(card)
        theme = current_theme()
        mark, colour = ("✓", theme.right) if card.correct else ("✗", theme.wrong)
        name = "<br>".join(escape(line) for line in _two_lines(card.class_name, self.fontMetrics()))
        self._text.setText(
            f"<span style='color:{colour}'><b>{mark}</b></span> {card.similarity:.3f}<br>{name}"
        )
        verdict = "the query's class" if card.correct else "another class than the query"
        self._button.setToolTip(
            plain_tip(
                f"Image {card.query.sample}, class {shown_name(card.class_name)}: {verdict}. "
                f"Cosine similarity {card.similarity:.4f}. Click to make it the query."
            )
        )

    def pictures_came(self) -> None:
        """Show the picture if it is there by now."""
        if self._waits and self._card is not None:
            self._show_picture(self._card)

    def forget(self) -> None:
        """What is shown next is of another dataset."""
        self._card = None
        self._waits = False

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
        self._waits = pixmap is None
        self._button.setIcon(QIcon(placeholder(_SIZE, ratio) if pixmap is None else pixmap))

    def _on_clicked(self) -> None:
        if self._card is not None:
            self.chosen.emit(self._card.query, self._card.picture.run)


def _two_lines(name: str, metrics: QFontMetrics) -> list[str]:
    """A name in one line or two: more would push the last neighbours out of sight.

    What is left out can be read in the tooltip.
    """
    first, rest = name.strip() or name, ""
    while metrics.horizontalAdvance(first) > _NAME_WIDTH and " " in first:
        first, _, word = first.rpartition(" ")
        rest = f"{word} {rest}".rstrip()
    lines = [first, rest] if rest else [first]
    return [elided(shown_name(line), metrics, _NAME_WIDTH) for line in lines]
