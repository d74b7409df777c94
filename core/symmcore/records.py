"""What training tells the world, as frozen data: plain numbers and read-only arrays.

Everything here crosses threads, and some of it processes, so nothing is ever changed
after it was made; arrays are marked read-only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IndexArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ImageFiles:
    """The files that the images of a dataset were decoded from.

    Attributes:
        root: the folder that all of them lie in.
        names: their paths below it, with forward slashes, one for each image of the dataset.
    """

    root: Path
    names: tuple[str, ...]

    def path(self, sample: int) -> Path | None:
        """The file of the image at a position in the dataset; None where there is none."""
        return self.root / self.names[sample] if 0 <= sample < len(self.names) else None


@dataclass(frozen=True, slots=True)
class BatchHealth:
    """What one batch tells of a collapse, before its step.

    Attributes:
        trivial_loss: the loss where all embeddings are zero: the value it rests at once they
            have collapsed.
        mean_norm: mean L2 norm of the batch's embeddings.
        within_cosine: mean cosine over all pairs of different images of one class.
        between_cosine: mean cosine over all pairs of images of different classes.
        gradient_norm: L2 norm of the gradient of all weights together, before any clipping;
            None where it was not taken: it is every fifth step.
        zero_terms: share of the loss's terms that are zero, in [0, 1]; None for the N-pair and
            angular losses, whose terms never are.
        learning_rate: of this step.
    """

    trivial_loss: float
    mean_norm: float
    within_cosine: float
    between_cosine: float
    gradient_norm: float | None
    zero_terms: float | None
    learning_rate: float


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One optimiser step of one run.

    Attributes:
        step: number of optimiser steps finished, from 1.
        loss: the loss of the batch, before the step.
        synthetic_ratio: share of synthetic points among those picked (Fig. 7), in [0, 1];
            None for a run without Symm, which picks nothing.
        seconds: training time since step 0, pauses left out.
        health: what the batch tells of a collapse; None where nobody looked.
    """

    step: int
    loss: float
    synthetic_ratio: float | None
    seconds: float
    health: BatchHealth | None = None


@dataclass(frozen=True, slots=True)
class EvalRecord:
    """Scores of one run after ``step`` steps; shares in [0, 1].

    Training Recall@1 is taken on the watched training images, test scores on every test
    image. ``synthetic`` is the Recall@1 of synthetic points among synthetic points
    (Fig. 6). From ``test_recall_at`` to ``peak_memory_bytes`` all is only there at the end of
    training. ``peak_memory_bytes`` is the most memory that training has held until then, of all
    its runs together: on a GPU what torch allocated there, else what the process held. The last
    four, of the test images, are those of ``symmcore.evaluation.diagnose``; None where nobody
    looked, and for a cosine of which there is no pair.
    """

    step: int
    train_recall_at_1: float
    test_recall_at_1: float
    train_synthetic_recall_at_1: float
    test_synthetic_recall_at_1: float
    seconds: float
    test_recall_at: tuple[tuple[int, float], ...] = ()
    test_nmi: float | None = None
    test_f1: float | None = None
    test_map_at_r: float | None = None
    test_r_precision: float | None = None
    peak_memory_bytes: int | None = None
    test_mean_norm: float | None = None
    test_within_cosine: float | None = None
    test_between_cosine: float | None = None
    test_effective_rank: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedSet:
    """Some images of a dataset and their embeddings, not normalised.

    Attributes:
        samples: (N,) int64, positions in the dataset.
        labels: (N,) int64.
        embeddings: (N, D) float32.
    """

    samples: IndexArray
    labels: IndexArray
    embeddings: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WatchedSet:
    """The watched images of one split with their synthetic points.

    Attributes:
        points: the images and their embeddings, N rows.
        partner: (N,) int64, row of the image that served as the axis of symmetry;
            -1 where the class has no other watched image.
        synthetic: (N, D) float32, each row reflected about its partner's; rows without
            a partner hold the row itself.
    """

    points: EmbeddedSet
    partner: IndexArray
    synthetic: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MinedGroups:
    """The pairs of images of a batch, as mining saw them: G of them.

    Attributes:
        members: (G, 2) int64, positions in the dataset of the two images of each.
        against: (G,) int64, the pair that the picked points of each are with.
        embeddings: (G, 2, D) float32, not normalised.
    """

    members: IndexArray
    against: IndexArray
    embeddings: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class PickedPairs:
    """The hardest negative pairs of a batch: for each pair of images the one picked for it.

    Attributes:
        points: (P, 2, 2) int64: of each pair its two points, and of each of these the position
            in the dataset of its image and, where it is a synthetic point, of the image that it
            is reflected about; -1 there for an original.
        types: (4, 4) int64: over all ordered pairs of negative groups of the batch, how often each
            ``PointType`` of the one was picked with each of the other; None where not recorded.
        groups: what they were picked from; None where not recorded.
    """

    points: IndexArray
    types: IndexArray | None = None
    groups: MinedGroups | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The watch set of one run as embedded after ``step`` steps.

    Attributes:
        step: optimiser steps finished.
        train: the watched training images.
        test: the watched test images.
        picked: the pairs picked in the batch of the newest step; None without Symm, before the
            first step, and in runs that did not record them.
    """

    step: int
    train: WatchedSet
    test: WatchedSet
    picked: PickedPairs | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One run's state after a step: the watched frame, and what retrieval searches.

    Attributes:
        frame: the watch set.
        gallery: every test image; None where only the watch set was embedded, and where
            the watched test images are all there are.
    """

    frame: Frame
    gallery: EmbeddedSet | None

    @property
    def searched(self) -> EmbeddedSet:
        """The test images that there are: the gallery, else the watched ones."""
        return self.frame.test.points if self.gallery is None else self.gallery


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """All that one run goes on from exactly, after ``step`` steps.

    Attributes:
        step: optimiser steps finished.
        arrays: "network" holds the weights under their names in the state dict; others,
            such as "optimizer" and "random", arrays under names of their own. C order.
        state: what is no array, as JSON: strings, numbers, lists and mappings.
    """

    step: int
    arrays: Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
    state: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class MapQuality:
    """How far the map of one split's watched images can be trusted; shares in [0, 1], or NaN.

    Attributes:
        trustworthiness: how few neighbours in the plane are none in the embedding space.
        continuity: how few neighbours in the space are none in the plane.
        recall_at_1: share of the images whose nearest is of their class, in the space.
        plane_recall_at_1: the same in the plane.
        embedding_motion: share of the movement since the frame before that the embedding
            made, not the projection; NaN where that was not measured.
    """

    trustworthiness: float
    continuity: float
    recall_at_1: float
    plane_recall_at_1: float
    embedding_motion: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class PlanePoints:
    """Where the N watched images of one split lie in the plane.

    Attributes:
        original: (N, 2) float32.
        synthetic: (N, 2) float32.
        quality: how far that can be trusted; None where it was not measured.
    """

    original: FloatArray
    synthetic: FloatArray
    quality: MapQuality | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A frame of one run, projected to the plane.

    Attributes:
        step: the frame's step.
        method: what projected it, such as "pca".
        explained: share of the original points' variance that the plane keeps, or None
            where the method has no such number.
    """

    step: int
    method: str
    train: PlanePoints
    test: PlanePoints
    explained: float | None
