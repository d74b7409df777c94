"""Adam, with weight decay where a protocol asks for it."""

import torch
from torch import nn

_NORM_LAYERS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)


def build_optimizer(network: nn.Module, weight_decay: float) -> torch.optim.Adam:
    """Adam over all weights of a network; its learning rate is set before each step.

    Weight decay is that of the authors' code: ``weight_decay`` * ||w||^2 / 2 belongs to the
    loss, so that ``weight_decay`` * w is added to the gradient before Adam's moments see it
    (not the decoupled decay of AdamW). w is every weight and bias but those of norm layers.

    Args:
        network: on the device that it is to be trained on.
        weight_decay: factor of the penalty, from 0.
    """
    groups = [
        {"params": weights, "weight_decay": decay}
        for weights, decay in zip(_split(network), (weight_decay, 0.0), strict=True)
        if weights
    ]
    on_gpu = all(weight.device.type == "cuda" for weight in network.parameters())
    # one kernel for all weights; None leaves the choice to torch, as on a CPU
    return torch.optim.Adam(groups, fused=True if on_gpu else None)


def _split(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The weights outside and those inside norm layers, each in the network's order."""
    norms = {
        id(weight)
        for module in network.modules()
        if isinstance(module, _NORM_LAYERS)
        for weight in module.parameters(recurse=False)
    }
    weights = list(network.parameters())
    return [w for w in weights if id(w) not in norms], [w for w in weights if id(w) in norms]
