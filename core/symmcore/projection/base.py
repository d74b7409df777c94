"""What every way to draw embeddings in the plane has in common."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from symmcore.records import Frame, Projection

PCA = "pca"
UMAP = "umap"
TSNE = "tsne"

TRAIN, TEST = "train", "test"
SPLITS = (TRAIN, TEST)


def drawn_steps(maps: Iterable[tuple[str, Projection]], key: str, method: str) -> set[int]:
    """The steps of which a run is drawn by a method, among maps with the keys of their runs."""
    return {one.step for run, one in maps if (run, one.method) == (key, method)}


@dataclass(frozen=True, slots=True)
class ProjectionSettings:
    """How a job is done.

    Attributes:
        seed: of what is drawn at random, so that a recorded projection can be had again.
        splits: which splits of the frames are projected, of "train" and "test"; the others'
            points stay where the start has them.
        is_live: whether it goes on, after a restart of the process, from the coordinates
            that were handed out last; a job that is recorded begins anew instead.
        share: of the time in which the process may compute, in (0, 1].
        matured: how far the layouts are that the starts were drawn by, in [0, 1]: a first
            layout that was cut short by a new frame is gone on with on that frame.
        rests: whether no new frame comes meanwhile: a first layout is shown once its points have
            parted, and not while they are drawn into one place.
        measures_motion: whether the frames before, where they are given, are laid out once more,
            which takes as long as the frames; the layouts are the same.
    """

    seed: int = 0
    splits: tuple[str, ...] = SPLITS
    is_live: bool = False
    share: float = 1.0
    matured: float = 1.0
    rests: bool = False
    measures_motion: bool = True


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
        settings: how it is done.
        before: for each frame, the one that its start shows, where it is to be measured how
            much of the movement since then is the embedding's; None elsewhere.
    """

    method: str
    frames: tuple[Frame, ...]
    starts: tuple[Projection | None, ...]
    settings: ProjectionSettings = ProjectionSettings()
    before: tuple[Frame | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.before:
            object.__setattr__(self, "before", (None,) * len(self.frames))
        if len(self.starts) != len(self.frames):
            raise ValueError(f"{len(self.frames)} frames and {len(self.starts)} starts")


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionUpdate:
    """Where the points of a job are by now.

    Attributes:
        projections: one a run, with finite float32 coordinates, C-contiguous and read-only.
        done: share of the job that is done, in [0, 1].
        is_final: whether nothing follows.
        note: what is to be said of the picture meanwhile; empty if nothing is.
        matured: what a job that goes on from here takes for its settings' ``matured``.
    """

    projections: tuple[Projection, ...]
    done: float = 1.0
    is_final: bool = True
    note: str = ""
    matured: float = 1.0


class Projector(Protocol):
    """Draws the frames of runs so that the picture holds still from one step to another.

    It keeps nothing between two jobs: what was drawn before comes with the job, so that a
    restarted process, another machine or another order of steps goes on from what was
    recorded.
    """

    @property
    def name(self) -> str:
        """The method's name; ``Projection.method`` repeats it."""

    def run(self, job: ProjectionJob) -> Iterator[ProjectionUpdate]:
        """Project the frames that all lockstep runs have after one step.

        A start of other images is ignored, and so is one with all points in one place.

        Yields:
            Partial results several times a second, then the final one. Whoever asks for no
            more cancels the job.

        Raises:
            ValueError: if the runs hold different numbers of images.
        """
