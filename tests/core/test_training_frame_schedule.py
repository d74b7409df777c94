"""When frames, evaluations and checkpoints are due, and how many images are watched."""

import itertools
from typing import Any

import numpy as np
import pytest

from symmcore.training.config import TrainingConfig
from symmcore.training.frame_schedule import (
    FrameSchedule,
    checkpoint_schedule,
    frame_schedule,
    watch_limit,
    with_schedule,
)


def due(schedule: FrameSchedule) -> list[int]:
    return [step for step in range(schedule.total_steps + 1) if schedule.due(step)]


def test_frames_of_the_quick_preset() -> None:
    config = with_schedule(TrainingConfig(), 2000, 2000)
    evenly = [14, 28, 42, 57, 71, 85, 100]  # seven in a hundred
    rest = [begin + step for begin in (0, 100, 200) for step in evenly]
    assert due(frame_schedule(config)) == [0, 1, 2, 5, 10, *rest]
    assert checkpoint_schedule(config).every == 20


@pytest.mark.parametrize(
    ("steps", "every", "about"),
    [(300, 25, 60), (20_000, 500, 60), (300, 1000, 60), (1000, 30, 40), (100_000, 500, 200),
     (97, 10, 13), (7, 3, 60), (1, 1, 60), (501, 7, 1), (4000, 25, 0)],
)  # fmt: skip
def test_frames_are_at_evaluations_and_evenly_between(steps: int, every: int, about: int) -> None:
    schedule = FrameSchedule(steps, every, about)
    frames = due(schedule)
    evaluations = [step for step in range(steps + 1) if schedule.evaluations.due(step)]
    assert evaluations == sorted({*range(0, steps + 1, every), steps})
    assert (schedule.count(), schedule.evaluations.count()) == (len(frames), len(evaluations))
    assert set(evaluations) <= set(frames)
    if about == 0:
        assert frames == evaluations
        return
    # the early ones are few: three for each power of ten
    wanted = max(min(about, steps + 1), len(evaluations))
    assert 0.6 * wanted <= len(frames) <= 1.5 * wanted + 3 * len(str(steps))
    gaps = [b - a for a, b in itertools.pairwise(frames)]
    early = sum(step < max(gaps[:-1], default=1) for step in frames)
    assert all(abs(gap - gaps[early]) <= 1 for gap in gaps[early:-1])


def test_frames_are_counted_without_going_through_the_steps() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        steps, every = (int(random.integers(1, random.choice([40, 900]))) for _ in range(2))
        schedule = FrameSchedule(steps, every, int(random.choice([0, 1, 3, 10, 60, 200])))
        assert schedule.count() == len(due(schedule)), schedule
    assert FrameSchedule(10**12, 10**9, 60).count() < 10**5


def test_early_frames_are_closer_together() -> None:
    frames = due(FrameSchedule(100_000, 1000, 50))
    assert frames[:11] == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]


@pytest.mark.parametrize(
    ("steps", "every", "given", "steps_with_one"),
    [
        (300, 25, None, list(range(0, 301, 25))),
        (20_000, 500, None, list(range(0, 20_001, 1000))),
        (70, 25, None, [0, 25, 50, 70]),
        (10, 25, 4, [0, 4, 8, 10]),
    ],
)
def test_checkpoints_are_at_the_start_at_evaluations_and_at_the_end(
    steps: int, every: int, given: int | None, steps_with_one: list[int]
) -> None:
    config = TrainingConfig(steps=steps, eval_every=every, checkpoint_every=given)
    schedule = checkpoint_schedule(config)
    assert [step for step in range(steps + 1) if schedule.due(step)] == steps_with_one
    assert schedule.count() == len(steps_with_one)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        # 3 * 300 * 128 passes, a tenth of them over two splits and 20 frames
        ({}, 288),
        ({"steps": 1000}, 960),
        ({"steps": 20_000}, 2000),
        ({"steps": 20_000, "frames": 1000}, 384),
        ({"frames": 60}, 200),
        ({"steps": 20_000, "watch_limit": 7}, 7),
        ({"frames": 0}, 2000),
    ],
)
def test_as_many_images_are_watched_as_frames_may_cost(
    settings: dict[str, Any], limit: int
) -> None:
    assert watch_limit(TrainingConfig(**settings)) == limit


@pytest.mark.parametrize(
    ("steps", "test_images", "every"),
    [
        (300, 2000, 100),
        (300, 599, 35),
        (20_000, 2000, 150),
        # an evaluation costs as much as thirty steps and more
        (300, 60_502, 300),
        (10, 599, 10),
    ],
)
def test_evaluations_take_at_most_a_tenth(steps: int, test_images: int, every: int) -> None:
    config = with_schedule(TrainingConfig(steps=steps), 2000, test_images)
    assert config.eval_every == every
    if every < steps:
        embedded = frame_schedule(config).evaluations.count() * (
            test_images + min(2000, watch_limit(config))
        )
        assert 1.25 * embedded <= 0.1 * 3 * steps * config.batch_size


@pytest.mark.parametrize("test_images", [10, 599, 2000, 8000, 60_502])
def test_frames_take_at_most_a_tenth(test_images: int) -> None:
    config = with_schedule(TrainingConfig(), 10_000, test_images)
    schedule = frame_schedule(config)
    snapshots = schedule.count() - schedule.evaluations.count()
    # but for the first four or five, which are the same in every training
    assert (snapshots - 5) * 2 * watch_limit(config) <= 0.1 * 3 * config.steps * config.batch_size


@pytest.mark.parametrize(
    ("steps", "test_images", "eval_every", "checkpoint_every"),
    [(300, 2000, 100, 20), (300, 599, 35, 35), (10_000, 599, 55, 550), (7, 2000, 7, 1)],
)
def test_about_twenty_checkpoints_divide_what_is_between_rare_evaluations(
    steps: int, test_images: int, eval_every: int, checkpoint_every: int
) -> None:
    config = with_schedule(TrainingConfig(steps=steps), 1000, test_images)
    assert config.eval_every == eval_every
    schedule = checkpoint_schedule(config)
    assert (schedule.every, schedule.count() <= 21) == (checkpoint_every, True)
    assert with_schedule(TrainingConfig(checkpoint_every=9), 10, 10).checkpoint_every == 9


def test_what_is_said_is_not_decided_anew() -> None:
    config = with_schedule(TrainingConfig(eval_every=7, watch_limit=30), 2000, 2000)
    assert (config.eval_every, config.watch_limit) == (7, 30)
