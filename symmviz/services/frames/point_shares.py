"""How far each point moved in the embedding, and how well a map keeps its neighbours."""

import numpy as np
import numpy.typing as npt

from symmcore.projection.neighbours import exact_neighbours
from symmcore.projection.points import normalised
from symmcore.records import EmbeddedSet, FloatArray, PlanePoints, WatchedSet
from symmcore.runs import Recording
from symmviz.model.display import ColourBy
from symmviz.model.loaded import Shares, ShareTarget
from symmviz.model.map.frame_changes import Neighbourhood, neighbourhood

NEIGHBOURS = 10
FAR = 3
"""A neighbour is none on the other side where it is not among so many times as many there."""

_Points = npt.NDArray[np.float64]


def frame_shares(recording: Recording, target: ShareTarget) -> Shares | None:
    """What a target asks for, of both splits; None where there is no recorded map.

    Raises:
        InputError, LookupError: if a frame cannot be read.
    """
    frame = recording.frame(target.step)
    if target.meaning is ColourBy.DRIFT:
        then = recording.frame(target.since)
        return Shares(
            drift(frame.train.points.embeddings, then.train.points.embeddings),
            drift(frame.test.points.embeddings, then.test.points.embeddings),
        )
    if target.meaning is ColourBy.LOST:
        then = recording.frame(target.since)
        return Shares(
            class_loss(frame.train.points, then.train.points),
            class_loss(frame.test.points, then.test.points),
        )
    projection = recording.projection(target.method, target.step)
    if projection is None:
        return None
    lost = false_neighbours if target.meaning is ColourBy.FALSE else missing_neighbours

    def shares(watched: WatchedSet, plane: PlanePoints) -> FloatArray:
        return lost(watched.points.embeddings, plane.original)

    return Shares(shares(frame.train, projection.train), shares(frame.test, projection.test))


def drift(now: FloatArray, then: FloatArray) -> FloatArray:
    """1 - cosine of each embedding with what it was, at most 1: (N,) float32, NaN for no number.

    Args:
        now: (N, D) embeddings.
        then: (N, D) of the same images at another step.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        cosines = (_units(now) * _units(then)).sum(axis=1)
        found: FloatArray = np.clip(1.0 - cosines, 0.0, 1.0).astype(np.float32)
    found.setflags(write=False)
    return found


def class_loss(now: EmbeddedSet, then: EmbeddedSet) -> FloatArray:
    """How many fewer of each image's nearest neighbours are of its class than were at another step.

    As many neighbours are looked at as its class has other images, at most ten; by cosine.

    Args:
        now: N images.
        then: the same images at the other step.

    Returns:
        (N,) float32 in [0, 1], the share of its neighbours; 0 where there are more of its class
        now. NaN where its class has no other image, and for an embedding that is not a number.
    """
    shares = [_own_share(neighbourhood(images)) for images in (then, now)]
    lost: FloatArray = np.maximum(shares[0] - shares[1], 0.0).astype(np.float32)
    lost.setflags(write=False)
    return lost


def _own_share(near: Neighbourhood) -> npt.NDArray[np.float64]:
    asked = near.asked
    own = (near.near_labels == near.labels[:, None]).sum(axis=1)
    return np.where(asked > 0, own / np.maximum(asked, 1), np.nan)


def false_neighbours(embeddings: FloatArray, plane: FloatArray) -> FloatArray:
    """Of each point's ten nearest on a map, the share that is none of its 30 nearest in the space.

    With fewer points so many are neighbours as there are.

    Args:
        embeddings: (N, D), compared by cosine.
        plane: (N, 2).

    Returns:
        (N,) float32 in [0, 1]; NaN for a point that is not a number, and for one alone.
    """
    return _lost(plane.astype(np.float64), _units(embeddings))


def missing_neighbours(embeddings: FloatArray, plane: FloatArray) -> FloatArray:
    """Of each point's ten nearest in the space, the share that is none of its 30 on the map.

    As :func:`false_neighbours`, the other way round.
    """
    return _lost(_units(embeddings), plane.astype(np.float64))


def _lost(first: _Points, second: _Points) -> FloatArray:
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    rows = np.flatnonzero(known)
    shares = np.full(len(first), np.nan, np.float32)
    count, far = min(NEIGHBOURS, len(rows) - 1), min(FAR * NEIGHBOURS, len(rows) - 1)
    if count > 0:
        near = exact_neighbours(first[rows], count).indices
        there = exact_neighbours(second[rows], far).indices
        kept = sum((near == column[:, None]).sum(axis=1) for column in there.T)
        shares[rows] = 1.0 - kept / count
    shares.setflags(write=False)
    return shares


def _units(points: FloatArray) -> _Points:
    """Rows of length 1 or 0; not a number where a row is none."""
    units = normalised([points])
    units[~np.isfinite(points).all(axis=1)] = np.nan
    return units
