"""The most memory that a training has held."""

import sys
from contextlib import suppress
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # of proc(5): sets VmHWM to what is held now
_KIBIBYTE = 1024


def restart_peak_memory(device: torch.device) -> None:
    """Count anew, where the system allows it: elsewhere the peak is that of the process."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):
            _CLEAR.write_text(_RESET_PEAK)


def peak_memory(device: torch.device) -> int | None:
    """Most bytes held since the count began; None where the system does not say.

    On a GPU what torch allocated there; else what this process held in memory.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    with suppress(OSError, ValueError, IndexError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIBIBYTE
    if sys.platform == "win32":
        return None
    import resource  # which Windows does not have

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * _KIBIBYTE
