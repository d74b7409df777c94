"""What evaluation takes at the size of Stanford Online Products' test set.

Recall@K is compared, in alternation, with faiss's flat index where faiss is installed, on as many
cores. K-means has nothing to be compared with at that size: its seconds are stated.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from symmcore.errors import InputError
from symmcore.evaluation import clustering_scores, recall_at_k

_KS = (1, 10, 100)
_GPU_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        images: embeddings in the set.
        classes: classes, each of them a cluster too.
        dim: size of an embedding.
        rounds: alternations.
        threads: torch threads, and faiss's.
    """

    images: int = 60_502
    classes: int = 11_316
    dim: int = 512
    rounds: int = 3
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        what: what was measured.
        seconds: the median; None if not measured.
        against: what it is divided by, if anything.
        ratio: the median of the rounds' ratios.
        bar: what seconds or ratio are to be.
        met: whether they are.
        detail: why it was not measured, or what was found.
    """

    what: str
    seconds: float | None = None
    against: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    detail: str = ""

    def line(self) -> str:
        """The row for people."""
        seconds = "-" if self.seconds is None else f"{self.seconds:.2f} s"
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}x"
        verdict = {None: "", True: "met", False: "NOT met"}[self.met]
        text = (
            f"{self.what:<22} {seconds:>10}  {self.against:<24} {ratio:>7}  {self.bar:<14} "
            f"{verdict:<8} {self.detail}"
        )
        return text.rstrip()


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        sizes: what was asked for.
        torch: its version.
        rows: the measurements.
    """

    sizes: Sizes
    torch: str
    rows: tuple[Row, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        sizes = self.sizes
        return [
            f"{sizes.images:,} generated embeddings of {sizes.dim} dimensions in {sizes.classes:,} "
            f"classes, float32, {sizes.threads} threads, torch {self.torch}",
            *(row.line() for row in self.rows),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        rows = [asdict(row) for row in self.rows]
        return {"sizes": asdict(self.sizes), "torch": self.torch, "rows": rows}


def measure(sizes: Sizes) -> Report:
    """Measure on the CPU, and on a GPU where there is one.

    Raises:
        InputError: if there are so many classes that each image has one of its own.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(sizes.threads)
    try:
        embeddings, labels = _generated(sizes)
        _check_shared(labels, sizes)
        ks = tuple(k for k in _KS if k < sizes.images)
        rows = [_recall_row(embeddings, labels, ks, sizes), _gpu_row(embeddings, labels, ks)]
        began = time.perf_counter()
        scores = clustering_scores(embeddings, labels)
        took = time.perf_counter() - began
        rows.append(Row("k-means, NMI, F1", took, detail=f"NMI {scores.nmi:.3f}"))
    finally:
        torch.set_num_threads(before)
    return Report(sizes, torch.__version__, tuple(rows))


def _generated(sizes: Sizes) -> tuple[Tensor, Tensor]:
    """Embeddings that lie about the means of their classes, and the labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(sizes.classes, (sizes.images,), generator=generator)
    means = torch.randn(sizes.classes, sizes.dim, generator=generator)
    noise = torch.randn(sizes.images, sizes.dim, generator=generator)
    return means[labels] + 1.6 * noise, labels


def _check_shared(labels: Tensor, sizes: Sizes) -> None:
    if len(np.unique(labels.numpy())) == len(labels):
        raise InputError(
            f"None of {sizes.images:,} images drawn from {sizes.classes:,} classes shares its "
            "class with another: ask for more images or fewer classes."
        )


def _recall_row(embeddings: Tensor, labels: Tensor, ks: tuple[int, ...], sizes: Sizes) -> Row:
    flat = _flat_index(embeddings, max(ks) + 1, sizes.threads)
    own: list[float] = []
    others: list[float] = []
    for _ in range(sizes.rounds):
        own.append(_seconds(lambda: recall_at_k(embeddings, labels, ks)))
        if flat is not None:
            others.append(_seconds(flat))
    took, against = statistics.median(own), "faiss's flat index"
    if not others:
        return Row("Recall@K", took, against, detail="faiss is not installed")
    ratio = statistics.median(a / b for a, b in zip(own, others, strict=True))
    detail = f"{statistics.median(others):.2f} s"
    return Row("Recall@K", took, against, ratio, "at most 1x", ratio <= 1.0, detail)


def _flat_index(embeddings: Tensor, k: int, threads: int) -> Callable[[], object] | None:
    """A search of all embeddings in faiss's exact index; None where faiss is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(threads)
    features = torch.nn.functional.normalize(embeddings).numpy()

    def search() -> object:
        index = faiss.IndexFlatIP(features.shape[1])
        index.add(features)
        return index.search(features, k)

    return search


def _gpu_row(embeddings: Tensor, labels: Tensor, ks: tuple[int, ...]) -> Row:
    what, bar = "Recall@K, GPU", f"under {_GPU_SECONDS:g} s"
    if not torch.cuda.is_available():
        return Row(what, bar=bar, detail="not measured: no GPU")
    there, answers = embeddings.cuda(), labels.cuda()
    recall_at_k(there, answers, ks)  # the first call makes what all later ones use
    took = _seconds(lambda: recall_at_k(there, answers, ks))
    return Row(what, took, bar=bar, met=took < _GPU_SECONDS)


def _seconds(action: Callable[[], object]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began
