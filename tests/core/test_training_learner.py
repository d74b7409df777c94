import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers_training import tiny_config, tiny_dataset, training_batch
from torch import nn

from symmcore.data.feed.batches import BatchLoader
from symmcore.data.feed.sampler import PairSampler
from symmcore.errors import InputError
from symmcore.evaluation import diagnose
from symmcore.losses import build_loss
from symmcore.losses.base import LossResult
from symmcore.losses.log_sum import LogSumLoss
from symmcore.networks import build_network
from symmcore.settings.schedule import Schedule
from symmcore.settings.transforms import DRAWINGS
from symmcore.training import learner as learner_module
from symmcore.training.config import TrainingConfig
from symmcore.training.learner import Learner

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("tiny")


Batch = tuple[torch.Tensor, torch.Tensor]


@pytest.fixture
def batches() -> list[Batch]:
    """Three batches of images and labels."""
    dataset = tiny_dataset(0)
    loader = BatchLoader(dataset, CPU, 0, DRAWINGS)
    sampler = PairSampler(dataset.labels, dataset.train, 6, 0)
    return [training_batch(loader, sampler.next_batch()) for _ in range(3)]


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The networks that learners are given, in order."""
    made: list[nn.Module] = []

    def build(name: str, channels: int, dim: int) -> nn.Module:
        made.append(build_network(name, channels, dim))
        return made[-1]

    monkeypatch.setattr(learner_module, "build_network", build)
    return made


def learner(spec: str, **settings: Any) -> Learner:
    config = tiny_config(spec, **settings)
    return Learner(config.specs[0], config, 1, CPU)


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in network.parameters()]


@pytest.mark.parametrize("spec", ["npair", "npair+symm", "npair+symm:rank=2,alpha=1.5,lr=0.01"])
def test_a_step_is_the_losss_gradient_through_adam(
    spec: str, batches: list[Batch], networks: list[nn.Module]
) -> None:
    learning = learner(spec, seed=3)
    config = tiny_config(spec)
    run = config.specs[0]
    torch.manual_seed(3)
    network = build_network(config.network, 1, config.dim)
    loss = build_loss(run.loss, run.symm)
    adam = torch.optim.Adam(network.parameters(), lr=run.learning_rate or config.learning_rate)
    for images, labels in batches:
        adam.zero_grad()
        result = loss.detailed(network(images), labels)
        result.loss.backward()
        adam.step()
        ratio = None if result.selection is None else result.selection.synthetic_ratio
        step = learning.step(images, labels)
        assert (step.loss, step.synthetic_ratio) == (float(result.loss.detach()), ratio)
    assert all(map(torch.equal, weights(networks[0]), weights(network)))


def test_learners_of_one_seed_begin_alike_whatever_their_loss(networks: list[nn.Module]) -> None:
    for spec in ("npair", "npair+symm", "triplet"):
        learner(spec, seed=5)
        torch.rand(3)
    learner("npair", seed=6)
    first, *others, seeded_otherwise = map(weights, networks)
    assert all(all(map(torch.equal, first, other)) for other in others)
    assert not all(map(torch.equal, first, seeded_otherwise))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_is_told_and_changes_no_weight(
    bad: float, batches: list[Batch], networks: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    learning = learner("npair")
    learning.step(*batches[0])  # Adam has moments: a step with zero gradients would move too
    before = weights(networks[0])
    original = learning._loss.detailed

    def spoilt(embeddings: torch.Tensor, labels: torch.Tensor) -> LossResult:
        result = original(embeddings, labels)
        return dataclasses.replace(result, loss=result.loss * 0 + bad)

    monkeypatch.setattr(learning._loss, "detailed", spoilt)
    loss = learning.step(*batches[1]).loss
    assert str(loss) == str(bad)
    assert all(map(torch.equal, before, weights(networks[0])))


def with_dropout(name: str, channels: int, dim: int) -> nn.Module:
    return nn.Sequential(build_network(name, channels, dim), nn.Dropout(0.5))


def test_dropout_is_drawn_for_training_alone(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_module, "build_network", with_dropout)
    learning = learner("npair")
    images = batches[0][0]
    first = learning.embed(images)
    assert torch.equal(first, learning.embed(images))
    assert not first.requires_grad
    assert (first != 0).all()
    learning.step(*batches[0])
    assert (learning.embed(images) != 0).all()


def test_a_learner_draws_from_a_random_state_of_its_own(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_module, "build_network", with_dropout)
    alone = learner("npair+symm")
    expected = [alone.step(*batch) for batch in batches]

    one, other = learner("npair+symm"), learner("npair")
    steps = []
    for batch in batches:
        torch.rand(5)
        other.step(*batch)
        before = torch.get_rng_state()
        steps.append(one.step(*batch))
        assert torch.equal(before, torch.get_rng_state()), "and leaves everyone else's alone"
    assert steps == expected


def test_dropout_differs_from_step_to_step(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner_module, "build_network", with_dropout)
    frozen = learner("npair", learning_rate=1e-30)
    assert frozen.step(*batches[0]) != frozen.step(*batches[0])


def test_warming_up_takes_a_batch_of_the_trainings_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    one = learner("npair+symm", batch_size=32, dim=48)
    seen = []

    def loss(embeddings: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        seen.append((tuple(embeddings.shape), labels.tolist()))
        return embeddings.sum()

    monkeypatch.setattr(one, "_loss", loss)
    one.warm_up()
    assert seen == [((32, 48), [pair for pair in range(16) for _ in range(2)])]


def test_the_learning_rate_falls_as_the_schedule_says(
    batches: list[Batch], networks: list[nn.Module]
) -> None:
    learning = learner(
        "npair:lr=0.01",
        schedule=Schedule(halve_every=1, final_after=2, final_rate=0.5),
        weight_decay=0.25,
        network="small",
    )
    config = tiny_config("npair", network="small")
    torch.manual_seed(0)
    network = build_network(config.network, 1, config.dim)
    loss = build_loss("npair", None)
    adam = torch.optim.Adam(network.parameters(), weight_decay=0.25)  # no norm layers here
    for (images, labels), rate in zip(batches, (0.01, 0.005, 0.5), strict=True):
        for group in adam.param_groups:
            group["lr"] = rate
        adam.zero_grad()
        loss(network(images), labels).backward()
        adam.step()
        learning.step(images, labels)
    for mine, expected in zip(networks[0].parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(mine, expected)


def test_every_run_starts_from_the_same_file(networks: list[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(99)
    state = build_network("conv3", 1, tiny_config().dim).state_dict()
    torch.save(state, tmp_path / "weights")
    for spec in ("npair", "npair+symm", "triplet"):
        learner(spec, weights=str(tmp_path / "weights"))
    for network in networks:
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())


def test_bfloat16_is_the_networks_alone(batches: list[Batch]) -> None:
    full, lower = learner("npair+symm"), learner("npair+symm", bf16=True)
    one, other = full.embed(batches[0][0]), lower.embed(batches[0][0])
    assert other.dtype == torch.float32
    assert not torch.equal(one, other)
    torch.testing.assert_close(one, other, rtol=0.1, atol=0.02)
    losses = [learning.step(*batches[0]).loss for learning in (full, lower)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_a_gpu_without_bfloat16_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Old GPU")
    config = tiny_config("npair", bf16=True)
    with pytest.raises(InputError, match=r"^Old GPU does not compute in bfloat16\.$"):
        Learner(config.specs[0], config, 1, torch.device("cuda"))


def test_the_loss_is_read_before_the_backward_pass_and_nothing_after(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a GPU each reading waits for all that was asked of it before. The compiled loops run on
    # the CPU alone, where reading waits for nothing.
    monkeypatch.setattr(LogSumLoss, "compiled", False)
    learning = learner("npair+symm")
    monkeypatch.setattr(learning, "_steps_taken", 11)  # the norm of every fifth gradient is read
    order = []
    monkeypatch.setattr(learning._optimizer, "step", lambda: None)  # reads its own counters
    for name in ("__float__", "__int__", "__bool__", "item", "tolist"):
        original = getattr(torch.Tensor, name)

        def read(
            tensor: torch.Tensor, *arguments: Any, original: Callable[..., Any] = original
        ) -> Any:
            order.append("read")
            return original(tensor, *arguments)

        monkeypatch.setattr(torch.Tensor, name, read)
    backward: Callable[..., None] = torch.Tensor.backward

    def pass_back(tensor: torch.Tensor, *arguments: Any, **options: Any) -> None:
        order.append("backward")
        backward(tensor, *arguments, **options)

    monkeypatch.setattr(torch.Tensor, "backward", pass_back)
    learning.step(*batches[0])
    assert order[-1] == "backward"
    assert "read" in order


@pytest.mark.parametrize(
    ("spec", "clip"), [("npair+symm", None), ("triplet", 1e-3), ("lifted+symm", 1e6)]
)
def test_a_step_tells_what_its_batch_says_of_a_collapse(
    spec: str, clip: float | None, batches: list[Batch], networks: list[nn.Module]
) -> None:
    learning = learner(spec, grad_clip=clip, schedule=Schedule(halve_every=1), learning_rate=0.01)
    images, labels = batches[0]
    with torch.no_grad():
        embeddings = networks[0](images)
    gradients: list[torch.Tensor] = []

    def look(gradient: torch.Tensor) -> None:
        gradients.append(gradient.clone())

    for weight in networks[0].parameters():
        weight.register_hook(look)
    health = learning.step(images, labels).health
    expected = diagnose(embeddings, labels)
    assert health.mean_norm == pytest.approx(expected.mean_norm, rel=1e-6)
    assert health.within_cosine == pytest.approx(expected.within_cosine, rel=1e-6)
    assert health.between_cosine == pytest.approx(expected.between_cosine, rel=1e-6)
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    assert health.gradient_norm == pytest.approx(float(norm), rel=1e-5)
    run = tiny_config(spec).specs[0]
    loss = build_loss(run.loss, run.symm)
    assert health.trivial_loss == loss.trivial_loss(labels)
    hinges = loss.detailed(embeddings, labels).hinges
    assert health.zero_terms == (None if hinges is None else hinges.zero_share)
    assert health.learning_rate == 0.01
    assert learning.step(images, labels).health.learning_rate == 0.005


def test_the_gradient_of_every_fifth_step_is_measured(batches: list[Batch]) -> None:
    learning = learner("npair")
    norms = [learning.step(*batches[0]).health.gradient_norm for _ in range(12)]
    assert [step for step, norm in enumerate(norms) if norm is not None] == [0, 5, 10]


@pytest.mark.parametrize("largest", [1e-3, 1e6])
def test_a_gradient_that_is_too_long_is_scaled_down_and_no_other(largest: float) -> None:
    plain, clipped = (_one_step(tiny_config(grad_clip=clip)) for clip in (None, largest))
    norm = torch.cat([grad.flatten() for grad in plain]).norm()
    factor = min(1.0, largest / float(norm))
    for one, other in zip(plain, clipped, strict=True):
        torch.testing.assert_close(other, one * factor, rtol=1e-4, atol=1e-9)


def _one_step(config: TrainingConfig) -> list[torch.Tensor]:
    """The gradients that the optimiser sees in the first step."""
    learning = Learner(config.specs[0], config, 1, CPU)
    images = torch.linspace(-1, 1, 8 * 64).view(8, 1, 8, 8)
    learning.step(images, torch.arange(4).repeat_interleave(2))
    return [weight.grad for weight in learning._network.parameters() if weight.grad is not None]
