"""How much memory one forward and backward takes beyond its batch, in a process of its own.

Started as ``python -m symmviz.benchmarks.loss_memory VARIANT GROUPS DIM THREADS``; prints MiB.
"""

import signal
import subprocess
import sys
from pathlib import Path

import torch

from symmcore.losses import NPairLoss, Symm
from symmcore.training.out_of_memory import is_out_of_memory
from symmviz.benchmarks import loss_references as references
from symmviz.benchmarks.loss_references import Batch, Objective

VARIANTS = ("plain", "baseline", "symm", "sixteen")
_STATUS = Path("/proc/self/status")
_PATIENCE = 300.0


def can_measure() -> bool:
    """Whether this system tells a process its own peak; only Linux does so exactly."""
    return _STATUS.exists()


def peak_in_child(variant: str, groups: int, dim: int, threads: int) -> float:
    """Peak extra memory in MiB of one of ``VARIANTS``, measured in a fresh process.

    Raises:
        MemoryError: if the process has too little.
        subprocess.SubprocessError: if it fails otherwise or takes too long.
    """
    numbers = [str(number) for number in (groups, dim, threads)]
    # The program is this module, its arguments are ours.
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-P", "-m", "symmviz.benchmarks.loss_memory", variant, *numbers],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if finished.returncode:
        # Linux kills a process for whose memory it finds no room.
        killed = finished.returncode == -signal.SIGKILL
        if killed or is_out_of_memory(RuntimeError(finished.stderr)):
            raise MemoryError
    finished.check_returncode()
    return float(finished.stdout)


def extra_peak(variant: str, groups: int, dim: int) -> float:
    """Peak extra memory in MiB, of this process, which must not have done it before."""
    # Threads, workspaces and caches that every first call makes are not the batch's.
    small = references.make_batch(16, dim)
    small.run(_objective(variant, small))
    batch = references.make_batch(groups, dim)
    objective = _objective(variant, batch)
    before = _status("VmRSS")
    batch.run(objective)
    return (_status("VmHWM") - before) / 1024


def _objective(variant: str, batch: Batch) -> Objective:
    if variant == "plain":
        return references.plain
    if variant == "sixteen":
        return references.sixteen_matrices
    return references.of_loss(NPairLoss(symm=Symm() if variant == "symm" else None), batch)


def _status(field: str) -> int:
    """A field of this process's status, in KiB."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[4]))
    sys.stdout.write(f"{extra_peak(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))}\n")
