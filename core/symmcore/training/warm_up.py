"""Does once what is slow the first time, so that a training begins without a pause."""

from functools import partial

import torch

from symmcore.data.sources import alphabets, digits
from symmcore.evaluation import clustering_scores, recall_at_k, synthetic_recall_at_1
from symmcore.losses import build_loss
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.settings.symm import Symm
from symmcore.training.compiled_losses import has_loops, load_loops, warm_up_loss
from symmcore.training.config import TrainingConfig
from symmcore.training.devices import missing_devices
from symmcore.training.learner import Learner
from symmcore.training.spec import RunSpec

_SIDE = 8


def warm_up() -> frozenset[str]:
    """Import what a training imports up to its first picture, by embedding made-up images.

    Changes torch's global random state: to be over before a training begins.

    Returns:
        Names of the devices that torch does not find.
    """
    torch.set_num_threads(1)
    learner = Learner(RunSpec(), TrainingConfig(dim=2), 1, torch.device("cpu"))
    learner.embed(torch.linspace(-1, 1, 4 * _SIDE * _SIDE).view(4, 1, _SIDE, _SIDE))
    return missing_devices()


def warm_up_data(on_progress: ProgressCallback = ignore_progress) -> None:
    """Draw the usual alphabets, with which most begin. Changes no random state."""
    alphabets.load_alphabets(alphabets.AlphabetSettings(), on_progress)


def import_optimizer() -> None:
    """Import what the first step imports. Changes no random state."""
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # for which torch imports its compiler


def import_scores() -> None:
    """Import what evaluations and the other bundled dataset do. Changes no random state."""
    embeddings, labels = torch.eye(4), torch.tensor([0, 0, 1, 1])
    recall_at_k(embeddings, labels, (1,))
    synthetic_recall_at_1(embeddings, labels)
    clustering_scores(embeddings, labels)
    digits.load_digits(seed=0)


WARM_UP_REST = (import_optimizer, import_scores)
"""What is needed only after a training's first picture, in parts that another may wait for."""


def warm_up_loops(on_progress: ProgressCallback) -> None:
    """Import numba, and have the loops that Symm is computed with by default compiled.

    Changes no random state. See :func:`~symmcore.training.compiled_losses.load_loops`.
    """
    spec, device = RunSpec(symm=Symm()), torch.device("cpu")
    loss = build_loss(spec.loss, spec.symm)
    if has_loops(loss, device):
        load_loops(partial(warm_up_loss, loss, 4, 4, device), (spec,), on_progress)
