"""What one run finds for the query: a title, a caption, and a tile for each neighbour."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from symmviz.model.display import ImageCard, NeighbourRow
from symmviz.model.names import shown_name
from symmviz.model.pictures import PictureSource
from symmviz.views.retrieve.image_tile import ImageTile
from symmviz.views.style.run_colours import RunMark
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.flow_layout import FlowLayout


class NeighbourRowWidget(QFrame):
    """One run's title, caption and neighbours."""

    chosen = Signal(object, str)
    """An image was clicked: a query or an upload; and the key of its run."""
    menu_wanted = Signal(ImageCard, QPoint)
    """A right click on an image; and where, on the screen."""
    moved = Signal(int, int)
    """The keyboard is to go so many runs down from the tile at this rank."""

    def __init__(self, pictures: PictureSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self.setProperty("card", True)
        self._title = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._title.setProperty("title", True)
        self._mark = RunMark(self)
        self._mark.hide()
        self._caption = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._caption.setProperty("muted", True)
        self._tiles: list[ImageTile] = []
        self._cards: tuple[ImageCard, ...] = ()
        self._across = FlowLayout(spacing=8, line_spacing=6, top=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        titled = QHBoxLayout()
        titled.addWidget(self._mark)
        titled.addWidget(self._title, 1)
        layout.addLayout(titled)
        layout.addWidget(self._caption)
        layout.addLayout(self._across)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there, before any tile is made."""
        self._pictures = pictures

    def show_row(self, row: NeighbourRow) -> None:
        """Show a run's neighbours, in the tiles there are where they suffice."""
        self._title.setText(shown_name(row.run.title))
        self._mark.set_place(row.run.place)
        self._mark.show()
        self.show_cards(row.caption, row.cards)

    def show_cards(self, caption: str, cards: tuple[ImageCard, ...]) -> None:
        """Show images under a caption."""
        self._caption.setText(caption)
        self._title.setVisible(bool(self._title.text()))
        while len(self._tiles) < len(cards):
            self._add_tile()
        for tile in self._tiles[len(cards) :]:
            tile.hide()
        for tile, card in zip(self._tiles, cards, strict=False):
            tile.show_card(card)
            tile.show()
        most = max((tile.lines for tile in self._tiles[: len(cards)]), default=0)
        for tile in self._tiles[: len(cards)]:
            tile.keep_lines(most)
        self._cards = cards

    def forget(self) -> None:
        """What is shown next is of another dataset."""
        for tile in self._tiles:
            tile.forget()

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        for tile in self._tiles:
            tile.pictures_came()

    @property
    def waits(self) -> bool:
        """Whether the picture of a neighbour is still to come."""
        return any(tile.waits for tile in self._tiles[: len(self._cards)])

    def buttons(self) -> list[QWidget]:
        """What the tab key reaches, in order."""
        return [tile.button for tile in self._tiles]

    def caption(self) -> str:
        """What is said of the run's search."""
        return self._caption.text()

    def tile(self, at: int) -> ImageTile:
        """The tile of the neighbour at this rank, from 0."""
        return self._tiles[at]

    def cards(self) -> tuple[ImageCard, ...]:
        """The neighbours that are shown."""
        return self._cards

    def focus_tile(self, at: int) -> None:
        """Give the keyboard to a neighbour, the nearest that there is."""
        if self._cards:
            self._tiles[min(max(at, 0), len(self._cards) - 1)].button.setFocus(
                Qt.FocusReason.TabFocusReason
            )

    def _add_tile(self) -> None:
        tile = ImageTile(self._pictures, self)
        at = len(self._tiles)
        tile.chosen.connect(self.chosen)
        tile.menu_wanted.connect(self.menu_wanted)
        tile.stepped.connect(lambda across, down: self._step(at, across, down))
        self._across.addWidget(tile)
        self._tiles.append(tile)

    def _step(self, at: int, across: int, down: int) -> None:
        if across:
            self.focus_tile(at + across)
        else:
            self.moved.emit(at, down)
