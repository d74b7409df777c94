"""Has the loops of the losses compiled in a subprocess, before the first step.

numba's compiler holds Python's lock for seconds at a time, which no window survives. The subprocess
keeps what it compiled on the disk, and this process loads it from there.
"""

import threading
import time
from collections.abc import Callable, Sequence

import torch

from symmcore.errors import warn_once
from symmcore.losses import MetricLoss, build_loss
from symmcore.losses.backends.numba import availability
from symmcore.losses.log_sum import LogSumLoss
from symmcore.processes import CallError, call_in_subprocess, lower_priority
from symmcore.progress import Progress, ProgressCallback
from symmcore.training.spec import RunSpec, parse_spec

_SECONDS_BETWEEN_LOOKS = 0.1
_USUAL_SECONDS = 20

_COMPILING = threading.Lock()  # what one thread waits for, another need not compile too


def warm_up_loss(loss: MetricLoss, pairs: int, dim: int, device: torch.device) -> None:
    """Compute a loss and its gradient once, of made-up embeddings.

    Args:
        loss: the loss.
        pairs: in a batch.
        dim: size of an embedding.
        device: where they are.
    """
    embeddings = torch.arange(2.0 * pairs * dim, device=device).cos().view(2 * pairs, dim)
    labels = torch.arange(pairs).repeat_interleave(2)
    loss(embeddings.requires_grad_(), labels).backward()


def has_loops(loss: MetricLoss, device: torch.device) -> bool:
    """Whether numba compiles the loops of a loss on this device."""
    return (
        isinstance(loss, LogSumLoss)
        and loss.symm is not None
        and availability.serves(torch.empty(1, device=device))
    )


def load_loops(
    warm_up: Callable[[], None], specs: Sequence[RunSpec], on_progress: ProgressCallback
) -> None:
    """Compute once what numba compiles, compiled in a subprocess where it is not kept.

    Where that cannot be, it is compiled here, as where nothing can be kept, which is said.

    Args:
        warm_up: computes losses that :func:`has_loops` is true of.
        specs: of these losses.
        on_progress: told now and then while it takes long; when it raises, all is given up.
    """
    if _is_kept(warm_up):
        return
    began = time.monotonic()

    def poll() -> None:
        what = "Compiling the losses, only once on this machine, in seconds"
        seconds = round(time.monotonic() - began)
        usual = _USUAL_SECONDS if seconds < _USUAL_SECONDS else None
        on_progress(Progress(what, seconds, usual, roughly=True))

    while not _COMPILING.acquire(timeout=_SECONDS_BETWEEN_LOOKS):
        poll()
    try:
        if not _is_kept(warm_up):
            _compile(warm_up, specs, poll)
    finally:
        _COMPILING.release()


def compile_loops(*specs: str) -> None:
    """Compile the loops of these SPECs' losses: what the subprocess does."""
    lower_priority()
    torch.set_num_threads(1)
    for spec in map(parse_spec, specs):
        loss = build_loss(spec.loss, spec.symm, spec.loss_settings)
        warm_up_loss(loss, 4, 4, torch.device("cpu"))


def _compile(
    warm_up: Callable[[], None], specs: Sequence[RunSpec], poll: Callable[[], None]
) -> None:
    from symmcore.compiled.code_cache import can_cache  # imports numba

    if can_cache():
        try:
            call_in_subprocess(compile_loops, tuple(spec.name for spec in specs), poll)
        except CallError as error:
            warn_once(f"The losses are compiled here, which holds the window ({error}).")
    if not _is_kept(warm_up):
        warm_up()


def _is_kept(warm_up: Callable[[], None]) -> bool:
    from symmcore.compiled.code_cache import NotCachedError, cached_only  # imports numba

    try:
        with cached_only():
            warm_up()
    except NotCachedError:
        return False
    return True
