"""When a training evaluates, embeds the watch set and makes checkpoints, and what it watches.

All of it follows from numbers of steps and images, never from the clock, so that the same training
records the same on every machine.
"""

import dataclasses
import math
from dataclasses import dataclass

from symmcore.training.config import TrainingConfig

# A training step costs about three forward passes of its batch: one forward, two backward.
_PASSES_A_STEP = 3
# One to embed it; a quarter to read it and for its part in the scores, as measured with the
# smallest network (with any other it is less).
_PASSES_AN_EVALUATED_IMAGE = 1.25
_SHARE_FOR_FRAMES = 0.1
_SHARE_FOR_EVALUATIONS = 0.1
_FEWEST_WATCHED, _MOST_WATCHED = 200, 2000
_CHECKPOINTS = 20


@dataclass(frozen=True, slots=True)
class RegularSchedule:
    """Steps after which something is due: the first, every so often, the last.

    Attributes:
        total_steps: steps that are planned.
        every: steps between two.
    """

    total_steps: int
    every: int

    def due(self, step: int) -> bool:
        """Whether it is due after ``step`` steps."""
        return step % self.every == 0 or step == self.total_steps

    def count(self) -> int:
        """How often it is due over all steps."""
        return 1 + -(-self.total_steps // self.every)


@dataclass(frozen=True, slots=True)
class FrameSchedule:
    """Steps after which the watch set is embedded: closer together early, then evenly.

    Every evaluation is one of them, and the steps between two evaluations are divided evenly,
    so that about ``about`` frames come over ``total_steps``. Before the first of those come
    1, 2, 5, 10, 20 and so on, when most changes. With ``about`` of 0 only evaluations are.

    Attributes:
        total_steps: steps that are planned.
        eval_every: steps between evaluations.
        about: how many frames are wanted.
    """

    total_steps: int
    eval_every: int
    about: int

    def due(self, step: int) -> bool:
        """Whether a frame is due after ``step`` steps."""
        return step == self.total_steps or self._due_before_the_end(step)

    def _due_before_the_end(self, step: int) -> bool:
        if self.about == 0 or step % self.eval_every == 0:
            return step % self.eval_every == 0
        between = self._frames_between_evaluations()
        gap = self.eval_every // between
        if step < gap:
            return _is_one_two_or_five(step)
        place = step % self.eval_every
        # the multiples of eval_every / between, rounded down
        return -(-place * between // self.eval_every) * self.eval_every // between == place

    @property
    def evaluations(self) -> RegularSchedule:
        """The evaluations of the training."""
        return RegularSchedule(self.total_steps, self.eval_every)

    def count(self) -> int:
        """How many frames are due over all steps."""
        if self.about == 0:
            return self.evaluations.count()
        between = self._frames_between_evaluations()
        whole, rest = divmod(self.total_steps, self.eval_every)
        evenly = whole * between + ((rest + 1) * between - 1) // self.eval_every + 1
        first = min(self.eval_every // between, self.total_steps + 1)
        early: int = sum(
            digit * 10**power < first for power in range(len(str(first))) for digit in (1, 2, 5)
        )
        return evenly + early + (not self._due_before_the_end(self.total_steps))

    def _frames_between_evaluations(self) -> int:
        wanted = round(self.about * self.eval_every / self.total_steps)
        return min(self.eval_every, max(1, wanted))


def with_schedule(config: TrainingConfig, train_images: int, test_images: int) -> TrainingConfig:
    """The same training with its watch limit and its steps between evaluations decided.

    Where evaluations are as far apart as their cost demands, about twenty checkpoints divide the
    steps between them evenly, as far as whole steps do: they are what a branch can begin from.

    Args:
        config: a training.
        train_images: of its dataset.
        test_images: of its dataset.
    """
    limit = watch_limit(config)
    if config.eval_every is not None:
        return dataclasses.replace(config, watch_limit=limit)
    every = _steps_between(config, min(limit, train_images) + test_images)
    decided = dataclasses.replace(config, watch_limit=limit, eval_every=every)
    most = min(every, max(1, _CHECKPOINTS * every // config.steps))
    parts = next(count for count in range(most, 0, -1) if every % count == 0)
    if config.checkpoint_every is not None or parts == 1:
        return decided
    return dataclasses.replace(decided, checkpoint_every=every // parts)


def frame_schedule(config: TrainingConfig) -> FrameSchedule:
    """The frames of a training that was made by :func:`with_schedule`."""
    return FrameSchedule(config.steps, _decided(config), config.frames)


def checkpoint_schedule(config: TrainingConfig) -> RegularSchedule:
    """Its checkpoints: about twenty, at evaluations, unless it says otherwise."""
    every = config.checkpoint_every
    if every is None:
        evaluations = -(-config.steps // (_CHECKPOINTS * _decided(config)))
        every = evaluations * _decided(config)
    return RegularSchedule(config.steps, every)


def _decided(config: TrainingConfig) -> int:
    assert config.eval_every is not None, "decided by with_schedule"
    return config.eval_every


def _steps_between(config: TrainingConfig, images: int) -> int:
    """Steps between evaluations that embed so many images.

    The fewest that keep all of them, the first included, under a tenth of the training's forward
    and backward passes, where an evaluated image costs a pass and a quarter, rounded up to a
    number of two digits of which the second is 0 or 5. Where no number does, there is one
    evaluation before the first step and one after the last.
    """
    # of one, in steps
    cost = images * _PASSES_AN_EVALUATED_IMAGE / (_PASSES_A_STEP * config.batch_size)
    affordable = _SHARE_FOR_EVALUATIONS * config.steps / cost
    if affordable < 2:
        return config.steps
    fewest = math.ceil(config.steps / (affordable - 1))
    unit = max(1, int(10 ** (len(str(fewest)) - 1)) // 2)
    return min(config.steps, -(-fewest // unit) * unit)


def watch_limit(config: TrainingConfig) -> int:
    """Most images of each split that are watched.

    Where the configuration does not say, from 200 to 2,000: as many as keep all frames
    together under a tenth of the training's forward and backward passes. More are never
    needed, and fewer show too little of a dataset, whatever they cost.
    """
    if config.watch_limit is not None:
        return config.watch_limit
    frames = max(1, min(config.frames, config.steps))
    passes = _PASSES_A_STEP * config.steps * config.batch_size
    affordable = int(_SHARE_FOR_FRAMES * passes / (2 * frames))
    return min(_MOST_WATCHED, max(_FEWEST_WATCHED, affordable))


def _is_one_two_or_five(step: int) -> bool:
    """Whether a step is 1, 2 or 5 times a power of ten."""
    while step % 10 == 0:
        step //= 10
    return step in (1, 2, 5)
