"""How much a training will record, said before it begins; without torch."""

from dataclasses import dataclass

from symmcore.progress import byte_count
from symmcore.settings.networks import network_info
from symmcore.training.config import TrainingConfig
from symmcore.training.frame_schedule import (
    checkpoint_schedule,
    frame_schedule,
    watch_limit,
    with_schedule,
)

_FLOAT, _HALF, _INDEX = 4, 2, 8  # bytes
# Adam keeps two moments beside every weight.
_COPIES_OF_WEIGHTS = 3


@dataclass(frozen=True, slots=True)
class RecordingSize:
    """What one run records over the steps that are planned, before anything is thinned.

    Attributes:
        frames: embeddings of the watch set.
        galleries: embeddings of all test images.
        checkpoints: what a run can go on from.
        frame_bytes: of all frames.
        gallery_bytes: of all galleries.
        checkpoint_bytes: of all checkpoints.
    """

    frames: int
    galleries: int
    checkpoints: int
    frame_bytes: int
    gallery_bytes: int
    checkpoint_bytes: int

    def sentence(self) -> str:
        """The sizes for people, as one sentence."""
        galleries = (
            f", {self.galleries:,} times all test images ({byte_count(self.gallery_bytes)})"
            if self.galleries
            else ""
        )
        return (
            f"Each run records about {self.frames:,} frames ({byte_count(self.frame_bytes)})"
            f"{galleries} and {self.checkpoints:,} checkpoints "
            f"({byte_count(self.checkpoint_bytes)})."
        )


def recording_size(
    config: TrainingConfig, train_images: int, test_images: int, parameters: int | None = None
) -> RecordingSize:
    """How much each run of a training records.

    Args:
        config: the training.
        train_images: of its dataset.
        test_images: of its dataset.
        parameters: trained numbers of its network, where it has been made; None takes what the
            catalogue says.
    """
    config = with_schedule(config, train_images, test_images)
    limit, schedule = watch_limit(config), frame_schedule(config)
    watched = min(limit, train_images) + min(limit, test_images)
    frames = schedule.count()
    galleries = schedule.evaluations.count() if test_images > limit else 0
    checkpoints = checkpoint_schedule(config).count()
    dim = max(map(config.dim_of, config.specs))
    weights = network_info(config.network).weights(dim) if parameters is None else parameters
    return RecordingSize(
        frames=frames,
        galleries=galleries,
        checkpoints=checkpoints,
        # beside each embedding: position in the dataset, label, partner
        frame_bytes=frames * watched * (_FLOAT * dim + 3 * _INDEX),
        gallery_bytes=galleries * test_images * (_HALF * dim + 2 * _INDEX),
        checkpoint_bytes=checkpoints * weights * _FLOAT * _COPIES_OF_WEIGHTS,
    )
