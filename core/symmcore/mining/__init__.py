"""Pair groups of a batch, and the hardest points of each two of them."""

from symmcore.mining.batch import Groups, check_embeddings, check_labels, pair_groups
from symmcore.mining.candidates import Candidates, pair_candidates, triplet_candidates
from symmcore.mining.geometry import Geometry, measure
from symmcore.mining.mine import Mined, Miner, tie_tolerance

__all__ = [
    "Candidates",
    "Geometry",
    "Groups",
    "Mined",
    "Miner",
    "check_embeddings",
    "check_labels",
    "measure",
    "pair_candidates",
    "pair_groups",
    "tie_tolerance",
    "triplet_candidates",
]
