"""Embeds image files with a trained network."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from symmcore.data.images.decoding import DecodeError
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.networks.trained import ImageTransform

_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedFiles:
    """Embeddings of image files.

    Attributes:
        files: the N files that could be read, in the order in which they were given.
        embeddings: (N, D) float32, not normalised.
        skipped: what could not be read, and why.
    """

    files: tuple[Path, ...]
    embeddings: npt.NDArray[np.float32]
    skipped: tuple[DecodeError, ...]


@torch.no_grad()
def embed_files(
    network: EmbeddingNetwork,
    transform: ImageTransform,
    files: Sequence[Path],
    on_progress: Callable[[int], None],
    threads: int = 1,
) -> EmbeddedFiles:
    """Embed image files, decoded in threads while earlier ones are embedded.

    Args:
        network: in evaluation mode, on any device.
        transform: the network's.
        files: which.
        on_progress: told how many are done; what it raises ends the work.
        threads: that decode.
    """
    device = next(network.parameters()).device
    parts = [np.empty((0, network.embedding.out_features), np.float32)]
    kept: list[Path] = []
    skipped: list[DecodeError] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        for begin, batch in _decoded(pool, transform, files):
            images = [image for image in batch if isinstance(image, Tensor)]
            skipped += [error for error in batch if isinstance(error, DecodeError)]
            kept += [
                file
                for file, image in zip(files[begin : begin + _BATCH], batch, strict=True)
                if isinstance(image, Tensor)
            ]
            if images:
                parts.append(network(torch.stack(images).to(device)).float().cpu().numpy())
            on_progress(begin + len(batch))
    return EmbeddedFiles(tuple(kept), np.concatenate(parts), tuple(skipped))


def _decoded(
    pool: ThreadPoolExecutor, transform: ImageTransform, files: Sequence[Path]
) -> Iterator[tuple[int, list[Tensor | DecodeError]]]:
    """Batches of images, one more begun than is waited for."""

    def begin(at: int) -> Iterator[Tensor | DecodeError]:
        return pool.map(lambda file: _image(transform, file), files[at : at + _BATCH])

    starts = range(0, len(files), _BATCH)
    waiting = begin(0) if files else iter(())
    for at in starts:
        ahead = begin(at + _BATCH)
        yield at, list(waiting)
        waiting = ahead


def _image(transform: ImageTransform, file: Path) -> Tensor | DecodeError:
    try:
        return transform(file)
    except DecodeError as error:
        return error
