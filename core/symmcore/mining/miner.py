"""Miner of the hardest products and distances, differentiable in the embeddings."""

from dataclasses import dataclass

import torch
from torch import Tensor

from symmcore.mining.candidates import Candidates, code_tables, look_up
from symmcore.mining.distances import correction, is_close
from symmcore.mining.geometry import Geometry, type_weights
from symmcore.mining.hardest import Room, pick
from symmcore.mining.mined_products import mined_products
from symmcore.mining.search import Search, search
from symmcore.mining.tiles import Blocks
from symmcore.settings.symm import Symm


@dataclass(frozen=True, slots=True)
class MinedCodes:
    """Which candidate is picked for every pair of groups, as mining left it.

    Attributes:
        candidates: What the codes stand for.
        tiles: Codes of each tile, uint8, in the order of ``blocks.tiles()``.
        blocks: How the pairs of groups are cut into tiles; None if all are in one, of shape (G, G).
    """

    candidates: Candidates
    tiles: tuple[Tensor, ...]
    blocks: Blocks | None = None

    def matrix(self) -> Tensor:
        """The codes of all ordered pairs (g, h), uint8 of shape (G, G).

        Meaningless where g and h are of one class.
        """
        if self.blocks is None:
            return self.tiles[0]
        groups = self.blocks.spans[-1].stop
        exchanged = None
        if self.blocks.symmetric:
            exchanged = code_tables(self.candidates, self.tiles[0].device).exchanged
        result = self.tiles[0].new_empty(groups, groups)
        for (row, column), codes in zip(self.blocks.tiles(), self.tiles, strict=True):
            rows, columns = self.blocks.spans[row], self.blocks.spans[column]
            if exchanged is None:
                result[rows, columns] = codes
                continue
            mirrored = look_up(exchanged, codes.long()).T
            if row == column:
                codes, mirrored = codes.triu(1), mirrored.tril(-1)
                result[rows, columns] = codes + mirrored
            else:
                result[rows, columns] = codes
                result[columns, rows] = mirrored
        return result


@dataclass(frozen=True, slots=True)
class Mined:
    """The hardest candidate of every ordered pair of groups.

    Attributes:
        values: Products, or squared distances, of shape (G, G); with gradients at the picks.
        codes: Codes of the picks.
    """

    values: Tensor
    codes: MinedCodes


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

    def own_products(self, geometry: Geometry) -> Tensor:
        """The largest product of two points of each group itself: differentiable, of shape (G,).

        Of the points that the candidates combine, by the same rule.
        """
        own, other = geometry.reflections(self.symm)
        first, second = torch.tensor(self.candidates.own_pairs(), device=own.device).T
        on_i, on_j = type_weights(own, other)
        (square_i, square_j), dot = geometry.squares, geometry.dot
        with_i, with_j = on_i * square_i + on_j * dot, on_i * dot + on_j * square_j
        values = on_i[second] * with_i[first] + on_j[second] * with_j[first]
        tables = code_tables(self.candidates, own.device, own.dtype)
        detached = values.detach()[..., None]
        room = Room.for_tiles(len(dot), self.candidates, self.symm.rank, detached)
        tolerance = tie_tolerance(own.dtype)
        codes = pick(detached, tables, self.symm.rank, tolerance, room)
        result: Tensor = values.gather(0, codes.T)[0]
        return result

    def squared_distances(self, geometry: Geometry, tolerance: float) -> Mined:
        """(D*_gh)^2, the smallest squared Euclidean distance of a candidate pair of g and h.

        Args:
            geometry: The groups, in float64 where the device has it.
            tolerance: Relative difference of distances up to which candidates are tied, and
                relative error allowed.
        """
        own, other = geometry.reflections(self.symm)
        squares = geometry.point_squares(own, other)
        mined = self._mine(geometry, own, other, tolerance, squares.detach())
        tables = code_tables(self.candidates, squares.device)
        codes = mined.codes.matrix().long()
        rows, columns = look_up(tables.rows[0], codes), look_up(tables.columns, codes)
        sums = squares.T.gather(1, rows) + squares.gather(0, columns)
        distances = sums - 2.0 * mined.values
        close = is_close(distances, sums, tolerance)
        if distances.device.type != "cpu" or close.any():
            points = geometry.all_points(own, other)
            group = torch.arange(len(codes), device=codes.device)
            left, right = len(codes) * rows + group[:, None], len(codes) * columns + group
            distances = distances + correction(distances, close, points, left, right)
        return Mined(distances, mined.codes)

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
        values = mined_products(geometry.points, own, other, picks, self.candidates)
        codes = tuple(tile.codes for tile in picks.tiles)
        return Mined(values, MinedCodes(self.candidates, codes, picks.blocks))


def tie_tolerance(dtype: torch.dtype) -> float:
    """Relative difference up to which candidates are tied, for embeddings of that type."""
    return 1e-12 if dtype == torch.float64 else 1e-5
