import pytest
import torch
from torch import nn

from symmcore.networks import build_network
from symmcore.training.optimizer import build_optimizer


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(5, 4, bias=False), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)
    ).double()


@pytest.mark.parametrize("decay", [0.0, 5e-3, 0.5])
def test_adam_with_the_penalty_in_the_loss(decay: float) -> None:
    """Against Adam written out, on a loss that has decay * ||w||^2 / 2 as a term of its own."""
    trained, written_out = network(), network()
    optimizer = build_optimizer(trained, decay)
    rates = [0.1, 0.05, 0.025]
    norm = {"1.weight", "1.bias"}
    moments = {
        name: (torch.zeros_like(w), torch.zeros_like(w))
        for name, w in written_out.named_parameters()
    }
    for step, rate in enumerate(rates, 1):
        random = torch.Generator().manual_seed(step)
        inputs = torch.randn(6, 5, dtype=torch.float64, generator=random)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        trained(inputs).square().sum().backward()
        optimizer.step()

        weights = dict(written_out.named_parameters())
        decayed = [w.square().sum() for n, w in weights.items() if n not in norm]
        penalty = decay * torch.stack(decayed).sum() / 2
        loss = written_out(inputs).square().sum() + penalty
        gradients = torch.autograd.grad(loss, list(weights.values()))
        with torch.no_grad():
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
                first, second = moments[name]
                first.mul_(0.9).add_(0.1 * gradient)
                second.mul_(0.999).add_(0.001 * gradient**2)
                corrected = (first / (1 - 0.9**step), second / (1 - 0.999**step))
                weight.sub_(rate * corrected[0] / (corrected[1].sqrt() + 1e-8))
    for mine, expected in zip(trained.parameters(), written_out.parameters(), strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-10, atol=1e-12)


def test_every_weight_is_trained_and_only_norm_layers_do_not_decay() -> None:
    made = build_network("resnet18", 3, 8)
    optimizer = build_optimizer(made, 5e-3)
    decayed, free = (group["params"] for group in optimizer.param_groups)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [5e-3, 0.0]
    names = {id(weight): name for name, weight in made.named_parameters()}
    assert {names[id(w)] for w in (*decayed, *free)} == set(names.values())
    assert all(".bn" in names[id(w)] or "downsample.1" in names[id(w)] for w in free)
    assert not any(".bn" in names[id(w)] or "downsample.1" in names[id(w)] for w in decayed)
    assert {"embedding.weight", "embedding.bias"} <= {names[id(w)] for w in decayed}
