"""``symmviz embed``: embeddings of any images, by the network that a run has trained."""

import argparse
import io
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy

from symmcore.data.images.formats import has_image_name
from symmcore.data.names import display_name
from symmcore.data.sources.file_tree import existing_folder, find_files
from symmcore.data.sources.natural_order import natural_key
from symmcore.errors import InputError
from symmcore.processes import usable_cores
from symmcore.progress import Progress
from symmcore.runs.formats.config_file import read_info
from symmcore.training.config import DEVICES, check_device
from symmviz.cli.output_file import check_writable, write_file
from symmviz.cli.paths import user_path
from symmviz.cli.preparing import Preparing
from symmviz.cli.streams import output_status

if TYPE_CHECKING:
    from symmcore.networks.embed_files import EmbeddedFiles

_NAMED = 10


def add_embed(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz embed`` takes."""
    parser.description = (
        "Embed images with the network of a run's checkpoint: one row for each image, not "
        "normalised, in the order in which they are given, those of a folder by name."
    )
    parser.set_defaults(run=embed)
    add = parser.add_argument
    add("run_folder", type=user_path, metavar="RUN", help="the folder of a run")
    add(
        "images",
        type=user_path,
        nargs="+",
        metavar="IMAGES",
        help="image files, or folders of such",
    )
    add(
        "--out",
        type=user_path,
        required=True,
        metavar="FILE",
        help=f"what to write: {', '.join(_FORMATS)}, of which .npy holds no names of files",
    )
    add("--step", type=int, metavar="N", help="of which checkpoint (default the newest)")
    add("--device", default="auto", help=f"{', '.join(DEVICES)} (default %(default)s)")


def embed(options: Namespace) -> int:
    """Write embeddings of images."""
    out: Path = options.out
    if out.suffix.lower() not in _FORMATS:
        raise InputError(
            f"{out} ends with {repr(out.suffix) if out.suffix else 'no ending'}: name a file with "
            f"{_or(_FORMATS)}."
        )
    check_writable(out)
    check_device(options.device)
    preparing = Preparing()
    try:
        files = [file for path in options.images for file in _files(path, preparing)]
        embedded = _embed(options, files, preparing)
    finally:
        preparing.done()
    for error in embedded.skipped[:_NAMED]:
        sys.stderr.write(f"Skipped {display_name(str(error))}\n")
    if len(embedded.skipped) > _NAMED:
        sys.stderr.write(f"Skipped {len(embedded.skipped) - _NAMED:,} more.\n")
    if not embedded.files:
        raise InputError("No image could be read: nothing was written.")
    try:
        write_file(out, _FORMATS[out.suffix.lower()](embedded))
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror or error}).") from error
    rows, columns = embedded.embeddings.shape
    sys.stdout.write(display_name(f"Wrote {rows:,} embeddings of {columns} to {out}") + "\n")
    return output_status()


def _embed(options: Namespace, files: Sequence[Path], preparing: Preparing) -> "EmbeddedFiles":
    read_info(options.run_folder)  # which refuses a run of a newer format
    preparing.say("Loading the network")
    from symmcore.networks import load_network  # imports torch
    from symmcore.networks.embed_files import embed_files
    from symmcore.training.devices import resolve_device

    device = resolve_device(options.device)
    network, transform = load_network(options.run_folder, options.step)

    def say(done: int) -> None:
        preparing.say(Progress("Embedding images", done, len(files)).sentence())

    return embed_files(network.to(device), transform, files, say, usable_cores())


def _files(path: Path, preparing: Preparing) -> Iterator[Path]:
    """A file that was named, or the images below a folder."""
    if not path.is_dir():
        yield path  # whatever its name: what it cannot be read for is said
        return
    root = existing_folder(path, "images")
    tree = find_files(root, lambda doing: preparing.say(doing.sentence()))
    images = sorted((file for file in tree.files if has_image_name(file)), key=natural_key)
    if not images:
        raise InputError(f"{path} holds no images.")
    for file in images:
        yield path / file


def _npy(embedded: "EmbeddedFiles") -> bytes:
    stream = io.BytesIO()
    np.save(stream, embedded.embeddings, allow_pickle=False)
    return stream.getvalue()


def _npz(embedded: "EmbeddedFiles") -> bytes:
    stream = io.BytesIO()
    files = np.array(_names(embedded), dtype=np.str_)
    np.savez(stream, files=files, embeddings=embedded.embeddings)
    return stream.getvalue()


def _safetensors(embedded: "EmbeddedFiles") -> bytes:
    content: bytes = safetensors.numpy.save(
        {"embeddings": np.ascontiguousarray(embedded.embeddings)},
        metadata={"files": json.dumps(_names(embedded))},
    )
    return content


def _names(embedded: "EmbeddedFiles") -> list[str]:
    """The files as text, which bytes of a name may not be."""
    return [os.fsencode(file).decode(errors="replace") for file in embedded.files]


def _or(choices: Iterable[str]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}"


_FORMATS: dict[str, Callable[["EmbeddedFiles"], bytes]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
}
