"""The Watch page: one scatter a run, what is selected, and the shared plots."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from symmcore.projection.methods import method_info
from symmcore.records import FloatArray
from symmviz.model.curve import Panel, PanelKey
from symmviz.model.display import (
    ColourBy,
    MapNeighbour,
    PictureId,
    PointCloud,
    PointPositions,
    RunTitle,
)
from symmviz.model.loaded import VerdictArray
from symmviz.model.map.bounds import Bounds
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.drawing import PointDrawer
from symmviz.model.map.layers import Layer
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.map.picked import MapPair
from symmviz.model.map.picked_types import PickedTypes
from symmviz.model.map.trails import Trails
from symmviz.model.mined_pair import MinedPair
from symmviz.model.pictures import PictureSource
from symmviz.model.retrieval.query import Split
from symmviz.views.curves.grid import CurveGrid
from symmviz.views.map.column import MapColumn
from symmviz.views.map.columns import MapColumns
from symmviz.views.map.legend import ColourLegend
from symmviz.views.map.method_box import MethodBox
from symmviz.views.map.scatter import EmbeddingScatter
from symmviz.views.map.toggles import LayerMenu, pairs_toggle, synthetic_toggle
from symmviz.views.watch.event_panel import EventPanel
from symmviz.views.watch.finding_strip import FindingStrip
from symmviz.views.watch.maps_and_plots import MapsAndPlots
from symmviz.views.watch.selection_strip import SelectionBar
from symmviz.views.widgets.colour_box import ColourField
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.hover_card import HoverCard
from symmviz.views.widgets.scroll_area import SqueezedContent, scrolling

_SPLITS = (Split.TEST, Split.TRAIN)


class WatchPage(QWidget):
    """The maps of the runs side by side, what is drawn on them, and the plots below."""

    split_chosen = Signal(Split)
    """The user wants to see the watched images of this split."""
    method_chosen = Signal(str)
    """The user wants the points to be projected by this."""
    colour_chosen = Signal(ColourBy)
    """The user wants the colours to mean this."""
    synthetic_toggled = Signal(bool)
    """The user wants to see synthetic points, or not."""
    pairs_toggled = Signal(bool)
    """The user wants to see the pairs picked in the newest batch, or not."""
    layers_chosen = Signal(frozenset)
    """The user wants these layers of the maps, and no others."""
    row_picked = Signal(int, int)
    """A point was clicked: its column, and its row in the cloud."""
    rows_lassoed = Signal(int, tuple)
    """Points were lassoed: their column, and their rows, the one nearest the middle first."""
    row_hovered = Signal(int, int, bool, QPointF)
    """The pointer rests at a point: its column, its row, whether it is synthetic, and where."""
    neighbours_wanted = Signal()
    """The user wants to see the selected image's neighbours."""
    shown_changed = Signal(str)
    """Something else is shown: what, of how much."""

    picture_save_wanted = Signal(Path, bytes)
    """The picture of a map or plot is to be written to a file."""

    def __init__(
        self, parent: QWidget | None = None, panels: tuple[PanelKey, ...] = tuple(Panel)
    ) -> None:
        super().__init__(parent)
        self._classes: dict[int, ShownClasses] = {}
        self.hover_card = HoverCard(self)
        self._split = QComboBox(self)
        self._split.setAccessibleName("Which images")
        self._split.addItems(["Test images", "Training images"])
        self._split.setToolTip("Which watched images the scatters show.")
        self._split.currentIndexChanged.connect(self._on_split)
        self._method = MethodBox(self)
        self._method.chosen.connect(self.method_chosen)
        self.colours = ColourField(self)
        self.colours.chosen.connect(self.colour_chosen)
        self._synthetic = synthetic_toggle(self)
        self._synthetic.toggled.connect(self.synthetic_toggled)
        self._pairs = pairs_toggle(self)
        self._pairs.toggled.connect(self.pairs_toggled)
        self._layers = LayerMenu(self)
        self._layers.chosen.connect(self.layers_chosen)
        self._fit = QPushButton("Fit view", self)
        self._fit.setToolTip("Show all points again (or double-click a scatter).")
        self._fit.clicked.connect(self.fit)
        self.legend = ColourLegend(self)
        self.selection = SelectionBar(self)
        self.selection.neighbours_wanted.connect(self.neighbours_wanted)
        self._columns = MapColumns(self)
        for told, said in (
            (self._columns.row_picked, self.row_picked),
            (self._columns.rows_lassoed, self.rows_lassoed),
            (self._columns.row_hovered, self.row_hovered),
        ):
            told.connect(said)
        self._columns.added.connect(self._on_added)
        self.curves = CurveGrid(self, panels)
        self.curves.picture_save_wanted.connect(self.picture_save_wanted)
        self.findings = FindingStrip(self)
        self.events = EventPanel(self)
        self._lay_out()

    def make_columns(self, count: int) -> None:
        """Have so many columns at least, before they are needed."""
        self._columns.make(count)

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self.hover_card.set_pictures(pictures)
        self.selection.strip.set_pictures(pictures)
        self._columns.set_pictures(pictures)

    def set_drawer(self, drawer: PointDrawer) -> None:
        """Have the points of the maps drawn there."""
        self._columns.set_drawer(drawer)

    def set_gliding(self, glides: bool) -> None:
        """Whether points glide from frame to frame, or are at once where they are."""
        self._columns.set_gliding(glides)

    def pictures_came(self) -> None:
        """Draw what is there by now."""
        self.hover_card.pictures_came()
        self.selection.strip.pictures_came()
        self._columns.pictures_came()

    def set_runs(self, runs: tuple[RunTitle, ...]) -> None:
        """Make one empty column a run."""
        self._classes.clear()
        self._columns.show_runs(runs)
        self._update_legend()
        self.set_selection("", ())

    def set_cloud(self, run: int, cloud: PointCloud | None) -> None:
        """Say which points a column shows from now on, or that it has none."""
        self._columns.shown[run].scatter.set_cloud(cloud)

    def set_verdicts(self, run: int, verdicts: VerdictArray) -> None:
        """Say which of a column's points are right at rank 1."""
        self._columns.shown[run].scatter.set_verdicts(verdicts)

    def set_shares(self, run: int, shares: FloatArray) -> None:
        """Say what the colours of a column's points are, where they are a scale."""
        self._columns.shown[run].scatter.set_shares(shares)

    def set_pairs(self, run: int, pairs: tuple[MapPair, ...]) -> None:
        """Say which of a column's points were picked in the newest batch."""
        self._columns.shown[run].scatter.set_pairs(pairs)

    def set_classes(self, run: int, classes: ShownClasses) -> None:
        """Colour and hide the classes of a column's points so."""
        self._classes[run] = classes
        self._columns.shown[run].scatter.set_classes(classes)
        self._update_legend()

    def move_points(self, run: int, positions: PointPositions) -> None:
        """Put a run's points where they are now."""
        self._columns.shown[run].scatter.move_points(positions)

    def set_caption(self, run: int, text: str) -> None:
        """Say under a column's title what its picture is."""
        self._columns.shown[run].set_caption(text)

    def set_trust(self, run: int, text: str) -> None:
        """Say under a scatter how far its picture can be trusted; empty if that is unknown."""
        self._columns.shown[run].set_trust(text)

    def set_bounds(self, bounds: Bounds) -> None:
        """Show this part of the plane in every column, unless the user zoomed."""
        for column in self._columns.shown:
            column.scatter.set_bounds(bounds)

    def set_selected(self, run: int, row: int | None) -> None:
        """Ring one point of a column, or none."""
        self._columns.shown[run].scatter.set_selected(row)

    def set_also_selected(self, run: int, rows: tuple[int, ...]) -> None:
        """Ring more points of a column, in a smaller way."""
        self._columns.shown[run].scatter.set_also_selected(rows)

    def set_neighbours(self, run: int, neighbours: tuple[MapNeighbour, ...]) -> None:
        """Draw lines from the selected point of a column to these."""
        self._columns.shown[run].scatter.set_neighbours(neighbours)

    def set_shown(self, text: str) -> None:
        """Say what is shown of what."""
        self.shown_changed.emit(text)

    def set_look(
        self, split: Split, colour_by: ColourBy, *, synthetic_visible: bool, pairs_visible: bool
    ) -> None:
        """Say which split is shown, and what is drawn."""
        self._split.setCurrentIndex(_SPLITS.index(split))
        self.colours.set_meaning(colour_by)
        self._synthetic.setChecked(synthetic_visible)
        self._pairs.setChecked(pairs_visible)
        self._columns.set_look(
            colour_by, synthetic_visible=synthetic_visible, pairs_visible=pairs_visible
        )
        self._update_legend()

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Draw these over and beside the points."""
        self._layers.set_layers(layers)
        self._columns.set_layers(layers)

    def set_cosines(self, run: int, cosines: PairCosines) -> None:
        """Show beside a map how the cosines of pairs of its images are distributed."""
        self._columns.shown[run].histogram.set_cosines(cosines)

    def set_picked_types(self, run: int, types: PickedTypes) -> None:
        """Show beside a map which types of points were picked in mining."""
        self._columns.shown[run].picked_types.set_types(types)

    def set_trails(self, run: int, trails: Trails | None) -> None:
        """Draw where the selected points of a column have been; None for nowhere."""
        self._columns.shown[run].scatter.layers.set_trails(trails)

    def set_method(self, method: str) -> None:
        """Say what projects the points."""
        self._method.set_method(method)
        self._columns.set_tip(method_info(method).about)

    def set_unusable(self, remedies: Mapping[str, str]) -> None:
        """Say by the name of a method that it cannot be chosen, and what it needs."""
        self._method.set_unusable(remedies)

    def chosen(self) -> str:
        """What is said of the selected image."""
        return self.selection.text

    def set_mined(self, mined: MinedPair | None) -> None:
        """Offer to show this pair of the selected image on the Learn page; None to offer none."""
        self.selection.offer_mined(mined)

    def set_selection(self, text: str, pictures: tuple[PictureId, ...]) -> None:
        """Say which image is selected, and show them where several are; empty for none."""
        self.selection.show_images(text, pictures)

    def fit(self) -> None:
        """Show all points in every column, and all of every line."""
        self.curves.fit()
        self._columns.fit()

    def scatter(self, run: int) -> EmbeddingScatter:
        """A run's scatter."""
        return self._columns.shown[run].scatter

    @property
    def glides(self) -> bool:
        """Whether points glide from frame to frame."""
        return self._columns.glides

    def toggle_colour(self) -> None:
        """Colour by the next meaning."""
        self.colours.choose_next()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand maps and plots beside each other where the page is low."""
        super().resizeEvent(event)
        self._parts.arrange()

    def _on_split(self) -> None:
        split = _SPLITS[self._split.currentIndex()]
        self._pairs.setEnabled(split is Split.TRAIN)  # batches are of training images
        self.split_chosen.emit(split)

    def _lay_out(self) -> None:
        head = FlowLayout(line_spacing=2)
        for widget in (
            self._split,
            self._method,
            self.colours,
            self._synthetic,
            self._pairs,
            self._layers,
            self.legend,
            self.events.button,
            self._fit,
        ):
            head.addWidget(widget)
        top = QWidget(self)
        above = QVBoxLayout(top)
        above.setContentsMargins(0, 0, 0, 0)
        above.addWidget(self.findings)
        maps = QHBoxLayout()
        maps.addLayout(self._columns, 1)
        maps.addWidget(self.events)
        above.addLayout(maps, 1)
        above.addWidget(self.selection)
        self._parts = MapsAndPlots(top, self.curves, self._columns, self.events, self)
        content = SqueezedContent(self)
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 10, 12, 8)
        column.addLayout(head)
        column.addWidget(self._parts, 1)
        scroll = scrolling(content, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def _on_added(self, column: MapColumn) -> None:
        column.scatter.left.connect(self.hover_card.hide)
        column.pictures.save_wanted.connect(self.picture_save_wanted)

    def _update_legend(self) -> None:
        known = (self._classes[run] for run in sorted(self._classes))
        classes = next((one for one in known if one.labels), ShownClasses())
        self.legend.set_meaning(self.colours.meaning, classes)
