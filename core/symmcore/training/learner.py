"""One run's network, loss and optimiser, and what one batch does to them."""

import contextlib
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from symmcore.errors import InputError
from symmcore.losses import build_loss
from symmcore.networks import build_network, load_weights
from symmcore.training.config import TrainingConfig
from symmcore.training.optimizer import build_optimizer
from symmcore.training.spec import RunSpec, as_input_error


class Learner:
    """One of the runs that advance in lockstep.

    It draws (dropout) from a random state of its own, so that it gets the same numbers
    alone and beside other runs. Learners of one seed start from the same weights
    wherever their shapes match.

    Raises:
        InputError: if the loss does not take the settings of the spec, the weights asked for
            cannot be had, or the device does not compute in bfloat16.
    """

    def __init__(
        self, spec: RunSpec, config: TrainingConfig, channels: int, device: torch.device
    ) -> None:
        if config.bf16 and device.type == "cuda" and not torch.cuda.is_bf16_supported():
            raise InputError(f"{torch.cuda.get_device_name(device)} does not compute in bfloat16.")
        torch.manual_seed(config.seed)
        network = build_network(config.network, channels, config.dim)
        load_weights(network, config.weights)
        # Convolutions are faster in this order of memory on GPUs, and by a fifth on CPUs.
        self._memory_format = (
            torch.contiguous_format if device.type == "mps" else torch.channels_last
        )
        self._network = network.to(device).to(memory_format=self._memory_format)
        self._bf16 = config.bf16
        try:
            self._loss = build_loss(spec.loss, spec.symm, spec.loss_settings)
        except (ValueError, TypeError) as error:
            raise as_input_error(error) from error
        self._learning_rate = spec.learning_rate or config.learning_rate
        self._schedule = config.schedule
        self._grad_clip = config.grad_clip
        self._optimizer = build_optimizer(self._network, config.weight_decay)
        self._steps_taken = 0
        self._device = device
        self._random_states = _random_states(device)

    def step(self, images: Tensor, labels: Tensor) -> tuple[float, float | None]:
        """Take one optimiser step.

        Where the loss is not finite the weights are left as they were.

        Args:
            images: (B, C, H, W) float32.
            labels: (B,) int64.

        Returns:
            The loss before the step, and the share of synthetic points among the picked
            ones (None without Symm).
        """
        self._network.train()
        with self._own_random_state():
            result = self._loss.detailed(self._forward(images), labels)
        # The one place where a GPU is waited for, and while it is still ahead of the
        # backward pass: that and the optimiser step run on while the next batch is prepared.
        loss = float(result.loss.detach())
        ratio = None if result.selection is None else result.selection.synthetic_ratio
        if math.isfinite(loss):
            self._update(result.loss)
        return loss, ratio

    def warm_up(self) -> None:
        """Compute the loss once, so that no step waits for loops that are still to be compiled.

        Draws no random numbers and changes no weights.
        """
        embeddings = torch.arange(32.0, device=self._device).cos().view(8, 4).requires_grad_()
        self._loss(embeddings, torch.arange(4).repeat_interleave(2)).backward()

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """Embed images (B, C, H, W) in evaluation mode: (B, D) float32."""
        self._network.eval()
        return self._forward(images)

    def _forward(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=self._memory_format)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            embeddings: Tensor = self._network(images)
        return embeddings.float()

    def _update(self, loss: Tensor) -> None:
        rate = self._schedule.rate(self._learning_rate, self._steps_taken)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        # torch's own signature is untyped
        loss.backward()  # type: ignore[no-untyped-call]
        if self._grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._grad_clip)
        self._optimizer.step()
        self._steps_taken += 1

    @contextlib.contextmanager
    def _own_random_state(self) -> Iterator[None]:
        others = _random_states(self._device)
        _restore_random_states(self._random_states, self._device)
        try:
            yield
        finally:
            self._random_states = _random_states(self._device)
            _restore_random_states(others, self._device)


def _random_states(device: torch.device) -> tuple[Tensor, ...]:
    if device.type == "cuda":
        return torch.get_rng_state(), torch.cuda.get_rng_state(device)
    return (torch.get_rng_state(),)


def _restore_random_states(states: tuple[Tensor, ...], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
