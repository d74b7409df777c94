"""Does once what is slow the first time, so that a training begins without a pause."""

import torch

from symmcore.data.sources import digits
from symmcore.evaluation import clustering_scores, recall_at_k, synthetic_recall_at_1
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.learner import Learner
from symmcore.training.spec import RunSpec

_SIDE = 8


def warm_up() -> None:
    """Import what a training imports on the way, by taking one step on four made-up images.

    Changes torch's global random state: to be over before a training begins.
    """
    torch.set_num_threads(1)
    config = TrainingConfig(dim=2)
    learner = Learner(RunSpec(symm=Symm()), config, 1, torch.device("cpu"))
    images = torch.linspace(-1, 1, 4 * _SIDE * _SIDE).view(4, 1, _SIDE, _SIDE)
    labels = torch.tensor([0, 0, 1, 1])
    learner.step(images, labels)
    embeddings = learner.embed(images)
    recall_at_k(embeddings, labels, (1,))
    synthetic_recall_at_1(embeddings, labels)
    clustering_scores(embeddings, labels)
    digits.load_digits(seed=0)
