"""Starts a network from weights trained elsewhere: ImageNet's, or those in a file.

A file is only ever read as tensors: nothing in it can run code.
"""

import hashlib
import importlib
import pickle
import re
import warnings
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.torch
import torch
from filelock import FileLock
from torch import Tensor, nn

from symmcore.errors import InputError
from symmcore.locks import held
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.processes import CallError, bytes_in, call_in_subprocess, emptied, one_line
from symmcore.progress import Progress, ProgressCallback, ignore_progress
from symmcore.settings.networks import (
    FROM_SCRATCH,
    IMAGENET,
    NetworkInfo,
    check_weights_choice,
)

StateDict = Mapping[str, Tensor]

# ResNet-50, the largest network, is 98 MB; what is far larger is no weights of it.
_LARGEST_BYTES = 2 * 2**30
_NAMES_SHOWN = 2
# Of others, such as floats of 4 or 8 bits, torch can compute little and copy not all.
_DTYPES = frozenset({
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
    torch.int8, torch.int16, torch.int32, torch.int64,
    torch.uint8, torch.uint16, torch.uint32, torch.uint64,
})  # fmt: skip
_FEATURES = "features."
_EMBEDDING = "embedding."
# torchvision's classifiers, of which an embedding network has none
_CLASSIFIERS = ("fc.", "aux1.", "aux2.")
_SAFETENSORS_HEADER_AT = 8
# The ImageNet weights that metric learning compares with; later ones of the ResNets had
# another training.
_IMAGENET_VERSION = "IMAGENET1K_V1"
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.pth$")


def load_weights(network: EmbeddingNetwork, weights: str) -> None:
    """Give a fresh network the weights that were asked for.

    Weights of torchvision's networks leave the fully connected layer as it is: their
    classifiers are ignored. Weights of this program's own networks fill that layer too.

    Args:
        network: as ``build_network`` made it; its weights are changed in place.
        weights: "none" changes nothing; "imagenet" takes torchvision's, downloaded (with
            progress on stderr) unless they were before, see ``fetch_weights``; else the path of
            a safetensors file or of a state dict that ``torch.save`` wrote.

    Raises:
        InputError: if there are none, they cannot be read, or do not fit the network.
    """
    if weights == FROM_SCRATCH:
        return
    check_weights_choice(network.info, weights)
    state = _fetched(network.info) if weights == IMAGENET else _read(Path(weights))
    _fill(network, state, f"{weights} does not fit the network {network.info.name}")


def check_weights_file(weights: str) -> None:
    """See that a file of weights is there, before much else is done.

    Args:
        weights: as for ``load_weights``; what names no file passes.

    Raises:
        InputError: if it is no file, or so large that it cannot be what is wanted.
    """
    if weights in (FROM_SCRATCH, IMAGENET):
        return
    path = Path(weights)
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise InputError(
            f"{weights} cannot be read as weights: {error.strerror or error}."
        ) from error
    if size is None:
        what = "is a folder" if path.is_dir() else "is not there"
        raise InputError(
            f"{weights} {what}: weights are {FROM_SCRATCH}, {IMAGENET} or a file of tensors."
        )
    if size > _LARGEST_BYTES:
        raise InputError(
            f"{weights} is {size / 2**30:.1f} GB: weights of these networks are at most "
            f"{_LARGEST_BYTES / 2**30:.0f} GB."
        )


def fetch_weights(info: NetworkInfo, on_progress: ProgressCallback = ignore_progress) -> None:
    """Download a network's ImageNet weights, unless that was done before.

    Args:
        info: which network.
        on_progress: told how far the download is.

    Raises:
        InputError: if there are none for it, or they cannot be had.
    """
    check_weights_choice(info, IMAGENET)
    weights = _imagenet(info)
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    goal = folder / _file_name(weights.url)
    if goal.is_file() and _is_whole(goal):
        return
    size = int(weights.meta["_file_size"] * 2**20)
    what = f"Fetching the ImageNet weights of {info.title}"
    part = folder / f"{goal.name}.part"

    def look() -> None:
        on_progress(Progress(what, min(bytes_in(part), size), size, in_bytes=True))

    try:
        with ExitStack() as stack:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(FileLock(folder / f"{goal.name}.lock"), look))
            if goal.is_file() and _is_whole(goal):  # another process was first
                return
            stack.enter_context(emptied(part))
            call_in_subprocess(_download, (weights.url, str(part / goal.name)), look)
            (part / goal.name).replace(goal)
    except (OSError, CallError) as error:
        raise _unavailable(info, weights.url, one_line(error)) from error


def _download(url: str, goal: str) -> None:
    """What the other process does."""
    torch.hub.download_url_to_file(url, goal, hash_prefix=_hash_in(url), progress=False)


def _is_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest().startswith(_hash_in(file.name))


def _hash_in(name: str) -> str:
    """How the file's SHA-256 begins."""
    found = _HASH_IN_NAME.search(name)
    assert found is not None, "torchvision's names say it"
    return found[1]


def _imagenet(info: NetworkInfo) -> Any:
    models = importlib.import_module("torchvision.models")
    return models.get_model_weights(info.name)[_IMAGENET_VERSION]


def _file_name(url: str) -> str:
    return url.rpartition("/")[2]


def _unavailable(info: NetworkInfo, url: str, reason: str) -> InputError:
    return InputError(
        f"The ImageNet weights of {info.title} cannot be had from {url} ({reason}): try again, or "
        "give a file with --weights."
    )


def _fetched(info: NetworkInfo) -> StateDict:
    url = _imagenet(info).url
    try:
        state: StateDict = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", progress=True, check_hash=True, weights_only=True
        )
    # no network, a server's refusal, another hash, a damaged file in the cache: each its own
    except Exception as error:
        raise _unavailable(info, url, _first_line(error)) from error
    return state


def _read(path: Path) -> StateDict:
    check_weights_file(str(path))
    try:
        state = _tensors_in(path)
    except pickle.UnpicklingError as error:  # torch's own word on it advises to run the code
        raise InputError(
            f"{path} is damaged, or holds more than tensors, which is not read since it may run "
            "code: a safetensors file or a state dict saved by torch is needed."
        ) from error
    # torch has as many errors for a damaged or foreign file as there are ways to damage one
    except Exception as error:
        raise InputError(
            f"{path} cannot be read as weights ({_first_line(error)}): a safetensors file or a "
            "state dict saved by torch is needed."
        ) from error
    if not isinstance(state, Mapping) or not state:
        raise InputError(f"{path} holds no weights: a state dict, names to tensors, is needed.")
    for key, value in state.items():
        _check_entry(path, key, value)
    return state


def _check_entry(path: Path, key: object, value: object) -> None:
    shown = repr(str(key)[:80])
    if not (isinstance(key, str) and isinstance(value, Tensor) and _is_plain(value)):
        raise InputError(
            f"{path} holds {shown}, which is no plain tensor: a state dict, names to tensors, is "
            "needed."
        )
    if value.dtype not in _DTYPES:
        raise InputError(
            f"{path} holds {shown} as {value.dtype}: floats of 16 to 64 bits or whole numbers are "
            "needed."
        )
    if not value.isfinite().all():
        raise InputError(
            f"{path} holds {shown} with numbers that are not finite: take another state of that "
            "training."
        )


def _tensors_in(path: Path) -> object:
    with path.open("rb") as stream:
        start = stream.read(_SAFETENSORS_HEADER_AT + 1)
    if start[_SAFETENSORS_HEADER_AT:] == b"{":
        return safetensors.torch.load_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old formats; what cannot be read is told below
        return torch.load(path, map_location="cpu", weights_only=True)


def _is_plain(value: Tensor) -> bool:
    return value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized


def fill_network(
    network: nn.Module,
    arrays: Mapping[str, npt.NDArray[np.generic]],
) -> None:
    """Give a network the weights that it had when they were copied.

    Args:
        network: its weights and buffers are changed in place.
        arrays: by their names in the state dict.

    Raises:
        InputError: saying which of them do not fit.
    """
    wanted = network.state_dict()
    given = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    problems = _misfits(wanted, given, optional=())
    if problems:
        raise InputError(f"The weights do not fit the network: {'; '.join(problems)}.")
    with torch.no_grad():
        for name, value in given.items():
            wanted[name].copy_(value)


def _fill(network: EmbeddingNetwork, state: StateDict, complaint: str) -> None:
    """Copy ``state`` into the network, after all of it was found to fit."""
    own = any(key.startswith((_FEATURES, _EMBEDDING)) for key in state)
    prefix = "" if own else _FEATURES
    given = {key: value for key, value in state.items() if own or not key.startswith(_CLASSIFIERS)}
    wanted = {
        key.removeprefix(prefix): value
        for key, value in network.state_dict().items()
        if key.startswith(prefix)
    }
    # batch norm needs these for no result; files from before 2018 lack them
    counters = [key for key in wanted if key.endswith(".num_batches_tracked")]
    problems = _misfits(wanted, given, optional=counters)
    if problems:
        raise InputError(f"{complaint}: {'; '.join(problems)}.")
    with torch.no_grad():
        for key, value in given.items():
            wanted[key].copy_(value)


def _misfits(wanted: StateDict, given: StateDict, optional: Collection[str]) -> list[str]:
    """What keeps tensors from being copied into others, as the ends of sentences."""
    missing = [key for key in wanted if key not in given and key not in optional]
    unexpected = [key for key in given if key not in wanted]
    misshaped = [
        f"{key} is {_shape(given[key])} where {_shape(wanted[key])} is needed"
        for key in wanted
        if key in given and _shape(given[key]) != _shape(wanted[key])
    ]
    return [
        f"{what} {_some(names)}"
        for what, names in (("it lacks", missing), ("it also has", unexpected), ("its", misshaped))
        if names
    ]


def _shape(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() or not tensor.dim() else f" {tensor.dtype}"
    return (" x ".join(map(str, tensor.shape)) or "one number") + kind


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:100] for name in names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return shown if more <= 0 else f"{shown} and {more:,} more"


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0].rstrip('.')}" if text else repr(error)
