"""Embeds a few images with the networks of several runs, in a process of its own.

So that neither the window nor a training waits for it, or shares torch's random state with it.
"""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from symmcore.data.images.decoding import DecodeError
from symmcore.errors import InputError
from symmcore.processes import CallError, call_in_subprocess
from symmcore.records import FloatArray

_REQUEST, _ERRORS, _EMBEDDINGS = "request.json", "errors.json", "embeddings.safetensors"


@dataclass(frozen=True, slots=True)
class EmbedJob:
    """Which image is to be embedded by which network.

    Attributes:
        run: folder of the run.
        step: of the checkpoint.
        image: a file.
    """

    run: Path
    step: int
    image: Path


def embed_in_subprocess(
    jobs: Sequence[EmbedJob], folder: Path, poll: Callable[[], None]
) -> list[FloatArray | str]:
    """Embed images, and wait for it.

    Args:
        jobs: which.
        folder: an empty one to exchange files in.
        poll: called now and then; when it raises, the process is ended.

    Returns:
        For each job (D,) float32, or a sentence on why there is none.

    Raises:
        CallError: if the process failed as a whole.
    """
    request = [{"run": str(job.run), "step": job.step, "image": str(job.image)} for job in jobs]
    (folder / _REQUEST).write_text(json.dumps(request))
    call_in_subprocess(embed_request, (str(folder),), poll)
    try:
        errors = json.loads((folder / _ERRORS).read_bytes())
        arrays = safetensors.numpy.load_file(folder / _EMBEDDINGS)
        return [
            arrays[str(at)] if str(at) in arrays else errors[str(at)] for at in range(len(jobs))
        ]
    except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
        raise CallError(f"its answer cannot be read ({error})") from error


def embed_request(folder: str) -> None:
    """Do what a request says; in the process.

    Args:
        folder: that holds it; the answer goes there too.
    """
    place = Path(folder)
    errors: dict[str, str] = {}
    embeddings: dict[str, FloatArray] = {}
    embedder = _Embedder()
    for at, job in enumerate(json.loads((place / _REQUEST).read_bytes())):
        found = embedder.embed(EmbedJob(Path(job["run"]), job["step"], Path(job["image"])))
        if isinstance(found, str):
            errors[str(at)] = found
        else:
            embeddings[str(at)] = found
    (place / _ERRORS).write_text(json.dumps(errors))
    safetensors.numpy.save_file(dict(embeddings), place / _EMBEDDINGS)


class _Embedder:
    """The network of the run that was used last, and its transform."""

    def __init__(self) -> None:
        # Here, not above: the window imports this module, and torch takes seconds.
        import torch

        from symmcore.networks.trained import load_network

        torch.set_num_threads(1)
        self._load = functools.lru_cache(maxsize=2)(load_network)
        self._no_grad = torch.no_grad

    def embed(self, job: EmbedJob) -> FloatArray | str:
        """(D,) float32, or why there is none."""
        try:
            network, transform = self._load(job.run, job.step)
            with self._no_grad():
                embedding = network(transform(job.image)[None])[0]
        except (DecodeError, InputError) as error:
            return str(error)
        found: FloatArray = embedding.numpy().astype(np.float32)
        return found
