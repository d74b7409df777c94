"""What of the runs is exported."""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.projection.base import SPLITS, TEST
from symmcore.records import Projection

__all__ = ["MOST_NEIGHBOURS", "MOST_STEPS", "SPLITS", "ExportOptions", "parse_steps"]

MOST_NEIGHBOURS = 1000
MOST_STEPS = 8
"""Frames that stand side by side."""
_STEP_DIGITS = 12


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What of the runs is exported.

    Attributes:
        step: the newest frame at or before it is taken; None for the newest of all.
        split: whose images, "test" or "train".
        neighbours: how many nearest images of each image.
        method: name of the projection; empty for what is recorded of the frames, else PCA.
        preferred: name of the projection that is taken where it is recorded and none was named.
        drawn: maps on the screen, which may not be recorded yet, with the keys of their runs.
        classes: names of the classes whose images are listed; empty for all.
        wrong_only: whether only images are listed whose nearest one is of another class.
        samples: positions in the dataset of the images that are listed; None for all.
        seconds: duration of an animation.
        by_class: whether colours are classes', or tell originals from synthetic points.
        synthetic: whether maps show synthetic points.
        steps: whose frames stand side by side in a figure of several; empty for some from the
            first to the last.
        awaits: whether frames that the preferred projection is not recorded of are waited for, as
            the window is laying them out.
    """

    step: int | None = None
    split: str = TEST
    neighbours: int = 10
    method: str = ""
    preferred: str = ""
    drawn: tuple[tuple[str, Projection], ...] = ()
    classes: tuple[str, ...] = ()
    wrong_only: bool = False
    samples: frozenset[int] | None = None
    seconds: float = 8.0
    by_class: bool = True
    synthetic: bool = True
    steps: tuple[int, ...] = ()
    awaits: bool = False


def parse_steps(text: str) -> tuple[int, ...]:
    """Read steps as "0, 120, 300": ascending, each once; none from an empty text.

    Raises:
        InputError: if that is something else, or they are too many.
    """
    words = [word for word in text.replace(",", " ").split() if word]
    if not all(word.isascii() and word.isdigit() and len(word) <= _STEP_DIGITS for word in words):
        raise InputError(f"Steps are whole numbers, such as 0, 120, 300; {text!r:.40} are not.")
    steps = tuple(sorted({int(word) for word in words}))
    if len(steps) > MOST_STEPS:
        raise InputError(
            f"{len(steps)} steps are too many side by side: name at most {MOST_STEPS}."
        )
    return steps
