"""One run's network, loss and optimiser, and what one batch does to them."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from symmcore.losses import build_loss
from symmcore.networks import build_network
from symmcore.training.config import RunSpec, TrainingConfig, as_input_error


class Learner:
    """One of the runs that advance in lockstep.

    It draws (dropout) from a random state of its own, so that it gets the same numbers
    alone and beside other runs. Learners of one seed start from the same weights
    wherever their shapes match.

    Raises:
        InputError: if the loss does not take the settings of the spec.
    """

    def __init__(
        self, spec: RunSpec, config: TrainingConfig, channels: int, device: torch.device
    ) -> None:
        torch.manual_seed(config.seed)
        self._network = build_network(config.network, channels, config.dim).to(device)
        try:
            self._loss = build_loss(spec.loss, spec.symm, spec.loss_settings)
        except (ValueError, TypeError) as error:
            raise as_input_error(error) from error
        self._optimizer = torch.optim.Adam(
            self._network.parameters(), lr=spec.learning_rate or config.learning_rate
        )
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
            result = self._loss.detailed(self._network(images), labels)
        loss = float(result.loss.detach())
        if torch.isfinite(result.loss.detach()):
            self._optimizer.zero_grad(set_to_none=True)
            # torch's own signature is untyped
            result.loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
        return loss, None if result.selection is None else result.selection.synthetic_ratio

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """Embed images (B, C, H, W) in evaluation mode: (B, D) float32."""
        self._network.eval()
        embeddings: Tensor = self._network(images).float()
        return embeddings

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
