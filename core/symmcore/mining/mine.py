"""Mining as the losses use it: the hardest products, differentiable."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates
from symmcore.mining.geometry import Geometry
from symmcore.mining.picked import picked_products
from symmcore.mining.search import Search, search
from symmcore.symm import Symm


@dataclass(frozen=True, slots=True)
class Mined:
    """The hardest candidate of every ordered pair of groups.

    Attributes:
        values: Products, or squared distances, of shape (G, G); with gradients at the picks.
        codes: Codes of the picks, uint8 of shape (G, G).
    """

    values: Tensor
    codes: Tensor


@dataclass(frozen=True, slots=True)
class Miner:
    """Finds the hardest candidate of every pair of groups, or the rank-th hardest.

    Attributes:
        symm: How to reflect, and which rank to take.
        candidates: What to choose from.

    Raises:
        ValueError: If the rank exceeds the number of candidates.
    """

    symm: Symm
    candidates: Candidates

    def __post_init__(self) -> None:
        if self.symm.rank > len(self.candidates):
            raise ValueError(
                f"rank must be at most {len(self.candidates)} for this loss with "
                f"pairs={self.symm.pairs!r}, not {self.symm.rank}"
            )

    def products(self, geometry: Geometry) -> Mined:
        """S*_gh, the largest product of a candidate of g and h."""
        own, other = geometry.reflections(self.symm)
        tolerance = tie_tolerance(geometry.points.dtype)
        return self._mine(geometry, own, other, tolerance, None)

    def _mine(
        self,
        geometry: Geometry,
        own: Tensor,
        other: Tensor,
        tolerance: float,
        squares: Tensor | None,
    ) -> Mined:
        job = Search(
            points=geometry.points.detach(),
            own=own.detach(),
            other=other.detach(),
            candidates=self.candidates,
            rank=self.symm.rank,
            tolerance=tolerance,
            squares=squares,
            slopes=other.requires_grad,
            own_slopes=own.requires_grad,
        )
        picks = search(job)
        values = picked_products(geometry.points, own, other, picks, self.candidates)
        return Mined(values, picks.codes)


def tie_tolerance(dtype: torch.dtype) -> float:
    """Relative difference up to which candidates are tied, for embeddings of that type."""
    return 1e-12 if dtype == torch.float64 else 1e-5
