"""Which points of a batch were picked as each group's hardest negative pair, by image."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from symmcore.losses.base import Selection
from symmcore.losses.reference import four_points
from symmcore.records import IndexArray, PickedPairs
from symmcore.settings.symm import Symm

_NO_AXIS = -1


@torch.no_grad()
def hardest_pairs(
    selection: Selection, embeddings: Tensor, samples: IndexArray, symm: Symm
) -> PickedPairs:
    """Of the pairs picked for each group, the one with the largest cosine; ties to the first.

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
    cosines = torch.einsum("pgd,nhd->pngh", units, units)
    rows, columns = selection.row_types.cpu(), selection.column_types.cpu()
    own = torch.arange(groups.shape[1])
    picked = torch.stack([cosines[row, columns, own[:, None], own] for row in rows]).mean(0)
    picked = picked.masked_fill(~selection.negatives.cpu(), -torch.inf)
    against = picked.argmax(dim=1)
    members = torch.from_numpy(samples)[groups]
    # By PointType: the image that a point is or is the reflection of, and a reflection's axis.
    none = torch.full_like(members[0], _NO_AXIS)
    images = torch.stack((members[0], members[1], members[0], members[1]))
    axes = torch.stack((none, none, members[1], members[0]))
    column = columns[own, against]
    described = torch.stack((images, axes), dim=-1)
    pairs = [
        torch.stack((described[row[own, against], own], described[column, against]), dim=1)
        for row in rows
    ]
    found = torch.cat(pairs).numpy()
    found.setflags(write=False)
    return PickedPairs(found)
