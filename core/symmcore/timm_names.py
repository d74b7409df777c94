"""The names of the networks that the installed timm has, without importing it here.

timm imports torch, which takes seconds: a subprocess asks it once for each version of timm, and
what it said is kept in the user's cache folder. What is damaged there, or cannot be read or
written, is as if it were not there.
"""

import contextlib
import hashlib
import importlib
import os
import re
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from symmcore.errors import InputError
from symmcore.folders import user_cache_folder
from symmcore.processes import call_in_subprocess, lower_priority

_FOLDER = "timm"
_NEAR_NAMES = 3
_LARGEST_FILE = 1_000_000  # bytes: that of timm 1.0 has 80,000


def check_timm_name(model: str, names: Collection[str]) -> None:
    """Check that timm has a network.

    Args:
        model: what timm calls it, with or without a tag of its weights: "resnet50.a1_in1k".
        names: of ``listed_names``.

    Raises:
        InputError: if not, with the names that are nearest.
    """
    if model in names:
        return
    import difflib

    # Close names, among those of networks unless one with a tag was meant.
    alike = [name for name in names if ("." in name) == ("." in model)]
    near = difflib.get_close_matches(model, sorted(alike), _NEAR_NAMES)
    network = model.partition(".")[0]
    if not near and network in names:
        near = [network]
    hint = f"near are {', '.join(near)}" if near else "timm.list_models() names them"
    raise InputError(f"timm {_version()} has no network {model!r}: {hint}.")


def read_timm_names(poll: Callable[[], None]) -> frozenset[str]:
    """Return all names of timm's networks, from the cache or from timm in a subprocess.

    Args:
        poll: called now and then meanwhile; when it raises, the subprocess is ended.

    Raises:
        CallError: if timm cannot be imported there, or the subprocess dies.
        OSError: if there is no room for its answer.
    """
    kept = _kept()
    if kept:
        return kept
    with tempfile.TemporaryDirectory(prefix="symmviz-") as folder:
        answer = Path(folder) / "names"
        call_in_subprocess(_write_names, (str(answer),), poll)
        content = answer.read_bytes()
    _keep(content)
    return _names_in(content)


def listed_names() -> frozenset[str]:
    """Return the names that timm lists, of networks and of their weights; imports it."""
    timm = importlib.import_module("timm")
    return frozenset(timm.list_models()) | frozenset(timm.list_models(pretrained=True))


def _write_names(goal: str) -> None:
    """What the subprocess does."""
    lower_priority()
    names = "\n".join(sorted(listed_names())).encode()
    Path(goal).write_bytes(hashlib.sha256(names).hexdigest().encode() + b"\n" + names)


def _kept() -> frozenset[str]:
    """The names that are kept of this version of timm; none if there are none."""
    with contextlib.suppress(OSError):
        path = _path()
        if path.stat().st_size <= _LARGEST_FILE:
            return _names_in(path.read_bytes())
    return frozenset()


def _keep(content: bytes) -> None:
    with contextlib.suppress(OSError):
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _names_in(content: bytes) -> frozenset[str]:
    """The names in a file's content; none if it is damaged."""
    digest, _, names = content.partition(b"\n")
    if digest != hashlib.sha256(names).hexdigest().encode():
        return frozenset()
    return frozenset(names.decode().split("\n"))


def _path() -> Path:
    """Where the names are kept.

    Raises:
        OSError: if there is no cache folder.
    """
    return user_cache_folder() / _FOLDER / f"names-{re.sub(r'[^0-9A-Za-z.]', '_', _version())}.txt"


def _version() -> str:
    # not before the window is painted, for which it takes 20 ms
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("timm")
    except PackageNotFoundError:  # a copy that was not installed
        return "of unknown version"
