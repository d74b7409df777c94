"""The dataset of a training, decoded."""

from dataclasses import dataclass, replace

import numpy as np

from symmcore.data.catalogue import DatasetChoice, DatasetEntry
from symmcore.data.dataset import ImageDataset
from symmcore.data.images.cache import CacheSettings, plan_cache
from symmcore.data.listing import ImageListing
from symmcore.data.loading import IMAGE_SIZE, load_listing
from symmcore.data.sources.torchvision_catalog import CIFAR100, torchvision_entry
from symmcore.errors import InputError
from symmcore.progress import ProgressCallback, ignore_progress
from symmcore.settings.transforms import DRAWINGS, SMALL_PHOTOGRAPHS, TransformSettings
from symmcore.training.config import TrainingConfig

_CIFAR_SIDE = 32  # pixels


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What a training would read, as far as it is known without opening an image.

    Attributes:
        images: how many.
        classes: of how many classes.
        train: how many of the images train.
        test: how many test.
        split: how they are split, for people.
        cache: a sentence on where the decoded images are, or will be, and how large.
        notes: sentences on what is left out or differs.
    """

    images: int
    classes: int
    train: int
    test: int
    split: str
    cache: str
    notes: tuple[str, ...]


def scan_dataset(
    config: TrainingConfig, on_progress: ProgressCallback = ignore_progress
) -> DatasetSummary | None:
    """List the files that a training would read; None for a dataset that comes without any.

    Nothing is downloaded.

    Args:
        config: names the dataset, and what will be made of its images.
        on_progress: told how many files were looked at.

    Raises:
        InputError: naming the file or folder that is wrong.
    """
    choice = replace(config.dataset_choice(), download=False)
    if _comes_in_memory(choice):
        return None
    found = choice.read(config.seed, on_progress)
    plan = None
    if isinstance(found, ImageListing):
        settings = CacheSettings(limit=config.cache_bytes)
        plan = plan_cache(found, settings, _size(config), on_progress)
    return DatasetSummary(
        images=len(found.labels),
        classes=len(np.unique(found.labels)),
        train=len(found.train),
        test=len(found.test),
        split=found.split,
        cache="" if plan is None else plan.sentence(),
        notes=found.notes,
    )


def read_dataset(config: TrainingConfig, on_progress: ProgressCallback) -> ImageDataset:
    """Read the dataset that a training asks for; image files are decoded or taken from a cache.

    Args:
        config: names the dataset, and the size its files are brought to: that of its transform,
            256 where that has none, or, without a transform, one for a small network.
        on_progress: told how far a download or the decoding is.

    Raises:
        InputError: naming the file or folder that is wrong.
    """
    found = config.dataset_choice().read(config.seed, on_progress)
    if isinstance(found, ImageDataset):
        _check_not_resized(found, config)
        return found
    return load_listing(found, CacheSettings(limit=config.cache_bytes), on_progress, _size(config))


def usual_transform(choice: DatasetChoice) -> TransformSettings:
    """What suits the images of a dataset, as far as that is known before they are read."""
    return DRAWINGS if _comes_in_memory(choice) else SMALL_PHOTOGRAPHS


def known_side(choice: DatasetChoice) -> int | None:
    """Height and width in pixels of a dataset's images; None where files are brought to a size."""
    if isinstance(choice.kind, DatasetEntry):
        return choice.kind.side
    return _CIFAR_SIDE if _comes_in_memory(choice) else None


def _comes_in_memory(choice: DatasetChoice) -> bool:
    return isinstance(choice.kind, DatasetEntry) or (
        choice.kind.name == "torchvision" and torchvision_entry(choice.argument) is CIFAR100
    )


def _check_not_resized(dataset: ImageDataset, config: TrainingConfig) -> None:
    wanted = None if config.transform is None else config.transform.resize
    _, height, width, _ = dataset.images.shape
    if wanted is not None and (height, width) != (wanted, wanted):
        raise InputError(
            f"{dataset.name} has images of {width} x {height} pixels and only image files are "
            f"resized, here to {wanted}: choose the quick preset and no size."
        )


def _size(config: TrainingConfig) -> int:
    transform = SMALL_PHOTOGRAPHS if config.transform is None else config.transform
    return transform.resize or IMAGE_SIZE
