"""The classes of images, counted."""

import numpy as np
import torch
from torch import Tensor


def classes_and_sizes(labels: Tensor) -> tuple[Tensor, Tensor]:
    """The class of each image, counted from 0, and how many images it has: int64, on the CPU."""
    _, inverse, counts = np.unique(labels.cpu().numpy(), return_inverse=True, return_counts=True)
    return torch.from_numpy(inverse), torch.from_numpy(counts[inverse])
