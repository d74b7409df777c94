"""How the Retrieve page is browsed: which images it lists, in which order, how many neighbours."""

from dataclasses import dataclass
from enum import Enum


class GalleryList(Enum):
    """What the Retrieve page lists."""

    IMAGES = "Images"
    CLASSES = "Classes"
    DUPLICATES = "Duplicates"
    LABELS = "Labels"


class OrderKind(Enum):
    """What decides the order of the images."""

    FAILURES = "Failures first"
    SIMILARITY = "Lowest similarity first"
    DATASET = "As in the dataset"
    FIXED = "Fixed by"
    BROKEN = "Broken by"
    CHANGED_RUNS = "Most changed by"
    CHANGED_STEPS = "Most changed since step"


@dataclass(frozen=True, slots=True)
class GalleryOrder:
    """An order of images.

    Attributes:
        kind: what decides.
        run: which run is compared with the first; of no meaning for most kinds.
    """

    kind: OrderKind = OrderKind.FAILURES
    run: int = 0


MOST_NEIGHBOURS = 50


@dataclass(frozen=True, slots=True)
class Browse:
    """What of the Retrieve page is chosen, but for the query.

    Attributes:
        shown: which list.
        order: of the images.
        text: that a class or a file's name is to contain, in any case; empty for all.
        label: the one class that is shown; None for all.
        found_as: of that class, only images whose nearest neighbour is of this one.
        samples: positions in the dataset of the images that are shown, of those that were selected
            on a map; empty for all, and of no meaning where none of them is listed.
        neighbours: how many each run shows, from 1 to ``MOST_NEIGHBOURS``.
        since: the step that the one shown is compared with; None for the first.
        ranking: whether all queries may be ranked, which takes a while for many.
        open: whether the page is looked at.
    """

    shown: GalleryList = GalleryList.IMAGES
    order: GalleryOrder = GalleryOrder()
    text: str = ""
    label: int | None = None
    found_as: int | None = None
    samples: frozenset[int] = frozenset()
    neighbours: int = 10
    since: int | None = None
    ranking: bool = True
    open: bool = False
