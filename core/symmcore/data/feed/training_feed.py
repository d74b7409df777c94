"""The batches of a training in their order, and where in it one is."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from symmcore.data.feed.batches import BatchLoader, BatchPlan
from symmcore.data.feed.sampler import PairSampler, SamplerState
from symmcore.data.feed.transforms import Augmentation, generator_state, restore_generator
from symmcore.records import IndexArray

_Started = Callable[[], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """A batch that was drawn and not yet handed out; see ``BatchPlan``."""

    positions: tuple[int, ...]
    top: tuple[int, ...]
    left: tuple[int, ...]
    mirrored: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class FeedState:
    """Everything that decides the batches to come: ``dataclasses.asdict`` of it is JSON.

    Attributes:
        sampler: where the sampler is.
        augmentation: the state of the augmentation's generator, as text.
        planned: batches that both have drawn ahead.
    """

    sampler: SamplerState
    augmentation: str
    planned: tuple[PlannedBatch, ...]

    @classmethod
    def from_json(cls, content: Any) -> "FeedState":
        """Read what ``dataclasses.asdict`` and ``json`` have made of a state.

        Raises:
            KeyError, TypeError, ValueError: if it is none.
        """
        planned = (
            PlannedBatch(
                tuple(int(position) for position in one["positions"]),
                tuple(int(row) for row in one["top"]),
                tuple(int(column) for column in one["left"]),
                tuple(bool(flag) for flag in one["mirrored"]),
            )
            for one in content["planned"]
        )
        sampler = SamplerState.from_json(content["sampler"])
        return cls(sampler, str(content["augmentation"]), tuple(planned))


class TrainingFeed:
    """Draws batches from a sampler and has a loader make them, some ahead where that helps.

    What is drawn, and in which order, does not depend on how many are made ahead.
    """

    def __init__(self, loader: BatchLoader, sampler: PairSampler) -> None:
        self._loader = loader
        self._sampler = sampler
        self._planned: deque[BatchPlan] = deque()
        self._started: deque[_Started] = deque()
        self._newest: IndexArray | None = None

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) float32 on the loader's device and labels (B,) int64 on the CPU.

        Raises:
            InputError, ProcessLostError: if images could not be read.
        """
        while len(self._planned) <= self._loader.ahead:
            self._planned.append(self._loader.plan(self._sampler.next_batch()))
        while len(self._started) < len(self._planned):
            self._started.append(self._loader.start(self._planned[len(self._started)]))
        self._newest = self._planned.popleft().positions
        return self._started.popleft()()

    @property
    def newest(self) -> IndexArray | None:
        """(B,) int64, positions in the dataset of the batch handed out last; None before one."""
        return self._newest

    def state(self) -> FeedState:
        """Where it is: after the last batch that was handed out."""
        return FeedState(
            sampler=self._sampler.state(),
            augmentation=generator_state(self._loader.random),
            planned=tuple(
                PlannedBatch(
                    tuple(plan.positions.tolist()),
                    plan.augmentation.top,
                    plan.augmentation.left,
                    plan.augmentation.mirrored,
                )
                for plan in self._planned
            ),
        )

    def restore(self, state: FeedState) -> None:
        """Hand out from now on what came after ``state`` was taken.

        Raises:
            ValueError, RuntimeError: if it is of another dataset, or no such state.
        """
        self._sampler.restore(state.sampler)
        restore_generator(self._loader.random, state.augmentation)
        self._started.clear()
        self._planned = deque(
            BatchPlan(
                np.array(one.positions, dtype=np.int64),
                Augmentation(one.top, one.left, one.mirrored),
            )
            for one in state.planned
        )

    def release(self) -> None:
        """End threads and processes; batches made ahead are made again when asked for."""
        self._started.clear()
        self._loader.release()
