"""Pair groups of a batch, and the hardest points of each two of them."""

from symmcore.mining.batch import (
    Groups,
    check_embeddings,
    check_labels,
    class_order,
    pair_groups,
)
from symmcore.mining.candidates import Candidates, pair_candidates, triplet_candidates
from symmcore.mining.distances import rounding, square_root, squared_distances, widest
from symmcore.mining.geometry import Geometry, measure, normalise
from symmcore.mining.miner import Mined, MinedCodes, Miner, tie_tolerance
from symmcore.mining.precision import cross_products, full_precision

__all__ = [
    "Candidates",
    "Geometry",
    "Groups",
    "Mined",
    "MinedCodes",
    "Miner",
    "check_embeddings",
    "check_labels",
    "class_order",
    "cross_products",
    "full_precision",
    "measure",
    "normalise",
    "pair_candidates",
    "pair_groups",
    "rounding",
    "square_root",
    "squared_distances",
    "tie_tolerance",
    "triplet_candidates",
    "widest",
]
