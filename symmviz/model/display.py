"""What presenters tell views to show: frozen, and free of Qt."""

from dataclasses import dataclass
from enum import Enum

from symmcore.records import FloatArray, IndexArray
from symmviz.model.retrieval import Query


class ColourBy(Enum):
    """What the colour of a point means."""

    KIND = "kind"
    CLASS = "class"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class RunTitle:
    """How a run is called above its scatter and beside its neighbours."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class PictureId:
    """An image of a dataset, to be shown as its run has it.

    Attributes:
        run: key of the recording.
        sample: the image's position in the dataset.
    """

    run: str
    sample: int


@dataclass(frozen=True, slots=True, eq=False)
class PointCloud:
    """Which points a scatter shows: what stays the same while they move.

    Attributes:
        labels: (N,) int64 class of each point.
        samples: (N,) int64 position of each point's image in the dataset.
        partner: (N,) int64 row of the image that each is reflected about; -1 where there is
            none, and no synthetic point.
        class_names: of the dataset.
    """

    labels: IndexArray
    samples: IndexArray
    partner: IndexArray
    class_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapNeighbour:
    """A neighbour of the selected image on the map: its row, and whether it is of its class."""

    row: int
    correct: bool


@dataclass(frozen=True, slots=True, eq=False)
class PointPositions:
    """Where the points of a cloud are now: original and synthetic, (N, 2) float32 each."""

    original: FloatArray
    synthetic: FloatArray


@dataclass(frozen=True, slots=True)
class ImageCard:
    """An image to show with its caption.

    Attributes:
        query: what it is as a query, for when it is clicked.
        picture: which image to show.
        class_name: its class.
        similarity: cosine similarity to the query; None for the query itself.
        correct: whether it is of the query's class; None for the query itself.
    """

    query: Query
    picture: PictureId
    class_name: str
    similarity: float | None = None
    correct: bool | None = None


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """What one run finds: its title, a caption, and the cards, nearest first."""

    run: RunTitle
    caption: str
    cards: tuple[ImageCard, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The test images to choose a query from, in the order they are shown in.

    Attributes:
        run: key of the recording that has them.
        samples: (N,) int64, their positions in the dataset.
        labels: (N,) int64.
        class_names: of the dataset.
    """

    run: str
    samples: IndexArray
    labels: IndexArray
    class_names: tuple[str, ...]
