"""Marking of backward passes whose gradient cannot be differentiated again."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd.function import once_differentiable as _once_differentiable


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward pass as differentiable once, and refuse ``create_graph=True``.

    torch's own mark does not refuse it where the incoming gradient is a constant, as that of a
    loss is: what depends on the gradient would silently count as a constant too.
    """
    marked = _once_differentiable(backward)

    @functools.wraps(backward)
    def checked(ctx: Any, *grads: Any) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "the gradient of this loss cannot be differentiated again: "
                "create_graph=True is not possible"
            )
        return marked(ctx, *grads)

    return checked
