"""What of the runs is exported."""

from dataclasses import dataclass

from symmcore.projection.base import SPLITS, TEST

__all__ = ["MOST_NEIGHBOURS", "SPLITS", "ExportOptions"]

MOST_NEIGHBOURS = 1000


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What of the runs is exported.

    Attributes:
        step: the newest frame at or before it is taken; None for the newest of all.
        split: whose images, "test" or "train".
        neighbours: how many nearest images of each image.
        method: name of the projection; empty for what is recorded of the frames, else PCA.
        preferred: name of the projection that is taken where it is recorded and none was named.
        classes: names of the classes whose images are listed; empty for all.
        wrong_only: whether only images are listed whose nearest one is of another class.
        samples: positions in the dataset of the images that are listed; None for all.
        seconds: duration of an animation.
        by_class: whether colours are classes', or tell originals from synthetic points.
        synthetic: whether maps show synthetic points.
    """

    step: int | None = None
    split: str = TEST
    neighbours: int = 10
    method: str = ""
    preferred: str = ""
    classes: tuple[str, ...] = ()
    wrong_only: bool = False
    samples: frozenset[int] | None = None
    seconds: float = 8.0
    by_class: bool = True
    synthetic: bool = True
