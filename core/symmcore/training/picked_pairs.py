"""Which points of a batch were picked as each group's hardest negative pair, by image."""

import numpy as np
import torch
from torch import Tensor

from symmcore.losses.base import Selection
from symmcore.losses.reference import four_points
from symmcore.mining.candidates import code_tables, look_up
from symmcore.mining.geometry import measure, type_weights
from symmcore.records import IndexArray, MinedGroups, PickedPairs
from symmcore.settings.symm import Symm

_NO_AXIS = -1
# Products of originals at once: 4 MiB, which stay in the cache.
_MOST_PRODUCTS = 2**19
_SMALLEST_NORM = 1e-12


@torch.no_grad()
def hardest_pairs(
    selection: Selection, embeddings: Tensor, samples: IndexArray, symm: Symm
) -> PickedPairs:
    """Of the pairs picked for each group, the one with the largest cosine; ties to the first.

    With them come the types of all pairs that were picked. All cosines follow from the products of
    the originals, in float64: 2,048 groups of 512 dimensions take a second on one core, 64 of 64 a
    millisecond.

    The angular loss picks two points of a group with one of another: it gives two pairs for each
    group, of the largest mean cosine.

    Args:
        selection: what mining picked in the batch.
        embeddings: (B, D), those that it picked from.
        samples: (B,) int64, positions in the dataset of the batch's images.
        symm: how points are reflected.
    """
    groups = selection.groups.cpu()
    originals = embeddings.detach().cpu().double()[groups]
    weights = _unit_weights(originals, symm)
    codes = selection.codes.matrix().cpu()
    tables = code_tables(selection.codes.candidates, codes.device)
    labels = selection.labels.cpu()
    count = len(labels)
    found = []
    step = max(_MOST_PRODUCTS // (4 * count), 1)
    for block in (slice(begin, begin + step) for begin in range(0, count, step)):
        code = codes[block].long()
        rows, columns = look_up(tables.rows, code), look_up(tables.columns, code)
        products = originals[:, block].flatten(0, 1) @ originals.flatten(0, 1).T
        picked = _cosines(
            products.view(2, -1, 2, count),
            [weights[..., block].gather(1, row.T.expand(2, -1, -1)).mT for row in rows],
            weights.gather(1, columns.expand(2, -1, -1)),
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
        np.ascontiguousarray(originals.transpose(0, 1).float().numpy()),
    )
    for array in (mined.members, mined.against, mined.embeddings):
        array.setflags(write=False)
    return PickedPairs(_described(against, rows, columns, samples, groups), types, mined)


def _unit_weights(originals: Tensor, symm: Symm) -> Tensor:
    """The four points of each group, scaled to norm 1, as weights on x_i and x_j: (2, 4, P).

    Args:
        originals: (2, P, D) float64.
        symm: how points are reflected.
    """
    norms = four_points(originals[0], originals[1], symm).norm(dim=-1)
    weights = type_weights(*measure(originals).reflections(symm))
    scaled: Tensor = weights / norms.clamp_min(_SMALLEST_NORM)
    return scaled


def _cosines(products: Tensor, own: list[Tensor], others: Tensor) -> Tensor:
    """Cosines of what was picked of some groups g and of all h: (g, h).

    Args:
        products: (2, g, 2, h), of the originals.
        own: weights on x_i and x_j, (2, g, h), of the points of g; of two, the mean is taken.
        others: the same of the points of h.
    """
    against = products[:, :, 0] * others[0]
    against += products[:, :, 1] * others[1]
    picked = [(weights * against).sum(dim=0) for weights in own]
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
