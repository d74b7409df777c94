"""Names of the files in a run directory, and how directories of runs lie in folders."""

import re
from pathlib import Path

from symmcore.settings.checkpoint_files import CHECKPOINTS
from symmcore.training.config import TrainingConfig

FORMAT = 2
"""Version of the run directories that are written; 1 is read as well."""

CONFIG = "config.json"
CLASSES = "classes.json"
FILES = "files.json"
METRICS = "metrics.jsonl"
METRICS_CACHE = "metrics.safetensors"
"""The same as arrays, to be read sooner; it may be removed."""
STATUS = "status.json"
LOCK = ".run.lock"
SEEDS = "seeds.json"
"""In a folder that holds the trainings of several seeds."""
FRAMES = "frames"
PROJECTIONS = "projections"
THUMBNAILS = "thumbnails"
STATE = "state.json"
SAFETENSORS = ".safetensors"

LARGEST_STEP = 10**12

_FRAME = re.compile(r"(\d{8,13})\.safetensors")
_GALLERY = re.compile(r"(\d{8,13})-gallery\.safetensors")
_CHECKPOINT = re.compile(r"(\d{8,13})")
_SEED = re.compile(r"seed-(\d{1,10})", re.ASCII)
_METHOD = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def frame_path(run: Path, step: int) -> Path:
    """Where the watch set's embeddings after ``step`` steps are."""
    return run / FRAMES / f"{step:08d}{SAFETENSORS}"


def gallery_path(run: Path, step: int) -> Path:
    """Where the embeddings of all test images after ``step`` steps are."""
    return run / FRAMES / f"{step:08d}-gallery{SAFETENSORS}"


def projection_path(run: Path, method: str, step: int) -> Path:
    """Where a frame's coordinates in the plane are."""
    return run / PROJECTIONS / method / f"{step:08d}{SAFETENSORS}"


def checkpoint_path(run: Path, step: int) -> Path:
    """The folder of the checkpoint after ``step`` steps."""
    return run / CHECKPOINTS / f"{step:08d}"


def frame_step(name: str) -> int | None:
    """The step of a frame or projection by its file's name; None for any other name."""
    return _step(_FRAME, name)


def gallery_step(name: str) -> int | None:
    """The step of a gallery by its file's name; None for any other name."""
    return _step(_GALLERY, name)


def checkpoint_step(name: str) -> int | None:
    """The step of a checkpoint by its folder's name; None for any other name."""
    return _step(_CHECKPOINT, name)


def is_method(name: str) -> bool:
    """Whether ``name`` can be the name of a projection method, and so of a folder."""
    return _METHOD.fullmatch(name) is not None


def run_directories(out: Path, config: TrainingConfig) -> tuple[Path, ...]:
    """Where each run of a training goes: ``out``, or a folder in it for each of several."""
    if len(config.specs) == 1:
        return (out,)
    return tuple(out / spec.folder_name for spec in config.specs)


def seed_folder(out: Path, seed: int) -> Path:
    """Where the training of one of several seeds goes."""
    return out / f"seed-{seed}"


def seed_folders(out: Path) -> tuple[Path, ...]:
    """The folders of seeds that are in a folder, by seed.

    Raises:
        OSError: if it cannot be looked into.
    """
    names = ((_SEED.fullmatch(path.name), path) for path in out.iterdir() if path.is_dir())
    numbered = [(int(match[1]), path) for match, path in names if match is not None]
    return tuple(path for _, path in sorted(numbered))


def is_run(folder: Path) -> bool:
    """Whether a folder is a run directory, whole or not.

    Raises:
        OSError: if it cannot be looked into.
    """
    return any((folder / name).exists() for name in (CONFIG, METRICS))


def _step(pattern: re.Pattern[str], name: str) -> int | None:
    match = pattern.fullmatch(name)
    if match is None:
        return None
    step = int(match[1])
    # one step has one name
    return step if f"{step:08d}" == match[1] and step <= LARGEST_STEP else None
