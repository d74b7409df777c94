"""The dataset of a training, decoded."""

from symmcore.data.cache import CacheSettings
from symmcore.data.dataset import ImageDataset
from symmcore.data.loading import IMAGE_SIZE, load_listing
from symmcore.data.transform_settings import SMALL_PHOTOGRAPHS
from symmcore.doing import Tell
from symmcore.training.config import TrainingConfig


def read_dataset(config: TrainingConfig, tell: Tell) -> ImageDataset:
    """Read the dataset that a training asks for; image files are decoded or taken from a cache.

    Args:
        config: names the dataset, and the size its files are brought to: that of its transform,
            256 where that has none, or, without a transform, one for a small network.
        tell: told how far a download or the decoding is.

    Raises:
        InputError: naming the file or folder that is wrong.
    """
    found = config.dataset_choice().read(config.seed, tell)
    if isinstance(found, ImageDataset):
        return found
    return load_listing(found, CacheSettings(limit=config.cache_bytes), tell, _size(config))


def _size(config: TrainingConfig) -> int:
    transform = SMALL_PHOTOGRAPHS if config.transform is None else config.transform
    return transform.resize or IMAGE_SIZE
