"""K-means with many clusters, in bounded memory, that can be watched and ended.

scikit-learn's finds a start one centre at a time, and tells nothing while it runs: with ten
thousand clusters that is minutes.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symmcore.mining import cross_products

Progress = Callable[[int, int], None]

MOST_ITERATIONS = 100
# Of the centres still to be found, the share that is drawn at a time.
_SHARE = 32
# Distances held at a time (64 MiB in float32).
_BLOCK_ELEMENTS = 2**24


def kmeans(points: Tensor, centres: Tensor, progress: Progress) -> NDArray[np.int64]:
    """Lloyd's algorithm from given centres, until no point changes its cluster.

    A cluster that loses all points starts again at the point farthest from its centre.

    Args:
        points: Shape (N, D), on any device.
        centres: Where to start, of shape (K, D), K at most N, on the same device.
        progress: Called several times in each iteration with its number and the most there can
            be; an exception from it ends the search and goes on to the caller.

    Returns:
        The cluster of each point, int64 of shape (N,).
    """
    rows = points.cpu().numpy()
    clusters = np.full(len(points), -1, dtype=np.int64)
    for iteration in range(MOST_ITERATIONS):
        found, distances = _nearest(points, centres, partial(progress, iteration, MOST_ITERATIONS))
        if np.array_equal(found, clusters):
            break
        clusters = found
        means = _means(rows, clusters, distances, len(centres))
        centres = torch.from_numpy(means).to(points.device)
    return clusters


def spread_start(points: Tensor, clusters: int, seed: int, tick: Callable[[], None]) -> Tensor:
    """Points far from each other as centres: greedy k-means++, several chosen at a time.

    Candidates are drawn with a probability in proportion to their squared distance from the
    nearest centre so far, 2 + log K for each centre, and the one becomes a centre that brings the
    sum of all points' squared distances down most (Arthur and Vassilvitskii 2007; scikit-learn
    does so too). As in k-means++'s parallel form (Bahmani et al. 2012) the distances are brought
    up to date for a few centres at once, here a 32nd of those still to be found at most.

    Args:
        points: Shape (N, D).
        clusters: How many centres, at most N.
        seed: Decides the draws.
        tick: Called before each draw; an exception from it goes on to the caller.

    Returns:
        Different rows of the points, of shape (clusters, D).
    """
    random = np.random.default_rng(seed)
    squares = (points * points).sum(1)
    trials = 2 + int(np.log(clusters))
    most = max(1, _BLOCK_ELEMENTS // (len(points) * trials))
    first = torch.from_numpy(random.integers(len(points), size=1)).to(points.device)
    distances = _distances(points, squares, first)[0]
    found = [first]
    while len(found) < clusters:
        tick()
        left = clusters - len(found)
        size = min(left, 1 + left // _SHARE, most)
        taken = torch.cat(found)
        distances[taken] = 0.0  # rounding aside
        weights = distances.cpu().double().numpy()
        drawn = _drawn(weights, taken.cpu().numpy(), size * trials, random)
        candidates = torch.from_numpy(drawn).to(points.device)
        to_candidates = _distances(points, squares, candidates)
        for start in range(0, len(drawn), trials):
            nearer = torch.minimum(to_candidates[start : start + trials], distances)
            best = nearer.sum(1).argmin()
            found.append(candidates[start + best, None])
            distances = nearer[best]
    return points[torch.cat(found)]


def _distances(points: Tensor, squares: Tensor, rows: Tensor) -> Tensor:
    """Squared distances of all points from some of them, of shape (R, N)."""
    products = cross_products(points[rows], points)
    return products.mul_(-2.0).add_(squares).add_(squares[rows, None]).clamp_min_(0.0)


def _drawn(
    weights: NDArray[np.float64],
    taken: NDArray[np.int64],
    size: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Up to ``size`` different positions, drawn by weight; any that is free if none has weight.

    In the order they are drawn: neighbours in the data may be alike.
    """
    sums = weights.cumsum()
    if sums[-1] <= 0.0:
        free = np.setdiff1d(np.arange(len(weights)), taken)
        return random.choice(free, min(size, len(free)), replace=False)
    drawn = np.searchsorted(sums, random.random(size) * sums[-1], side="right")
    drawn = np.minimum(drawn, np.flatnonzero(weights)[-1])
    _, first = np.unique(drawn, return_index=True)
    different: NDArray[np.int64] = drawn[np.sort(first)]
    return different


def _nearest(
    points: Tensor, centres: Tensor, tick: Callable[[], None]
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The nearest centre of each point, the first of equals, and how far it is (squared)."""
    half = 0.5 * (centres * centres).sum(1)
    size = max(1, _BLOCK_ELEMENTS // len(centres))
    found, nearness = [], []
    for start in range(0, len(points), size):
        tick()
        block = points[start : start + size]
        best = (cross_products(block, centres) - half).max(1)
        found.append(best.indices)
        nearness.append(0.5 * (block * block).sum(1) - best.values)
    return torch.cat(found).cpu().numpy(), 2.0 * torch.cat(nearness).cpu().numpy()


def _means(
    rows: NDArray[np.floating],
    clusters: NDArray[np.int64],
    distances: NDArray[np.floating],
    count: int,
) -> NDArray[np.floating]:
    """The mean of each cluster; one without points takes the farthest point of all others."""
    sizes = np.bincount(clusters, minlength=count)
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        farthest = np.argsort(-distances, kind="stable")[: len(empty)]
        clusters = clusters.copy()
        clusters[farthest] = empty
        sizes = np.bincount(clusters, minlength=count)
    # One row for each cluster, with a one for each of its points.
    order = np.argsort(clusters, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    ones = np.ones(len(rows), rows.dtype)
    from scipy import sparse  # slow to import

    sums = sparse.csr_matrix((ones, order, starts), shape=(count, len(rows))) @ rows
    result: NDArray[np.floating] = sums / np.maximum(sizes, 1)[:, None].astype(rows.dtype)
    return result
