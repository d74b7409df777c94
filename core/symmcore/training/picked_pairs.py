"""Which points of a batch were picked as each group's hardest negative pair, by image."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from symmcore.losses.base import Selection
from symmcore.losses.reference import four_points
from symmcore.mining.candidates import code_tables, look_up
from symmcore.records import IndexArray, MinedGroups, PickedPairs
from symmcore.settings.symm import Symm

_NO_AXIS = -1
# Cosines of all points at once: 64 MiB.
_MOST_COSINES = 2**23


@torch.no_grad()
def hardest_pairs(
    selection: Selection, embeddings: Tensor, samples: IndexArray, symm: Symm
) -> PickedPairs:
    """Of the pairs picked for each group, the one with the largest cosine; ties to the first.

    With them come the types of all pairs that were picked.

    The angular loss picks two points of a group with one of another: it gives two pairs for each
    group, of the largest mean cosine.

    Args:
        selection: what mining picked in the batch.
        embeddings: (B, D), those that it picked from.
        samples: (B,) int64, positions in the dataset of the batch's images.
        symm: how points are reflected.
    """
    groups = selection.groups.cpu()
    i, j = embeddings.detach().cpu().double()[groups]
    units = normalize(four_points(i, j, symm), dim=-1)
    codes = selection.codes.matrix().cpu()
    tables = code_tables(selection.codes.candidates, codes.device)
    labels = selection.labels.cpu()
    count = len(labels)
    found = []
    step = max(_MOST_COSINES // (16 * count), 1)
    for block in (slice(begin, begin + step) for begin in range(0, count, step)):
        code = codes[block].long()
        picked = _cosines(
            units[:, block], units, look_up(tables.rows, code), look_up(tables.columns, code)
        )
        against = picked.masked_fill_(labels[block, None] == labels, -torch.inf).argmax(dim=1)
        found.append((against, code.gather(1, against[:, None])[:, 0]))
    against, chosen = (torch.cat(parts) for parts in zip(*found, strict=True))
    rows, columns = tables.rows[:, chosen], tables.columns[chosen]
    types = selection.counts.numpy()
    types.setflags(write=False)
    mined = MinedGroups(
        np.ascontiguousarray(samples[groups.numpy()].T),
        against.numpy(),
        np.ascontiguousarray(torch.stack((i, j), dim=1).float().numpy()),
    )
    for array in (mined.members, mined.against, mined.embeddings):
        array.setflags(write=False)
    return PickedPairs(_described(against, rows, columns, samples, groups), types, mined)


def _cosines(own: Tensor, units: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Cosines of what was picked of some groups g and of all h: (g, h).

    Args:
        own: (4, g, D), the points of the groups g by ``PointType``, of norm 1.
        units: (4, h, D), those of all groups.
        rows: (1, g, h) or (2, g, h), which point of g; of two, the mean cosine is taken.
        columns: (g, h), which point of h.
    """
    block, count = own.shape[1], units.shape[1]
    cosines = (own.flatten(0, 1) @ units.flatten(0, 1).T).flatten()
    places = (
        columns.mul_(count)
        .add_((torch.arange(block) * 4 * count)[:, None])
        .add_(torch.arange(count))
    )
    picked = [look_up(cosines, row.mul_(block * 4 * count).add_(places)) for row in rows]
    return sum(picked[1:], picked[0]).div_(len(picked))


def _described(
    against: Tensor, rows: Tensor, columns: Tensor, samples: IndexArray, groups: Tensor
) -> IndexArray:
    """Which images make the points of each group's pair.

    Args:
        against: (P,), the group that each group is paired with.
        rows: (1, P) or (2, P), ``PointType`` of the group's own points.
        columns: (P,), ``PointType`` of the other group's point.
        samples: as in :func:`hardest_pairs`.
        groups: (2, P), positions in the batch.
    """
    own = torch.arange(groups.shape[1])
    members = torch.from_numpy(samples)[groups]
    # By PointType: the image that a point is or is the reflection of, and a reflection's axis.
    none = torch.full_like(members[0], _NO_AXIS)
    images = torch.stack((members[0], members[1], members[0], members[1]))
    axes = torch.stack((none, none, members[1], members[0]))
    described = torch.stack((images, axes), dim=-1)
    pairs = [torch.stack((described[row, own], described[columns, against]), dim=1) for row in rows]
    found: IndexArray = torch.cat(pairs).numpy()
    found.setflags(write=False)
    return found
