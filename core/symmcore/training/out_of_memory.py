"""Tells that memory ran out from other failures, and what then helps."""

import torch

from symmcore.training.config import TrainingConfig

# A batch has two groups of two images at least.
_SMALLEST_BATCH = 4
# How the allocators of a CPU, a GPU's libraries and Apple's GPUs say it: torch has an
# exception of its own for CUDA's allocator alone.
_SIGNS = ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")


def is_out_of_memory(error: Exception) -> bool:
    """Whether a failure means that the CPU or the GPU had no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _SIGNS)


def out_of_memory_message(config: TrainingConfig) -> str:
    """A sentence that names the batch size and one that takes half the memory."""
    runs = "" if len(config.specs) == 1 else f" and {len(config.specs)} runs at once"
    half = config.batch_size // 4 * 2  # images come in pairs
    advice = f"a batch size of {half}" if half >= _SMALLEST_BATCH else "a smaller network"
    return f"Memory ran out with a batch size of {config.batch_size}{runs}: try {advice}."
