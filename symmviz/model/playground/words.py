"""What one sees in the playground, in words. A name as x_k' has its index after the underscore."""

import math

import numpy as np

from symmcore.settings.symm import PointType
from symmviz.model.playground.geometry import Points, has_direction
from symmviz.model.playground.losses import GROUPS, Place
from symmviz.model.playground.state import Outcome, Pick, Playground

NAMES = ("x_k", "x_l", "x_m", "x_n")
"""Of the four original points."""

_ORDINALS = {1: "", 2: "2nd ", 3: "3rd "}


def point_name(place: Place) -> str:
    """The name of a point of a group, as x_k'."""
    group, kind = place
    name = NAMES[2 * group + kind % 2]
    return f"{name}'" if PointType(kind).is_synthetic else name


def sentence(playground: Playground, found: Outcome) -> str:
    """What is compared, in one sentence."""
    if not playground.synthesises:
        return _without_symm(playground, found)
    pick = found.picks[0]
    candidate = pick.candidate
    rank, count = playground.symm.rank, len(found.candidates)
    kind = "triplets" if playground.loss == "angular" else "pairs"
    subject = f"The {_ordinal(rank)}hardest of {count} {kind} is {_picked(pick)}"
    measure = _measure(playground)
    if candidate.synthetic == 0:
        none = "" if rank > 1 else "; no synthetic point is harder"
        return f"{subject}: original points, {measure} {_number(pick.value)}{none}"
    synthetic = "a synthetic point" if candidate.synthetic == 1 else "synthetic points"
    return (
        f"{subject}: {synthetic}, {measure} {_number(pick.value)} against "
        f"{_number(pick.best_original)} among originals"
    )


def details(playground: Playground) -> str:
    """How the positive pair's synthetic points come about."""
    x_k, x_l = playground.points[:2]
    for name, other, axis in (("x_k", "x_l", x_l), ("x_l", "x_k", x_k)):
        if not has_direction(axis):
            stays = name if playground.symm.beta == 1.0 else f"beta {name}"
            return f"{other} is zero, an axis without a direction: {name}' is {stays}."
    angle = math.degrees(math.acos(_cosine(x_k, x_l)))
    if angle < 0.05:
        return "x_k and x_l have one direction: each is its own mirror image."
    words = f"x_k and x_l are t = {angle:.0f}\N{DEGREE SIGN} apart"
    if playground.symm.alpha != 2.0:
        return f"{words}; a mirror image, with their cosine kept, needs alpha 2."
    cosine = math.cos(math.radians(3 * angle))
    return (
        f"{words}, x_k' and x_l' 3t, so their cosine is cos 3t = {_number(cosine)}, "
        f"not cos t = {_number(_cosine(x_k, x_l))}."
    )


def _cosine(x: Points, y: Points) -> float:
    return float(np.clip(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), -1.0, 1.0))


def _without_symm(playground: Playground, found: Outcome) -> str:
    title = playground.info.title
    if playground.is_euclidean:
        nearest = found.picks[0].best_original
        return (
            f"Without Symm, {title} compares the four pairs of originals; the nearest are "
            f"{_number(nearest)} apart"
        )
    parts = []
    for group in range(GROUPS):
        pairs = found.compared[group].negative
        value = sum(float(found.points[p] @ found.points[n]) for p, n in pairs)
        rows = " + ".join(point_name(p) for p, _ in pairs)
        parts.append(f"{rows} with {point_name(pairs[0][1])} ({_number(value)})")
    return f"Without Symm, {title} compares {parts[0]} and {parts[1]}"


def _picked(pick: Pick) -> str:
    rows = [point_name((0, int(row))) for row in pick.candidate.rows]
    column = point_name((1, int(pick.candidate.column)))
    if len(rows) == 1:
        return f"{rows[0]} and {column}"
    return f"{rows[0]}, {rows[1]} and {column}"


def _measure(playground: Playground) -> str:
    if playground.is_euclidean:
        return "distance"
    return "sum of products" if playground.loss == "angular" else "product"


def _ordinal(rank: int) -> str:
    return _ORDINALS.get(rank, f"{rank}th ")


def _number(value: float) -> str:
    """Two digits behind the point; no minus before zero."""
    return f"{value + 0.0:.2f}" if abs(value) >= 0.005 else "0.00"
