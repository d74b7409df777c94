"""One run on the Watch page: its title, what the picture is, and the map."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from symmviz.model.display import RunTitle
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.names import shown_name
from symmviz.views.map.cosine_histogram import CosineHistogram
from symmviz.views.map.picked_types_map import PickedTypesMap
from symmviz.views.map.scatter import EmbeddingScatter
from symmviz.views.style.run_colours import RunMark
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.picture_menu import PictureMenu
from symmviz.views.widgets.title_label import TitleLabel

_LEAST_TITLE, _MOST_TITLE = 84, 280  # pixels
_BEFORE_TITLE = 48  # pixels: margins, the mark, and the space before the caption
_ABOVE_MARK = 2  # pixels, so that it stands in the middle of the title's first line
_LEAST_WITH_HISTOGRAM = 380  # a narrower column has no room beside its map
# A scatter is not squeezed below this: the page scrolls instead.
_LEAST_SCATTER = QSize(160, 100)

_TRUST_TIP = (
    "Recall@1: in percent, among the images that are shown alone, taken in the plane and in the "
    "embedding space.\n"
    "Trustworthiness: how few of each image's ten neighbours in the plane are none in the space; "
    "1 is perfect, a map at random has about 0.5.\n"
    "True motion: the frame before was projected once more from the same places; what that moves "
    "is the projection's, the rest of the way to this frame is the embedding's. It is not said of "
    "PCA, which is the same from wherever it begins."
)
_BETWEEN = " · "
# In a narrow column; the tooltip has the whole.
_TRUST_SHORTER = (
    ("Recall@1", "R@1"),
    (" in the map, ", " vs "),
    (" in the embedding", ""),
    ("trustworthiness", "trust"),
)


class _Caption(ElidedLabel):
    """What is said of a picture; as wide whatever it says, as it changes with every frame."""

    def sizeHint(self) -> QSize:
        """What a long text takes."""
        width = self.fontMetrics().horizontalAdvance("PCA · step 100,000 · 100% of the variance")
        return QSize(width, super().sizeHint().height())


class MapColumn(QFrame):
    """A run's title, caption and scatter."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.heading = TitleLabel(self)  # all columns are of one width, whatever it says
        self.heading.setProperty("title", True)
        self.caption = _Caption(parent=self, cut=Qt.TextElideMode.ElideLeft)
        self.caption.setProperty("muted", True)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.caption.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.scatter = EmbeddingScatter(self)
        self.scatter.setMinimumSize(_LEAST_SCATTER)
        # It takes what the histogram leaves, not the other way round.
        self.scatter.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.scatter.setAccessibleName("Map")
        self.histogram = CosineHistogram(self)
        self.picked_types = PickedTypesMap(self)
        self._layers = AT_FIRST
        self._title_width = _LEAST_TITLE
        self.trust = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self.trust.setProperty("muted", True)
        self.trust.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.trust.setToolTip(_TRUST_TIP)
        self.pictures = PictureMenu(self, self.scatter, self.heading.text)
        self._mark = RunMark(self)
        titled = QHBoxLayout()
        marked = QVBoxLayout()
        marked.setContentsMargins(0, _ABOVE_MARK, 0, 0)
        marked.addWidget(self._mark)
        marked.addStretch(1)
        titled.addLayout(marked)
        titled.addWidget(self.heading, 1)
        self._head = QHBoxLayout()
        self._head.addLayout(titled, 1)
        self._head.addWidget(self.caption)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(4)
        layout.addLayout(self._head)
        middle = QHBoxLayout()
        middle.addWidget(self.scatter, 1)
        beside = QVBoxLayout()
        beside.addStretch(1)
        beside.addWidget(self.picked_types)
        beside.addWidget(self.histogram)
        middle.addLayout(beside)
        layout.addLayout(middle, 1)
        layout.addWidget(self.trust)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the caption under the title where it would leave no room for it."""
        super().resizeEvent(event)
        self._show_beside(event.size().width())
        self._place_caption(event.size().width())

    def set_caption(self, text: str) -> None:
        """Say what the picture is; in a narrow column its end, which says what is lacking."""
        parts = text.split(_BETWEEN)
        ends = (f"…{_BETWEEN}{_BETWEEN.join(parts[at:])}" for at in range(1, len(parts)))
        self.caption.setText(text, *ends)

    def set_trust(self, text: str) -> None:
        """Say how far the map can be trusted."""
        shorter = text
        for words, word in _TRUST_SHORTER:
            shorter = shorter.replace(words, word)
        parts = shorter.split(_BETWEEN)
        starts = (_BETWEEN.join(parts[:count]) for count in range(len(parts), 0, -1))
        self.trust.setText(text, *starts)

    def leave_room(self, width: int, lines: int) -> None:
        """Leave so much to the title, as the columns beside it do.

        Args:
            width: pixels of the widest title; below it the caption stands under the title.
            lines: of the longest.
        """
        self.heading.keep_lines(lines)
        if width != self._title_width:
            self._title_width = width
            self._place_caption(self.width())

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Draw these over and beside the points."""
        self._layers = layers
        self.scatter.layers.set_layers(layers)
        self._show_beside(self.width())

    def begin(self, title: RunTitle) -> None:
        """Show another run, which has no picture yet."""
        self.heading.setText(shown_name(title.title))
        self._mark.set_place(title.place)
        self.scatter.setAccessibleName(f"Map of {shown_name(title.title)}")
        self.caption.setText("Waiting for the first picture")
        self.trust.setText("")
        self.histogram.set_cosines(None)
        self.picked_types.set_types(None)
        self.scatter.set_cloud(None)
        self.scatter.set_selected(None)
        self.scatter.set_also_selected(())
        self.scatter.fit()

    def _place_caption(self, width: int) -> None:
        title = min(max(self._title_width, _LEAST_TITLE), _MOST_TITLE) + _BEFORE_TITLE
        beside = width >= self.caption.sizeHint().width() + title
        self._head.setDirection(
            QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        )
        self.caption.setAlignment(
            Qt.AlignmentFlag.AlignRight if beside else Qt.AlignmentFlag.AlignLeft
        )

    def _show_beside(self, width: int) -> None:
        has_room = width >= _LEAST_WITH_HISTOGRAM
        self.histogram.setVisible(has_room and Layer.SIMILARITIES in self._layers)
        self.picked_types.setVisible(has_room and Layer.PICKED_TYPES in self._layers)
