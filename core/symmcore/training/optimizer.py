"""Adam, with weight decay where a protocol asks for it, and its state as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

AnyArray = npt.NDArray[np.generic]

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


def as_array(tensor: Tensor) -> AnyArray:
    """A copy of a tensor in C order, whatever the device and the order of its memory."""
    return np.array(tensor.detach().cpu().numpy(), order="C")


def optimizer_arrays(optimizer: torch.optim.Adam, network: nn.Module) -> dict[str, AnyArray]:
    """Copies of Adam's moments and step counts, as "features.0.weight.exp_avg".

    Empty before the first step.
    """
    return {
        f"{name}.{kind}": as_array(value)
        for name, weight in network.named_parameters()
        for kind, value in optimizer.state.get(weight, {}).items()
    }


def restore_optimizer(
    optimizer: torch.optim.Adam, network: nn.Module, arrays: Mapping[str, AnyArray]
) -> None:
    """Set Adam to the moments and step counts that :func:`optimizer_arrays` gave.

    Args:
        optimizer: a new one, over the network's weights.
        network: on its device.
        arrays: all of them, or none for before the first step.

    Raises:
        ValueError: if one is missing, too many or of another shape.
    """
    left = dict(arrays)
    states: dict[nn.Parameter, dict[str, Tensor]] = {}
    for name, weight in network.named_parameters() if arrays else ():
        states[weight] = {kind: _restored(left, f"{name}.{kind}", weight) for kind in _MOMENTS}
        count = left.pop(f"{name}.step", None)
        if count is None or count.shape:
            raise ValueError(f"the optimiser's number of steps of {name} is no number")
        states[weight]["step"] = torch.from_numpy(np.array(count, dtype=np.float32))
    if left:
        raise ValueError(f"the optimiser has no {next(iter(left))}")
    state: dict[str, Any] = optimizer.state_dict()
    # the order in which torch numbers them
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state["state"] = {at: states[weight] for at, weight in enumerate(weights) if weight in states}
    optimizer.load_state_dict(state)


_MOMENTS = ("exp_avg", "exp_avg_sq")


def _restored(left: dict[str, AnyArray], name: str, weight: nn.Parameter) -> Tensor:
    array = left.pop(name, None)
    if array is None or array.shape != weight.shape:
        shape = "missing" if array is None else f"of shape {array.shape}"
        raise ValueError(f"the optimiser's {name} is {shape}")
    # in the weight's order of memory, which decides which of its kernels Adam takes
    return torch.empty_like(weight, requires_grad=False).copy_(torch.from_numpy(np.array(array)))


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
