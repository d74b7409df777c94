"""The dataset of a training, decoded."""

from collections.abc import Callable

from symmcore.data.cache import CacheSettings
from symmcore.data.dataset import ImageDataset
from symmcore.data.loading import IMAGE_SIZE, load_listing
from symmcore.data.transform_settings import SMALL_PHOTOGRAPHS
from symmcore.training.config import TrainingConfig

Progress = Callable[[int, int], None]


def read_dataset(config: TrainingConfig, progress: Progress) -> ImageDataset:
    """Read the dataset that a training asks for; image files are decoded or taken from a cache.

    Args:
        config: names the dataset, and the size its files are brought to: that of its transform,
            256 where that has none, or, without a transform, one for a small network.
        progress: called with how many images are decoded, of how many; an exception from it ends
            the decoding and goes on to the caller.

    Raises:
        InputError: naming the file or folder that is wrong.
    """
    found = config.dataset_choice().read(config.seed)
    if isinstance(found, ImageDataset):
        return found
    transform = SMALL_PHOTOGRAPHS if config.transform is None else config.transform
    cache = CacheSettings(limit=config.cache_bytes)
    return load_listing(found, cache, progress, transform.resize or IMAGE_SIZE)
