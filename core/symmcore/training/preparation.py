"""Makes what a training works with: device, dataset, batches, runs."""

import dataclasses
import platform
from collections.abc import Container
from importlib.metadata import version

import torch

from symmcore.data.feed.batches import BatchLoader
from symmcore.data.feed.sampler import PairSampler
from symmcore.data.feed.training_feed import TrainingFeed
from symmcore.networks import check_weights_file, fetch_pretrained, timm_transform
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.records import Checkpoint
from symmcore.settings.networks import (
    FROM_SCRATCH,
    IMAGENET,
    check_image_size,
    network_info,
    timm_name,
)
from symmcore.settings.transforms import DRAWINGS, default_transform
from symmcore.training.checkpoint import (
    Position,
    check_dataset,
    make_checkpoints,
    network_settings,
    restore,
)
from symmcore.training.compiled_losses import load_loops
from symmcore.training.config import TrainingConfig
from symmcore.training.devices import resolve_device
from symmcore.training.evaluator import Evaluator
from symmcore.training.frame_schedule import with_schedule
from symmcore.training.input import read_dataset, usual_transform
from symmcore.training.learner import Learner
from symmcore.training.peak_memory import restart_peak_memory
from symmcore.training.sink import Environment
from symmcore.training.start import Start

_PACKAGES = ("symmviz", "torch", "torchvision", "numpy", "scikit-learn")


class Preparation:
    """What a training works with, made once and kept for going on.

    Attributes:
        config: with everything resolved that its dataset and length decide.
        dataset: the images.
        feed: the batches, the same for all runs.
        evaluator: of all runs.
        learners: one for each run.
        environment: what it runs on.
    """

    def __init__(
        self, config: TrainingConfig, on_progress: ProgressCallback, start: Start | None
    ) -> None:
        device = resolve_device(config.device)
        restart_peak_memory(device)
        if start is None:  # before a dataset is read, which can take long
            check_weights_file(config.weights)
            if config.weights == IMAGENET:
                fetch_pretrained(network_info(config.network), on_progress)
        config = _with_own_transform(config)
        self.dataset = dataset = read_dataset(config, on_progress)
        if start is not None:
            check_dataset(dataset, start)
        transform = config.transform or default_transform(dataset.images.shape)
        _, height, width, channels = dataset.images.shape
        crop = transform.crop
        check_image_size(network_info(config.network), crop or height, crop or width)
        scheduled = with_schedule(config, len(dataset.train), len(dataset.test))
        self.config = dataclasses.replace(scheduled, transform=transform)
        loader = BatchLoader(dataset, device, config.seed, transform)
        sampler = PairSampler(dataset.labels, dataset.train, config.batch_size // 2, config.seed)
        self.feed = TrainingFeed(loader, sampler)
        self.evaluator = Evaluator(dataset, loader, self.config)
        # what a checkpoint holds is read from nowhere else
        fresh = config if start is None else dataclasses.replace(config, weights=FROM_SCRATCH)
        self.learners = [Learner(spec, fresh, channels, device) for spec in config.specs]
        self.environment = Environment(
            device=str(device),
            threads=torch.get_num_threads(),
            versions=(
                ("python", platform.python_version()),
                *((package, version(package)) for package in _PACKAGES),
            ),
        )

    def restore(self, start: Start) -> Position:
        """Go on from checkpoints; returns how far the training was.

        Raises:
            InputError: if they are of another network or dataset, or cannot be read.
        """
        return restore(start.read(), start, self.learners, self.feed)

    def checkpoints(
        self, position: Position, ended: Container[int]
    ) -> tuple[Checkpoint | None, ...]:
        """What each run goes on from, as it is now; None of one that has ended."""
        network = network_settings(self.config, self.dataset)
        going = (None if run in ended else one for run, one in enumerate(self.learners))
        return make_checkpoints(going, self.feed, position, network)

    def warm_up(self, on_progress: ProgressCallback = ignore_progress) -> None:
        """Compile the losses, so that no step waits for it; numba's in a subprocess."""
        for spec, learner in zip(self.config.specs, self.learners, strict=True):
            if learner.has_loops:
                load_loops(learner.warm_up, (spec,), on_progress)
            else:
                learner.warm_up()


def _with_own_transform(config: TrainingConfig) -> TrainingConfig:
    """The same training; files are brought to the size that timm gives for its network."""
    info = network_info(config.network)
    if not timm_name(info.name):
        return config
    own = timm_transform(info)  # says what is wrong before a dataset is read
    if config.transform is not None or usual_transform(config.dataset_choice()) == DRAWINGS:
        return config
    return dataclasses.replace(config, transform=own)
