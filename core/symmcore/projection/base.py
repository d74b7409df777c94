"""What every way to draw embeddings in the plane has in common."""

from typing import Protocol

from symmcore.records import Frame, Projection


class Projector(Protocol):
    """Draws the frames of one training, step after step, so that the picture holds still.

    A projector is stateful: it aligns what it draws to what it drew before. Another
    training needs a new projector. It belongs to one thread.
    """

    @property
    def name(self) -> str:
        """The method's name, such as "pca"; ``Projection.method`` repeats it."""

    def project(self, frames: tuple[Frame, ...]) -> tuple[Projection, ...]:
        """Project the frames that all lockstep runs have after one step.

        Steps may be left out: a slow projector is only asked for the newest.

        Args:
            frames: one a run, in the same order at every call, all on the same images in
                the same order. The first run is the reference: the others are drawn as
                much like it as they can be. Embeddings may be anything that a diverged
                or collapsed network gives, NaN and infinity included.

        Returns:
            One projection a run, with finite float32 coordinates, C-contiguous and
            read-only.

        Raises:
            ValueError: if the runs hold different numbers of images.
        """
