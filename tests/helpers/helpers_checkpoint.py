"""Checkpoints on disk, for tests of what reads them without a run around them."""

import json
from pathlib import Path

import numpy as np
import safetensors.numpy

from symmcore.records import Checkpoint


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> Path:
    """Write what the recorder writes of it, as far as networks are read from it."""
    folder = run / "checkpoints" / f"{checkpoint.step:08d}"
    folder.mkdir(parents=True)
    weights = {name: np.asarray(array) for name, array in checkpoint.arrays["network"].items()}
    safetensors.numpy.save_file(weights, folder / "network.safetensors")
    (folder / "network.json").write_text(json.dumps(checkpoint.state["network"]))
    (folder / "complete.json").write_text("{}")
    return folder
