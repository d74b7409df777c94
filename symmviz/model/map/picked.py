"""The pairs that were picked in the newest batch, as far as they are on a map."""

from dataclasses import dataclass

import numpy as np

from symmcore.records import IndexArray, PickedPairs


@dataclass(frozen=True, slots=True)
class MapPick:
    """A picked point of a watched image.

    Attributes:
        row: of the image on the map.
        synthetic: whether a reflection of the image was picked, not its embedding.
        drawn: whether that reflection is the one on the map: about the same partner.
    """

    row: int
    synthetic: bool = False
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class MapPair:
    """A pair of which one point at least is on the map: None for one of an image that is not."""

    first: MapPick | None
    second: MapPick | None

    @property
    def picks(self) -> tuple[MapPick, ...]:
        """Those on the map."""
        return tuple(pick for pick in (self.first, self.second) if pick is not None)


def map_pairs(picked: PickedPairs, samples: IndexArray, partner: IndexArray) -> tuple[MapPair, ...]:
    """The pairs that can be shown, each once.

    Args:
        picked: in the newest batch.
        samples: (N,) int64, positions in the dataset of the images on the map.
        partner: (N,) int64, row of the image that each is reflected about; -1 for none.
    """
    rows = {sample: row for row, sample in enumerate(samples.tolist())}
    axes = np.where(partner >= 0, samples[partner], -1).tolist() if len(partner) else []

    def pick(image: int, axis: int) -> MapPick | None:
        row = rows.get(image)
        if row is None:
            return None
        return MapPick(row, axis >= 0, axis >= 0 and axes[row] == axis)

    pairs: dict[MapPair, None] = {}
    for first, second in picked.points.tolist():
        pair = MapPair(pick(*first), pick(*second))
        if pair.picks and MapPair(pair.second, pair.first) not in pairs:
            pairs[pair] = None
    return tuple(pairs)
