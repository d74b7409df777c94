"""Makes checkpoints of a training, and sets a training to what they hold."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.training_feed import FeedState, TrainingFeed
from symmcore.errors import InputError, type_and_line
from symmcore.records import Checkpoint
from symmcore.training.config import TrainingConfig
from symmcore.training.learner import Learner
from symmcore.training.start import Start


@dataclass(frozen=True, slots=True)
class Position:
    """How far a training is.

    Attributes:
        step: optimiser steps finished.
        seconds: training time so far.
        evaluated: whether this step's evaluation, if it has one, is recorded.
        framed: whether its frame is.
        whole: whether it was evaluated with every score, as at the end of a training.
    """

    step: int
    seconds: float
    evaluated: bool = False
    framed: bool = False
    whole: bool = False


def network_settings(config: TrainingConfig, dataset: ImageDataset) -> dict[str, object]:
    """What is needed besides the weights and their dimensions to embed an image, as JSON.

    Args:
        config: with its transform resolved.
        dataset: the images that the network was trained on.
    """
    assert config.transform is not None, "resolved when a training is prepared"
    _, height, width, channels = dataset.images.shape
    return {
        "name": config.network,
        "channels": channels,
        "height": height,
        "width": width,
        "crop": config.transform.crop,
        "value_ranges": dataclasses.asdict(dataset.value_ranges),
    }


def make_checkpoints(
    learners: Iterable[Learner | None],
    feed: TrainingFeed,
    position: Position,
    network: Mapping[str, object],
) -> tuple[Checkpoint | None, ...]:
    """Copy all that the steps to come depend on, for each run.

    Args:
        learners: one for each run; None of one that has ended, and has no checkpoint.
        feed: the batches that all of them get.
        position: how far the training is.
        network: as :func:`network_settings` gives it.
    """
    shared = dataclasses.asdict(position) | {"feed": dataclasses.asdict(feed.state())}
    return tuple(
        None
        if learner is None
        else Checkpoint(
            position.step,
            learner.arrays(),
            shared
            | {"network": {**network, "dim": learner.dim}, "steps_taken": learner.steps_taken},
        )
        for learner in learners
    )


def restore(
    checkpoints: tuple[Checkpoint | None, ...],
    start: Start,
    learners: list[Learner],
    feed: TrainingFeed,
) -> Position:
    """Set a training to what its checkpoints hold.

    Args:
        checkpoints: one for each run, as ``start`` reads them.
        start: names them.
        learners: new ones, one for each run.
        feed: a new one.

    Returns:
        How far the training was.

    Raises:
        InputError: if they are of another network or dataset, or no whole checkpoints.
    """
    where = f"The checkpoint of {start.named} at step {start.step}"
    try:
        shared: Mapping[str, Any] = {}
        for learner, checkpoint in zip(learners, checkpoints, strict=True):
            if checkpoint is not None:
                learner.restore(checkpoint.arrays, _count(checkpoint.state["steps_taken"]))
                shared = shared or checkpoint.state
        feed.restore(FeedState.from_json(shared["feed"]))
        return _position(shared, start.step)
    except InputError as error:
        raise InputError(f"{where} cannot be gone on from: {error}") from error
    except (KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise InputError(
            f"{where} is damaged ({type_and_line(error)}): choose another step; the run "
            "can still be looked at."
        ) from error


def check_dataset(dataset: ImageDataset, start: Start) -> None:
    """Make sure that a training goes on with the images that it began with.

    Raises:
        InputError: if they are others.
    """
    if dataset.fingerprint() != start.fingerprint:
        raise InputError(
            f"{start.named} was trained on other images than {dataset.name} holds now: it can be "
            "looked at, but not gone on with."
        )


def _position(state: Mapping[str, Any], step: int) -> Position:
    position = Position(
        step=_count(state["step"]),
        seconds=float(state["seconds"]),
        evaluated=bool(state["evaluated"]),
        framed=bool(state["framed"]),
        whole=bool(state["whole"]),
    )
    if position.step != step or not 0 <= position.seconds < math.inf:
        raise ValueError(f"it says step {position.step} and {position.seconds} seconds")
    return position


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of steps")
    return value
