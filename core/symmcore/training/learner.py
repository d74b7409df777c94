"""One run's network, loss and optimiser, and what one batch does to them."""

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from symmcore.errors import InputError
from symmcore.losses import build_loss
from symmcore.losses.base import Selection
from symmcore.networks import build_network, fill_network, load_weights
from symmcore.records import BatchHealth, IndexArray, PickedPairs
from symmcore.training.batch_health import STEPS_BETWEEN_NORMS, batch_health, gradient_norm
from symmcore.training.compiled_losses import has_loops, warm_up_loss
from symmcore.training.config import TrainingConfig
from symmcore.training.optimizer import (
    AnyArray,
    as_array,
    build_optimizer,
    optimizer_arrays,
    restore_optimizer,
)
from symmcore.training.picked_pairs import hardest_pairs
from symmcore.training.spec import RunSpec


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step gave.

    Attributes:
        loss: of the batch, before the step.
        synthetic_ratio: the share of synthetic points among the picked ones; None without Symm.
        health: what the batch tells of a collapse.
    """

    loss: float
    synthetic_ratio: float | None
    health: BatchHealth


class Learner:
    """One of the runs that advance in lockstep.

    It draws (dropout) from a random state of its own, so that it gets the same numbers
    alone and beside other runs. Learners of one seed start from the same weights
    wherever their shapes match.

    Attributes:
        weights_note: a sentence on what was taken from a file of weights; "" without one.

    Raises:
        InputError: if the weights asked for cannot be had, or the device does not compute in
            bfloat16.
    """

    def __init__(
        self, spec: RunSpec, config: TrainingConfig, channels: int, device: torch.device
    ) -> None:
        if config.bf16 and device.type == "cuda" and not torch.cuda.is_bf16_supported():
            raise InputError(f"{torch.cuda.get_device_name(device)} does not compute in bfloat16.")
        torch.manual_seed(config.seed)
        network = build_network(config.network, channels, config.dim_of(spec))
        self.weights_note = load_weights(network, config.weights)
        # Convolutions are faster in this order of memory on GPUs, and by a fifth on CPUs.
        self._memory_format = (
            torch.contiguous_format if device.type == "mps" else torch.channels_last
        )
        self._network = network.to(device).to(memory_format=self._memory_format)
        self._bf16 = config.bf16
        self._batch_shape = config.batch_size // 2, config.dim_of(spec)
        self._loss = build_loss(spec.loss, spec.symm, spec.loss_settings)
        self._learning_rate = config.learning_rate_of(spec)
        self._schedule = config.schedule
        self._grad_clip = config.grad_clip
        self._weight_decay = config.weight_decay
        self._steps_taken = 0  # less than the training's where a loss was not finite
        self._device = device
        self._random_states = _random_states(device)
        self._picked: tuple[Selection, Tensor] | None = None

    @cached_property
    def _optimizer(self) -> torch.optim.Adam:
        # not before the first step: torch imports its compiler for it, which takes a second
        return build_optimizer(self._network, self._weight_decay)

    @property
    def dim(self) -> int:
        """The size of an embedding."""
        return self._batch_shape[1]

    @property
    def parameters(self) -> int:
        """How many numbers of the network are trained."""
        return sum(one.numel() for one in self._network.parameters() if one.requires_grad)

    def step(self, images: Tensor, labels: Tensor) -> StepResult:
        """Take one optimiser step.

        Where the loss is not finite the weights are left as they were.

        Args:
            images: (B, C, H, W) float32.
            labels: (B,) int64.
        """
        self._network.train()
        with self._own_random_state():
            embeddings = self._forward(images)
            result = self._loss.detailed(embeddings, labels)
        # The one place where a GPU is waited for, and while it is still ahead of the
        # backward pass: that and the optimiser step run on while the next batch is prepared.
        loss = float(result.loss.detach())
        rate = self._schedule.rate(self._learning_rate, self._steps_taken)
        health = batch_health(self._loss, result, embeddings, labels, rate)
        if result.selection is not None:
            self._picked = result.selection, embeddings.detach()
        ratio = None if result.selection is None else result.selection.synthetic_ratio
        norm = self._update(result.loss, rate) if math.isfinite(loss) else None
        if norm is not None:
            health = dataclasses.replace(health, gradient_norm=norm)
        return StepResult(loss, ratio, health)

    def picked_pairs(self, samples: IndexArray | None) -> PickedPairs | None:
        """The hardest negative pairs of the newest step's batch.

        Args:
            samples: (B,) int64, positions in the dataset of its images; None for no step so far.

        Returns:
            None without Symm, and before the first step.
        """
        symm = self._loss.symm
        if self._picked is None or samples is None or symm is None:
            return None
        return hardest_pairs(*self._picked, samples, symm)

    def warm_up(self) -> None:
        """Compute the loss once, so that no step waits for loops that are still to be compiled.

        Draws no random numbers and changes no weights. The embeddings have the shape of a batch:
        what is compiled for a GPU depends on which sizes are multiples of 16.
        """
        warm_up_loss(self._loss, *self._batch_shape, self._device)

    @property
    def has_loops(self) -> bool:
        """Whether numba compiles loops of the loss."""
        return has_loops(self._loss, self._device)

    def arrays(self) -> dict[str, dict[str, AnyArray]]:
        """Copies of all that the steps to come depend on: weights, optimiser, random states."""
        return {
            "network": {
                name: as_array(value) for name, value in self._network.state_dict().items()
            },
            "optimizer": optimizer_arrays(self._optimizer, self._network),
            "random": {
                kind: as_array(state)
                for kind, state in zip(_RANDOM, self._random_states, strict=False)
            },
        }

    @property
    def steps_taken(self) -> int:
        """Optimiser steps finished, which decide the learning rate of the next."""
        return self._steps_taken

    def restore(self, arrays: Mapping[str, Mapping[str, AnyArray]], steps_taken: int) -> None:
        """Go on from what :meth:`arrays` and :attr:`steps_taken` gave.

        Where the device has a random state that the arrays lack, its own stays.

        Raises:
            InputError: saying which arrays do not fit the network.
            KeyError, ValueError, TypeError, RuntimeError: if they are no such arrays.
        """
        fill_network(self._network, arrays["network"])
        restore_optimizer(self._optimizer, self._network, arrays["optimizer"])
        self._steps_taken = steps_taken
        self._random_states = tuple(
            torch.from_numpy(np.array(arrays["random"][kind])) if kind in arrays["random"] else own
            for kind, own in zip(_RANDOM, self._random_states, strict=False)
        )
        with self._own_random_state():
            pass  # a state that torch refuses is to be known now

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """Embed images (B, C, H, W) in evaluation mode: (B, D) float32."""
        self._network.eval()
        return self._forward(images)

    def embeds_as(self, other: "Learner") -> bool:
        """Whether another one is known to embed as this: itself, or with the same fresh weights."""
        if self is other:
            return True
        if self._steps_taken or other._steps_taken:
            return False
        own, others = self._network.state_dict(), other._network.state_dict()
        return own.keys() == others.keys() and all(
            torch.equal(value, others[name]) for name, value in own.items()
        )

    def _forward(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=self._memory_format)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            embeddings: Tensor = self._network(images)
        return embeddings.float()

    def _update(self, loss: Tensor, rate: float) -> float | None:
        """Take the step; returns the norm of the gradient where that is due."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        # torch's own signature is untyped
        loss.backward()
        due = self._steps_taken % STEPS_BETWEEN_NORMS == 0
        norm = None
        if self._grad_clip is not None:
            norm = torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._grad_clip)
        elif due:
            # of the optimiser's lists: a walk through the network takes as long as the norm
            weights = (group["params"] for group in self._optimizer.param_groups)
            norm = gradient_norm(itertools.chain.from_iterable(weights))
        self._optimizer.step()
        self._steps_taken += 1
        return float(norm) if due and norm is not None else None

    @contextlib.contextmanager
    def _own_random_state(self) -> Iterator[None]:
        others = _random_states(self._device)
        _restore_random_states(self._random_states, self._device)
        try:
            yield
        finally:
            self._random_states = _random_states(self._device)
            _restore_random_states(others, self._device)


_RANDOM = ("cpu", "cuda")


def _random_states(device: torch.device) -> tuple[Tensor, ...]:
    if device.type == "cuda":
        return torch.get_rng_state(), torch.cuda.get_rng_state(device)
    return (torch.get_rng_state(),)


def _restore_random_states(states: tuple[Tensor, ...], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
