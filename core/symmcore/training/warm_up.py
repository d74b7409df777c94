"""Does once what is slow the first time, so that a training begins without a pause."""

from functools import partial

import torch

from symmcore.data.sources import digits
from symmcore.evaluation import clustering_scores, recall_at_k, synthetic_recall_at_1
from symmcore.losses import build_loss
from symmcore.progress import ProgressCallback
from symmcore.settings.symm import Symm
from symmcore.training.compiled_losses import has_loops, load_loops, warm_up_loss
from symmcore.training.config import TrainingConfig
from symmcore.training.learner import Learner
from symmcore.training.spec import RunSpec

_SIDE = 8


def warm_up() -> None:
    """Import what a training imports on the way, by taking one step on four made-up images.

    But for numba: see :func:`warm_up_loops`.

    Changes torch's global random state: to be over before a training begins.
    """
    torch.set_num_threads(1)
    config = TrainingConfig(dim=2)
    learner = Learner(RunSpec(), config, 1, torch.device("cpu"))
    images = torch.linspace(-1, 1, 4 * _SIDE * _SIDE).view(4, 1, _SIDE, _SIDE)
    labels = torch.tensor([0, 0, 1, 1])
    learner.step(images, labels)
    embeddings = learner.embed(images)
    recall_at_k(embeddings, labels, (1,))
    synthetic_recall_at_1(embeddings, labels)
    clustering_scores(embeddings, labels)
    digits.load_digits(seed=0)


def warm_up_loops(on_progress: ProgressCallback) -> None:
    """Import numba, and have the loops that Symm is computed with by default compiled.

    Changes no random state. See :func:`~symmcore.training.compiled_losses.load_loops`.
    """
    spec, device = RunSpec(symm=Symm()), torch.device("cpu")
    loss = build_loss(spec.loss, spec.symm)
    if has_loops(loss, device):
        load_loops(partial(warm_up_loss, loss, 4, 4, device), (spec,), on_progress)
