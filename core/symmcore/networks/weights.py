"""Starts a network from weights trained elsewhere: ImageNet's, or those in a file.

A file is only ever read as tensors: nothing in it can run code.
"""

import hashlib
import importlib
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from symmcore.errors import InputError, one_line
from symmcore.folders import NoCacheFolderError
from symmcore.locks import locked
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.networks.state_dicts import find_match
from symmcore.networks.timm_models import fetch_timm, load_timm
from symmcore.networks.weight_files import check_tensor, read_tensors
from symmcore.processes import CallError, bytes_in, call_in_subprocess, scratch_folder
from symmcore.progress import Progress, ProgressCallback, ignore_progress
from symmcore.settings.networks import (
    FROM_SCRATCH,
    IMAGENET,
    NetworkInfo,
    check_weights_choice,
    timm_name,
)

# ResNet-50, the largest network, is 98 MB; what is far larger is no weights of it.
_LARGEST_BYTES = 2 * 2**30
# The ImageNet weights that metric learning compares with; later ones of the ResNets had
# another training.
_IMAGENET_VERSION = "IMAGENET1K_V1"
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.pth$")


def load_weights(network: EmbeddingNetwork, weights: str) -> str:
    """Give a fresh network the weights that were asked for.

    Weights of torchvision's networks leave the fully connected layer as it is: their
    classifiers are ignored. Weights of this program's own networks fill that layer too.

    Args:
        network: as ``build_network`` made it; its weights are changed in place.
        weights: "none" changes nothing; "imagenet" takes torchvision's or timm's, downloaded
            unless they were before, see ``fetch_pretrained``; else the path of a safetensors
            file or of what ``torch.save`` wrote: a state dict, or a checkpoint that holds one,
            see ``find_match``.

    Returns:
        A sentence on what was taken from a file, and what was left out of it; else "".

    Raises:
        InputError: if there are none, they cannot be read, or do not fit the network.
    """
    if weights == FROM_SCRATCH:
        return ""
    check_weights_choice(network.info, weights)
    if weights == IMAGENET and timm_name(network.info.name):
        load_timm(network)
        return ""
    if weights == IMAGENET:
        path = fetch_weights(network.info)
    else:
        check_weights_file(weights)
        path = Path(weights)
    found = read_tensors(path)
    try:
        match = find_match(found, network.state_dict(), str(path), network.info.name)
    except InputError:
        for name, tensor in found[0].tensors.items():
            check_tensor(path, name, tensor)
        raise
    for name, tensor in match.taken.items():
        check_tensor(path, f"{match.prefix}{name}", tensor)
    match.fill()
    return "" if weights == IMAGENET else match.sentence(weights)


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


def fetch_pretrained(info: NetworkInfo, on_progress: ProgressCallback = ignore_progress) -> None:
    """Download a network's weights, torchvision's or timm's, unless that was done before.

    Raises:
        InputError: if there are none for it, or they cannot be had.
    """
    if timm_name(info.name):
        fetch_timm(info, on_progress)
    else:
        fetch_weights(info, on_progress)


def fetch_weights(info: NetworkInfo, on_progress: ProgressCallback = ignore_progress) -> Path:
    """Download a network's ImageNet weights, unless that was done before.

    Args:
        info: which network.
        on_progress: told how far the download is.

    Returns:
        The file, whose SHA-256 begins as its name says.

    Raises:
        InputError: if there are none for it, or they cannot be had.
    """
    check_weights_choice(info, IMAGENET)
    weights = _imagenet(info)
    try:
        folder = _hub_folder() / "checkpoints"
    except NoCacheFolderError as error:
        raise _unavailable(info, weights.url, one_line(error)) from error
    goal = folder / _file_name(weights.url)
    if goal.is_file() and _is_whole(goal):
        return goal
    size = int(weights.meta["_file_size"] * 2**20)
    what = f"Fetching the ImageNet weights of {info.title}"
    note = "those that were kept are damaged" if goal.exists() else ""
    part = folder / f"{goal.name}.part"

    def poll() -> None:
        on_progress(Progress(what, min(bytes_in(part), size), size, in_bytes=True, note=note))

    try:
        with ExitStack() as stack:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder / f"{goal.name}.lock", poll))
            if goal.is_file() and _is_whole(goal):  # another process was first
                return goal
            stack.enter_context(scratch_folder(part))
            call_in_subprocess(_download, (weights.url, str(part / goal.name)), poll)
            (part / goal.name).replace(goal)
    except (OSError, CallError) as error:
        raise _unavailable(info, weights.url, one_line(error)) from error
    return goal


def _hub_folder() -> Path:
    """Where torch keeps what it downloads.

    Raises:
        NoCacheFolderError: if there is no home folder: torch would make one named "~".
    """
    folder = Path(torch.hub.get_dir())
    if folder.parts[0].startswith("~"):
        raise NoCacheFolderError
    return folder


def _download(url: str, goal: str) -> None:
    """What the other process does."""
    torch.hub.download_url_to_file(url, goal, hash_prefix=_hash_in(url), progress=False)


def _is_whole(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:  # it may not be read, or its disk has lost it
        return False
    return found.startswith(_hash_in(file.name))


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
