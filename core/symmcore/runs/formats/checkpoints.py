"""Checkpoints: folders of safetensors and JSON, whole by a file that is written last."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from symmcore.errors import RunError
from symmcore.records import Checkpoint
from symmcore.runs.formats import files
from symmcore.runs.formats.config_file import json_bytes
from symmcore.runs.formats.layout import SAFETENSORS, STATE, checkpoint_path
from symmcore.runs.formats.safetensors_file import safetensors_chunks
from symmcore.runs.formats.untrusted_files import (
    MOST_JSON_BYTES,
    Arrays,
    arrays_in,
    check_inside,
    json_object,
    read_bytes,
    read_json,
)
from symmcore.settings.checkpoint_files import COMPLETE, NETWORK_SETTINGS

_MOST_BYTES = 16 * 2**30
_MOST_FILES = 64
_MOST_MARKER_BYTES = 65_536


def write_checkpoint(run: Path, checkpoint: Checkpoint, metrics_bytes: int) -> None:
    """Write a checkpoint; it appears under its name only when it is whole.

    Args:
        run: the run directory.
        checkpoint: what to keep.
        metrics_bytes: size of metrics.jsonl: a run that goes on from here keeps so much of it.

    Raises:
        OSError: if it cannot be written; one of this step that was there then stays.
    """
    with files.folder_in_place(checkpoint_path(run, checkpoint.step)) as part:
        written = {}
        for name, arrays in checkpoint.arrays.items():
            path = part / (name + SAFETENSORS)
            written[path.name] = _write(path, safetensors_chunks(arrays))
        network = checkpoint.state.get("network")
        if network is not None:  # beside its weights, which load without the rest
            written[NETWORK_SETTINGS] = _write(part / NETWORK_SETTINGS, (json_bytes(network),))
        written[STATE] = _write(part / STATE, (json_bytes(dict(checkpoint.state)),))
        complete = {"step": checkpoint.step, "metrics_bytes": metrics_bytes, "files": written}
        files.fsync_folder(part)
        files.write_new(part / COMPLETE, (json_bytes(complete),))


def _write(path: Path, chunks: Iterable[bytes | memoryview]) -> dict[str, object]:
    digest, size = hashlib.sha256(), 0

    def noted() -> Iterator[bytes | memoryview]:
        nonlocal size
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk

    files.write_new(path, noted())
    return {"bytes": size, "sha256": digest.hexdigest()}


def checkpoint_bytes(run: Path, step: int) -> int:
    """How much a checkpoint takes on the disk; 0 where it cannot be said."""
    try:
        return sum(path.stat().st_size for path in checkpoint_path(run, step).iterdir())
    except OSError:
        return 0


def metrics_bytes_at(run: Path, step: int) -> int | None:
    """Size of metrics.jsonl when the checkpoint was made; None where it does not say."""
    try:
        size = _complete(run, step).get("metrics_bytes")
    except (RunError, FileNotFoundError):
        return None
    return size if type(size) is int and size >= 0 else None


def is_complete(run: Path, step: int) -> bool:
    """Whether all files of a checkpoint are there in their size.

    Raises:
        RunError: if it holds what no checkpoint does: a link that leads out, other files' names.
    """
    folder = checkpoint_path(run, step)
    try:
        complete = _complete(run, step)
        for name, entry in complete["files"].items():
            check_inside(run, folder / name)
            if (folder / name).stat().st_size != entry["bytes"]:
                return False
    except OSError:
        return False
    return True


def read_checkpoint(run: Path, step: int) -> Checkpoint:
    """A checkpoint of a run, every byte of it checked.

    Raises:
        RunError: if it is not whole, or damaged.
    """
    folder = checkpoint_path(run, step)
    arrays: dict[str, Arrays] = {}
    state: dict[str, Any] | None = None
    try:
        for name, entry in _complete(run, step)["files"].items():
            most = entry["bytes"]
            if not name.endswith(SAFETENSORS):
                most = min(most, MOST_JSON_BYTES)
            content = read_bytes(run, folder / name, most)
            if hashlib.sha256(content).hexdigest() != entry["sha256"]:
                raise RunError(f"{folder / name} is damaged: choose another checkpoint.")
            if name == NETWORK_SETTINGS:
                continue  # the state has it too
            if name == STATE:
                state = json_object(folder / name, content)
            else:
                arrays[name.removesuffix(SAFETENSORS)] = arrays_in(folder / name, content)
    except FileNotFoundError as error:
        missing = error.filename or folder / COMPLETE
        raise RunError(f"{folder} is no whole checkpoint: {missing} is not there.") from error
    if state is None:
        raise RunError(f"{folder} is no whole checkpoint: {STATE} is not in it.")
    return Checkpoint(step, arrays, state)


def _complete(run: Path, step: int) -> dict[str, Any]:
    """What complete.json says, checked.

    Raises:
        RunError: if it is damaged or of another checkpoint.
        FileNotFoundError: if there is none.
    """
    path = checkpoint_path(run, step) / COMPLETE
    complete = read_json(run, path, _MOST_MARKER_BYTES)
    named = complete.get("files")
    if complete.get("step") != step or not isinstance(named, dict) or len(named) > _MOST_FILES:
        raise RunError(f"{path} is damaged: it is not of this checkpoint.")
    for name, entry in named.items():
        if not (_is_file_name(name) and isinstance(entry, dict) and _is_size(entry)):
            raise RunError(f"{path} is damaged: it does not name the files of a checkpoint.")
    return complete


def _is_file_name(name: str) -> bool:
    stem = name.removesuffix(SAFETENSORS)
    return name in (STATE, NETWORK_SETTINGS) or (stem != name and stem.replace("_", "").isalnum())


def _is_size(entry: dict[str, Any]) -> bool:
    size, digest = entry.get("bytes"), entry.get("sha256")
    return type(size) is int and 0 <= size <= _MOST_BYTES and type(digest) is str
