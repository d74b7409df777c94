"""What every way to draw embeddings in the plane has in common."""

from dataclasses import dataclass
from typing import Protocol

from symmcore.records import Frame, Projection

PCA = "pca"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ProjectionJob:
    """What to project, and where its points were drawn last.

    Attributes:
        method: name of the method, such as "pca".
        frames: one a run, all on the same images in the same order. The first run is the
            reference: the others are drawn as much like it as they can be. Embeddings may be
            anything that a diverged or collapsed network gives, NaN and infinity included.
        starts: for each frame, the projection of the run that the picture goes on from, of an
            earlier or later step; None where the run has none.
    """

    method: str
    frames: tuple[Frame, ...]
    starts: tuple[Projection | None, ...]

    def __post_init__(self) -> None:
        if len(self.starts) != len(self.frames):
            raise ValueError(f"{len(self.frames)} frames and {len(self.starts)} starts")


class Projector(Protocol):
    """Draws the frames of runs so that the picture holds still from one step to another.

    It keeps nothing between two calls: what was drawn before comes with the job, so that a
    restarted process, another machine or another order of steps goes on from what was
    recorded.
    """

    @property
    def name(self) -> str:
        """The method's name; ``Projection.method`` repeats it."""

    def project(
        self, frames: tuple[Frame, ...], starts: tuple[Projection | None, ...]
    ) -> tuple[Projection, ...]:
        """Project the frames that all lockstep runs have after one step.

        Args:
            frames: see :class:`ProjectionJob`.
            starts: see :class:`ProjectionJob`. One of other images is ignored, and so is one
                with all points in one place.

        Returns:
            One projection a run, with finite float32 coordinates, C-contiguous and
            read-only.

        Raises:
            ValueError: if the runs hold different numbers of images.
        """
