"""A pair of a batch, and the one it was mined against, as a playground."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from symmcore.records import PickedPairs
from symmcore.training.spec import RunSpec
from symmviz.model.playground import LOSSES, PLANE, START, Playground, Points

_NEAREST = {"triplet-semihard": "triplet"}  # losses that the playground has no picture of


@dataclass(frozen=True, slots=True, eq=False)
class MinedPair:
    """What the Learn page shows of a pair.

    Attributes:
        playground: the two images of the pair, and the two it was mined against, in a plane.
        note: where they are from, and how far the plane can be trusted.
    """

    playground: Playground
    note: str


def group_of(picked: PickedPairs | None, sample: int) -> int | None:
    """The pair of the batch that an image is of; None where it is of none, or not recorded."""
    if picked is None or picked.groups is None:
        return None
    rows = np.flatnonzero((picked.groups.members == sample).any(axis=1))
    return int(rows[0]) if len(rows) else None


@lru_cache(maxsize=8)  # asked for at every look at the maps, and the same while they are
def mined_pair(picked: PickedPairs, group: int, spec: RunSpec, step: int) -> MinedPair:
    """The four images of a pair of the batch and of the one it was mined against, in a plane.

    The plane goes through the origin, about which reflections are: of all such the one that
    keeps most of the squared norms of the four (the right singular vectors of their matrix: a PCA
    without centring). It is then scaled so that the longest vector has length 1.

    Args:
        picked: in the batch, with what it was picked from.
        group: the pair.
        spec: of the run, with Symm.
        step: of the batch.
    """
    groups = picked.groups
    assert groups is not None, "the pair is of them"
    assert spec.symm is not None, "it was mined"
    other = int(groups.against[group])
    points = groups.embeddings[[group, other]].reshape(4, -1).astype(np.float64)
    plane, kept = _in_plane(points)
    loss = _NEAREST.get(spec.loss, spec.loss)
    if loss not in {info.name for info in LOSSES}:
        loss = START.loss
    plane.flags.writeable = False
    members = [int(one) for one in groups.members[[group, other]].flatten()]
    names = ", ".join(
        f"{name} is training image {one}"
        for name, one in zip(("x_k", "x_l", "x_m", "x_n"), members, strict=True)
    )
    playground = Playground(plane, loss).with_symm(spec.symm)
    return MinedPair(
        playground,
        f"A pair of the batch of step {step:,} and the pair it was mined against: {names}. Their "
        f"embeddings of {points.shape[1]} dimensions are brought to a plane through the origin by "
        f"the PCA of these four, which keeps {100 * kept:.0f}% of their squared norms, and scaled; "
        "what is hardest in the plane need not be what the run picked.",
    )


def _in_plane(points: Points) -> tuple[Points, float]:
    """Points (4, D) as (4, 2), and the share of their squared norms that is kept."""
    if not np.isfinite(points).all() or not points.any():
        return np.zeros((len(points), PLANE)), 1.0
    points = points / np.abs(points).max()  # or squares of large ones would overflow
    _, sizes, directions = np.linalg.svd(points, full_matrices=False)
    plane = np.zeros((len(points), PLANE))
    axes = directions[:PLANE]
    plane[:, : len(axes)] = points @ axes.T
    kept = float((sizes[:PLANE] ** 2).sum() / (sizes**2).sum())
    return plane / np.linalg.norm(plane, axis=1).max(), kept
