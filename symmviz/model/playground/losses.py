"""The losses of two pair groups and their gradients on the groups' points."""

import math
from dataclasses import dataclass

import numpy as np

from symmviz.model.playground.geometry import Points

GROUPS = 2

Place = tuple[int, int]
"""A point: its group, and its ``PointType`` there."""
Pairs = tuple[tuple[Place, Place], ...]
"""Pairs of points whose products are added up."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a loss compares for one group.

    Attributes:
        positive: The pair that should be near; its product where pairs are multiplied.
        negative: The pairs that should be far.
    """

    positive: tuple[Place, Place]
    negative: Pairs


@dataclass(frozen=True, slots=True)
class LossValue:
    """A loss and its gradient.

    Attributes:
        value: The loss.
        gradient: On the four points of both groups, of shape (2, 4, D).
    """

    value: float
    gradient: Points


def log_sum_loss(
    points: Points,
    comparisons: tuple[Comparison, ...],
    scale: float,
    positive_scale: float,
    l2_reg: float,
) -> LossValue:
    """The mean over g of log(1 + exp(scale n - positive_scale p)), and a norm penalty (Eq. 7-10).

    n is the sum of the products of the negative pairs and p the product of the positive one.

    Args:
        points: The four points of both groups, of shape (2, 4, D).
        comparisons: One a group.
        scale: Factor on n.
        positive_scale: Factor on p.
        l2_reg: Weight of the squared norms of the originals.
    """
    originals = points[:, :2]
    gradient = np.zeros_like(points)
    gradient[:, :2] = 0.5 * l2_reg / GROUPS * originals
    value = 0.25 * l2_reg / GROUPS * float((originals * originals).sum())
    for one in comparisons:
        positive = _product(points, one.positive)
        exponent = scale * sum(_product(points, pair) for pair in one.negative)
        exponent -= positive_scale * positive
        value += float(np.logaddexp(0.0, exponent)) / GROUPS
        slope = math.exp(-float(np.logaddexp(0.0, -exponent))) / GROUPS
        for pair in one.negative:
            _add_product(gradient, points, pair, slope * scale)
        _add_product(gradient, points, one.positive, -slope * positive_scale)
    return LossValue(value, gradient)


def triplet_loss(
    points: Points, comparisons: tuple[Comparison, ...], margin: float, share: float
) -> LossValue:
    """The sum of share [D_p^2 - D_n^2 + margin]+ over all negative pairs n (Eq. 3-4)."""
    gradient = np.zeros_like(points)
    value = 0.0
    for one in comparisons:
        for pair in one.negative:
            hinge = _square(points, one.positive) - _square(points, pair) + margin
            if hinge > 0.0:
                value += share * hinge
                _add_square(gradient, points, one.positive, share)
                _add_square(gradient, points, pair, -share)
    return LossValue(value, gradient)


def lifted_loss(
    points: Points, comparisons: tuple[Comparison, ...], margin: float, share: float
) -> LossValue:
    """The sum of share [log sum_n exp(margin - D_n) + D_p]+^2 (Eq. 5-6)."""
    gradient = np.zeros_like(points)
    value = 0.0
    for one in comparisons:
        exponents = [margin - math.sqrt(_square(points, pair)) for pair in one.negative]
        total = float(np.logaddexp.reduce(exponents))
        hinge = total + math.sqrt(_square(points, one.positive))
        if hinge > 0.0:
            value += share * hinge * hinge
            _add_distance(gradient, points, one.positive, 2.0 * share * hinge)
            for pair, exponent in zip(one.negative, exponents, strict=True):
                slope = -2.0 * share * hinge * math.exp(exponent - total)
                _add_distance(gradient, points, pair, slope)
    return LossValue(value, gradient)


def _product(points: Points, pair: tuple[Place, Place]) -> float:
    first, second = pair
    return float(points[first] @ points[second])


def _square(points: Points, pair: tuple[Place, Place]) -> float:
    """Squared distance of a pair; 0 where they differ by rounding alone."""
    first, second = pair
    difference = points[first] - points[second]
    square = float(difference @ difference)
    least = 4.0 * float(np.finfo(np.float64).eps)
    return 0.0 if square <= least * least * float(points[first] @ points[first]) else square


def _add_product(gradient: Points, points: Points, pair: tuple[Place, Place], slope: float) -> None:
    first, second = pair
    gradient[first] += slope * points[second]
    gradient[second] += slope * points[first]


def _add_square(gradient: Points, points: Points, pair: tuple[Place, Place], slope: float) -> None:
    first, second = pair
    difference = points[first] - points[second]
    gradient[first] += 2.0 * slope * difference
    gradient[second] -= 2.0 * slope * difference


def _add_distance(
    gradient: Points, points: Points, pair: tuple[Place, Place], slope: float
) -> None:
    """A distance of zero has zero gradient."""
    distance = math.sqrt(_square(points, pair))
    if distance > 0.0:
        _add_square(gradient, points, pair, 0.5 * slope / distance)
