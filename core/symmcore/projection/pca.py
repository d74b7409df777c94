"""PCA of each frame, turned and mirrored to fit the picture of the frame before.

Late in training the class centres are nearly a simplex, the leading eigenvalues nearly
equal, and the plane swings through the space at a small change. It is the plane of PCA all the
same: one that stays nearer to the last is another projection, and less true by chance. Of the 288
test images of alphabets a plane that keeps 0.999 of the variance has down to 0.87 of the Recall@1
of PCA's on some frame of a run, and one that keeps at least 0.9, and 0.98 of the trustworthiness,
has 0.64, for 0.62 to 0.66 times the movement. Only the labels tell which planes do not lose, and a
projection that looks at labels shows classes that the embedding has not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import orthogonal_procrustes

from symmcore.projection.base import PCA, SPLITS, ProjectionJob, ProjectionUpdate
from symmcore.projection.layout import principal_axes
from symmcore.projection.motion import embedding_share
from symmcore.projection.points import SMALLEST_VARIANCE, Points, frozen, normalised
from symmcore.projection.quality import map_quality
from symmcore.records import Frame, PlanePoints, Projection, WatchedSet


class PcaProjector:
    """PCA of L2-normalised features to the plane; see the module and :class:`Projector`.

    The original points of training and test decide the plane and its centre; synthetic
    points are normalised and put onto it. A row that is zero or not finite counts as the
    zero vector. Where the original points all lie in one place (or none is finite), the
    frame has zeros for coordinates and ``explained`` None.

    Each run is turned to fit its own last coordinates, and one without any to fit those of the
    first run: turned to fit that at every frame, it would flip where the first run's plane
    swings, and move up to twice as far.
    """

    name = PCA

    def run(self, job: ProjectionJob) -> Iterator[ProjectionUpdate]:
        """Project all points at once; see :meth:`symmcore.projection.base.Projector.run`."""
        projections = self.project(job.frames, job.starts)
        measured = []
        for at, (frame, before) in enumerate(zip(job.frames, job.before, strict=True)):
            start = job.starts[at]
            again = None
            if before is not None and start is not None:
                (again,) = self.project((before,), (start,))
            measured.append(_measured(projections[at], frame, start, again))
        yield ProjectionUpdate(tuple(measured))

    def project(
        self, frames: tuple[Frame, ...], starts: tuple[Projection | None, ...]
    ) -> tuple[Projection, ...]:
        """Project the frames that all lockstep runs have after one step.

        Raises:
            ValueError: if the runs hold different numbers of images.
        """
        clouds = [_cloud(frame) for frame in frames]
        count = len(clouds[0].originals) if clouds else 0
        if any(len(cloud.originals) != count for cloud in clouds):
            raise ValueError("runs that are drawn together must watch the same images")
        reference: Points | None = None
        projections = []
        for run, (frame, cloud, start) in enumerate(zip(frames, clouds, starts, strict=True)):
            if cloud.variance <= SMALLEST_VARIANCE:
                projections.append(_projection(frame, cloud, None))
                continue
            drawn = _drawn(start, count)
            target = reference if drawn is None else drawn
            basis = principal_axes(cloud.originals)
            if target is not None:
                basis = basis @ orthogonal_procrustes(cloud.originals @ basis, target)[0]
            if run == 0:
                reference = cloud.originals @ basis
            projections.append(_projection(frame, cloud, basis))
        return tuple(projections)


@dataclass(frozen=True, slots=True, eq=False)
class _Cloud:
    """The normalised points of one frame, training before test, less the originals' mean.

    Attributes:
        originals: (N, D) float64, D at least 2.
        synthetic: (N, D) float64.
        variance: mean squared distance of the originals from their mean.
    """

    originals: Points
    synthetic: Points
    variance: float


def _measured(
    projection: Projection, frame: Frame, start: Projection | None, again: Projection | None
) -> Projection:
    """Say how far the map of each split can be trusted."""
    planes = []
    for split in SPLITS:
        watched: WatchedSet = getattr(frame, split)
        plane: PlanePoints = getattr(projection, split)
        quality = map_quality(
            normalised([watched.points.embeddings]),
            plane.original.astype(np.float64),
            watched.points.labels,
        )
        if again is not None and len(getattr(start, split).original) == len(plane.original):
            drawn = (getattr(one, split).original for one in (start, again, projection))
            motion = embedding_share(*(points.astype(np.float64) for points in drawn))
            quality = replace(quality, embedding_motion=motion)
        planes.append(replace(plane, quality=quality))
    return replace(projection, train=planes[0], test=planes[1])


def _cloud(frame: Frame) -> _Cloud:
    """Normalise and centre the points of a frame."""
    sets = (frame.train, frame.test)
    originals = normalised([watched.points.embeddings for watched in sets])
    synthetic = normalised([watched.synthetic for watched in sets])
    count = max(len(originals), 1)
    centre = originals.sum(axis=0) / count
    originals -= centre
    synthetic -= centre
    return _Cloud(originals, synthetic, float(np.vdot(originals, originals)) / count)


def _drawn(start: Projection | None, count: int) -> Points | None:
    """Give the original points' coordinates (N, 2), or None if there is no picture in them."""
    if start is None:
        return None
    drawn = np.concatenate([start.train.original, start.test.original]).astype(np.float64)
    usable = len(drawn) == count and bool(np.isfinite(drawn).all()) and bool(drawn.any())
    return drawn if usable else None


def _projection(frame: Frame, cloud: _Cloud, basis: Points | None) -> Projection:
    """Put a frame's points onto the plane; onto one place where there is no plane."""
    if basis is None:
        basis = np.zeros((cloud.originals.shape[1], 2))
        explained = None
    else:
        kept = np.square(cloud.originals @ basis).sum() / len(cloud.originals)
        explained = min(float(kept) / cloud.variance, 1.0)
    original = frozen(cloud.originals @ basis)
    synthetic = frozen(cloud.synthetic @ basis)
    split = len(frame.train.points.embeddings)
    return Projection(
        step=frame.step,
        method=PcaProjector.name,
        train=PlanePoints(original[:split], synthetic[:split]),
        test=PlanePoints(original[split:], synthetic[split:]),
        explained=explained,
    )
