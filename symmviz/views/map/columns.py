"""The maps side by side: a column a run."""

from PySide6.QtCore import QPointF, Signal
from PySide6.QtWidgets import QWidget

from symmviz.model.display import ColourBy, RunTitle
from symmviz.model.map.drawing import DrawsAtOnce, PointDrawer
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.views.map.column import MapColumn
from symmviz.views.widgets.column_layout import ColumnLayout


class MapColumns(ColumnLayout):
    """Makes columns as they are needed, keeps them, and draws all of them alike."""

    added = Signal(MapColumn)
    """Another column was made."""
    row_picked = Signal(int, int)
    """A point was clicked: its column, and its row in the cloud."""
    rows_lassoed = Signal(int, tuple)
    """Points were lassoed: their column, and their rows, the one nearest the middle first."""
    row_hovered = Signal(int, int, bool, QPointF)
    """The pointer rests at a point: its column, its row, whether it is synthetic, and where."""

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self._page = page
        self._pool: list[MapColumn] = []
        self._drawer: PointDrawer = DrawsAtOnce()
        self._pictures: PictureSource = NoPictures()
        self._layers = AT_FIRST
        self._look = (ColourBy.KIND, True, False)
        self.glides = True
        self.shown: tuple[MapColumn, ...] = ()

    def make(self, count: int) -> None:
        """Make columns until there are so many."""
        while len(self._pool) < count:
            self._add()

    def show_runs(self, runs: tuple[RunTitle, ...]) -> None:
        """Make one empty column a run."""
        self.make(len(runs))
        self.shown = tuple(self._pool[: len(runs)])
        for column, title in zip(self.shown, runs, strict=True):
            column.begin(title)
        for column in self._pool:
            column.setVisible(column in self.shown)
        self._align_titles()

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have the points of the maps drawn there."""
        self._drawer = drawer
        for column in self._pool:
            column.scatter.set_drawer(drawer)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take images from there."""
        self._pictures = pictures
        for column in self._pool:
            column.scatter.layers.set_pictures(pictures)

    def pictures_came(self) -> None:
        """Draw the images that are there by now."""
        for column in self.shown:
            column.scatter.layers.images.pictures_came()

    def set_gliding(self, glides: bool) -> None:
        """Whether points glide from frame to frame, or are at once where they are."""
        self.glides = glides
        for column in self._pool:
            column.scatter.set_gliding(glides)

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Draw these over and beside the points."""
        self._layers = layers
        for column in self._pool:
            column.set_layers(layers)

    def set_look(
        self, colour_by: ColourBy, *, synthetic_visible: bool, pairs_visible: bool
    ) -> None:
        """Say what colours mean, and what is drawn."""
        self._look = colour_by, synthetic_visible, pairs_visible
        for column in self._pool:
            self._draw_so(column)

    def set_tip(self, text: str) -> None:
        """Say of each map's caption how it is projected."""
        for column in self._pool:
            column.caption.setToolTip(text)

    def fit(self) -> None:
        """Show all points in every column."""
        for column in self.shown:
            column.scatter.fit()

    def _align_titles(self) -> None:
        """Have all maps begin at one height, however long the titles are."""
        width = max((column.heading.whole_width() for column in self.shown), default=0)
        lines = max((column.heading.lines for column in self.shown), default=1)
        for column in self.shown:
            column.leave_room(width, lines)

    def _draw_so(self, column: MapColumn) -> None:
        colour_by, synthetic_visible, pairs_visible = self._look
        column.scatter.set_colour_by(colour_by)
        column.scatter.set_synthetic_visible(synthetic_visible)
        column.scatter.set_pairs_visible(pairs_visible)

    def _add(self) -> None:
        column, run = MapColumn(self._page), len(self._pool)
        column.hide()
        scatter = column.scatter
        scatter.set_drawer(self._drawer)
        scatter.layers.set_pictures(self._pictures)
        scatter.set_gliding(self.glides)
        column.set_layers(self._layers)
        self._draw_so(column)
        scatter.picked.connect(lambda row: self.row_picked.emit(run, row))
        scatter.lassoed.connect(lambda rows: self.rows_lassoed.emit(run, rows))
        scatter.hovered.connect(
            lambda row, synthetic, at: self.row_hovered.emit(run, row, synthetic, at)
        )
        self._pool.append(column)
        column.heading.lines_changed.connect(self._align_titles)
        self.addWidget(column)
        self.added.emit(column)
