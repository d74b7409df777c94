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
)


def due(schedule: FrameSchedule) -> list[int]:
    return [step for step in range(schedule.total_steps + 1) if schedule.due(step)]


def test_frames_of_the_quick_preset() -> None:
    assert due(frame_schedule(TrainingConfig())) == [0, 1, 2, *range(5, 301, 5)]


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
        ({}, 400),
        # 3 * 1000 * 128 passes, a quarter of them over two splits and 60 frames
        ({"steps": 1000}, 800),
        ({"steps": 20_000}, 2000),
        ({"steps": 20_000, "frames": 1000}, 960),
        ({"steps": 20_000, "watch_limit": 7}, 7),
        ({"frames": 0}, 2000),
    ],
)
def test_as_many_images_are_watched_as_frames_may_cost(
    settings: dict[str, Any], limit: int
) -> None:
    assert watch_limit(TrainingConfig(**settings)) == limit
