"""What presenters tell views to show: frozen, and free of Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from symmcore.records import FloatArray, ImageFiles, IndexArray
from symmviz.model.retrieval.browse import GalleryOrder
from symmviz.model.retrieval.query import AnyQuery, Split


class ColourBy(Enum):
    """What the colour of a point means."""

    KIND = "kind"
    CLASS = "class"
    CORRECT = "correct"
    PICKED = "picked"
    DRIFT = "drift"
    LOST = "loss of class"
    FALSE = "false neighbours"
    MISSING = "missing neighbours"


@dataclass(frozen=True, slots=True)
class RunTitle:
    """How a run is called above its scatter and beside its neighbours.

    Attributes:
        name: its SPEC, or what a user's own loop is called.
        title: what people call it.
        place: of its colour, see :func:`symmcore.palette.run_places`; no part of what it is called.
    """

    name: str
    title: str
    place: int = field(default=0, compare=False)


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
        run: key of the recording that has the images.
    """

    labels: IndexArray
    samples: IndexArray
    partner: IndexArray
    class_names: tuple[str, ...]
    run: str = ""


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


UPLOADS = "uploads"
"""Stands for the run of a picture that was uploaded."""


@dataclass(frozen=True, slots=True)
class ImageCard:
    """An image to show with its caption.

    Attributes:
        query: what it is as a query, for when it is clicked.
        picture: which image to show.
        class_name: its class; empty for an image without one.
        similarity: cosine similarity to the query; None for the query itself.
        correct: whether it is of the query's class; None for the query itself, and where that
            has no class.
        file: its file; None where it is not known or has none.
    """

    query: AnyQuery
    picture: PictureId
    class_name: str
    similarity: float | None = None
    correct: bool | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """What one run finds: its title, a caption, and the cards, nearest first."""

    run: RunTitle
    caption: str
    cards: tuple[ImageCard, ...]


@dataclass(frozen=True, slots=True)
class RankCurve:
    """The rank of the first right neighbour of the query over time, in one run.

    Attributes:
        run: whose.
        steps: ascending.
        ranks: from 1; one for each step.
        place: of its colour, see :func:`symmcore.palette.run_places`.
    """

    run: int
    steps: tuple[int, ...]
    ranks: tuple[int, ...]
    place: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class RunRanks:
    """How each image of a gallery does as a query in one run.

    Attributes:
        title: of the run.
        ranks: (N,) int64, rank of the first right neighbour, 0 where none can be right.
    """

    title: str
    ranks: IndexArray


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The images to choose a query from.

    Attributes:
        run: key of the recording that has them.
        split: of the images.
        samples: (N,) int64, positions in the dataset of all of them.
        labels: (N,) int64.
        class_names: of the dataset.
        rows: (M,) int64, which of them are shown, in order.
        ranks: how they do, by run, as far as that is known.
        files: of the dataset's images, where they are known.
        hints: what else is said of an image, by row.
    """

    run: str
    split: Split
    samples: IndexArray
    labels: IndexArray
    class_names: tuple[str, ...]
    rows: IndexArray
    ranks: tuple[RunRanks, ...] = ()
    files: ImageFiles | None = None
    hints: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """An order of images, and what it is called."""

    order: GalleryOrder
    title: str
