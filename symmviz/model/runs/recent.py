"""A run that the Start page offers to open."""

from dataclasses import dataclass
from pathlib import Path

from symmcore.data.images.store import ImageArray


@dataclass(frozen=True, slots=True, eq=False)
class RecentRun:
    """One run, or one comparison, as it is listed.

    Attributes:
        folder: where it is kept.
        title: what was trained, as "Symm + N-pair".
        caption: dataset, date, last Recall@1 and status; up to two lines.
        picture: its last frame, (H, W, C) uint8 of any shape; None where there is none.
        places: of the colours of its SPECs, in their order in the title, see
            :func:`symmcore.palette.run_places`.
    """

    folder: Path
    title: str
    caption: str
    picture: ImageArray | None = None
    places: tuple[int, ...] = ()
