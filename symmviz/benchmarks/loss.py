"""What the losses cost, as ratios of forward and backward within one run.

The variants of a comparison alternate, in an order that rotates from round to round; a ratio is
the median of the rounds' ratios. The batch is G classes of two random embeddings.
"""

import statistics
import time
from dataclasses import asdict, dataclass, replace

import torch

from symmviz.benchmarks import loss_memory
from symmviz.benchmarks import loss_references as references
from symmviz.benchmarks.loss_references import Batch, Objective

_BLOCK_SECONDS = 0.02  # a measurement repeats what takes less
_NO_GPU = "not measured: no GPU"
_NO_LIBRARY = "not measured: pytorch-metric-learning (a test dependency) is not installed"
_BARS = {
    "plain, compiled": {64: 1.2, 512: 1.8, 2048: 2.2},
    "16 matrices, compiled": {64: 0.25, 512: 0.12, 2048: 0.12},
    "plain, eager": {64: 3.0, 512: 4.5, 2048: 3.5},
    "plain, gpu": {64: 1.02, 512: 2.0, 2048: 3.0},
}
_BASELINE_BAR = 3.0
_OFFICIAL_BAR = 1.2
_STEP_BAR = 1.005


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        groups: numbers of pair groups for N-pair.
        others: number of pair groups for the other losses.
        memory: number of pair groups for the peak memory.
        dim: size of an embedding.
        rounds: alternations.
        threads: torch threads.
    """

    groups: tuple[int, ...] = (64, 512, 2048)
    others: int = 512
    memory: int = 4096
    dim: int = 512
    rounds: int = 15
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        what: what is measured.
        against: what it is divided by.
        groups: pair groups in the batch.
        ratio: measured over reference; None if not measured.
        bar: what the ratio may be at most; None if nothing is asked of it.
        detail: the absolute medians, or why it was not measured.
    """

    what: str
    against: str
    groups: int
    ratio: float | None
    bar: float | None
    detail: str

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None if there is no bar or no measurement."""
        return None if self.bar is None or self.ratio is None else self.ratio <= self.bar

    def line(self) -> str:
        """The row for people."""
        ratio = "-" if self.ratio is None else f"{self.ratio:.3g}x"
        bar = "" if self.bar is None else f"at most {self.bar:g}x"
        verdict = {None: "", True: "met", False: "NOT met"}[self.met]
        return (
            f"{self.what:<32} {self.against:<28} {self.groups:>5} {ratio:>7}  {bar:<14} "
            f"{verdict:<8} {self.detail}"
        ).rstrip()


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        sizes: what was asked for.
        torch: its version.
        rows: the comparisons.
    """

    sizes: Sizes
    torch: str
    rows: tuple[Row, ...]

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"D = {self.sizes.dim}, float32, forward and backward, {self.sizes.threads} torch "
            f"threads, torch {self.torch}, medians of {self.sizes.rounds} alternations",
            f"{'what':<32} {'against':<28} {'G':>5} {'ratio':>7}  {'bar':<14}",
            *(row.line() for row in self.rows),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        rows = [asdict(row) | {"met": row.met} for row in self.rows]
        return {"sizes": asdict(self.sizes), "torch": self.torch, "rows": rows}


def measure(sizes: Sizes) -> Report:
    """Measure on the CPU, and on a GPU where there is one."""
    before = torch.get_num_threads()
    torch.set_num_threads(sizes.threads)
    try:
        rows = [row for groups in sizes.groups for row in _npair_rows(sizes, groups, "cpu")]
        rows += _gpu_rows(sizes)
        rows += _memory_rows(sizes)
        rows += _official_rows(sizes)
        rows += _baseline_rows(sizes)
        rows += _library_rows(sizes)
    finally:
        torch.set_num_threads(before)
    return Report(sizes, torch.__version__, tuple(rows))


def _npair_rows(sizes: Sizes, groups: int, device: str) -> list[Row]:
    """Symm N-pair against the fastest plain N-pair, and against 16 matrices."""
    batch = references.make_batch(groups, sizes.dim, device)
    plain = references.plain_variants(batch)
    symm = references.symm_paths(batch)
    sixteen = {"16 matrices": references.sixteen_matrices}
    times = _alternate(batch, {**plain, **symm, **sixteen}, sizes.rounds)
    fastest = min(plain, key=lambda name: statistics.median(times[name]))
    rows = []
    for path in symm:
        for against, kind in ((fastest, "plain"), ("16 matrices", "16 matrices")):
            bar = _BARS.get(f"{kind}, {path}", {}).get(groups)
            rows.append(_row(f"npair+symm, {path}", against, times, path, groups, bar))
    return rows


def _gpu_rows(sizes: Sizes) -> list[Row]:
    step = "GoogLeNet step, batch 128, symm", "without symm"
    if not torch.cuda.is_available():
        bars = _BARS["plain, gpu"]
        return [
            *(
                Row("npair+symm, gpu", "plain", groups, None, bars.get(groups), _NO_GPU)
                for groups in sizes.groups
            ),
            Row(*step, 64, None, _STEP_BAR, _NO_GPU),
        ]
    rows = [row for groups in sizes.groups for row in _npair_rows(sizes, groups, "cuda")]
    return [*rows, Row(*step, 64, None, _STEP_BAR, "measured by symmviz bench train")]


def _memory_rows(sizes: Sizes) -> list[Row]:
    """Peak extra memory against the plain N-pair loss that needs least."""
    what, against = "npair+symm, peak memory", "plain"
    if not loss_memory.can_measure():
        return [Row(what, against, sizes.memory, None, 1.0, "not measured: Linux only")]
    peaks = {
        variant: loss_memory.peak_in_child(variant, sizes.memory, sizes.dim, sizes.threads)
        for variant in loss_memory.VARIANTS
    }
    least = min(peaks["plain"], peaks["baseline"])

    def row(what: str, variant: str, bar: float | None) -> Row:
        detail = f"{peaks[variant]:.0f} against {least:.0f} MiB"
        return Row(what, against, sizes.memory, peaks[variant] / max(least, 0.01), bar, detail)

    return [row(what, "symm", 1.0), row("16 matrices, peak memory", "sixteen", None)]


def _official_rows(sizes: Sizes) -> list[Row]:
    """The pairs of the authors' code, of which no two picks are one, against all 16."""
    rows = []
    for rank in (1, 2):
        batch = references.make_batch(sizes.others, sizes.dim)
        times = _alternate(batch, references.pair_sets(batch, rank), sizes.rounds)
        row = _row("", "paper", times, "official", sizes.others, _OFFICIAL_BAR)
        what, against = f"npair+symm, official, rank {rank}", f"the 16 pairs, rank {rank}"
        rows.append(replace(row, what=what, against=against))
    return rows


def _baseline_rows(sizes: Sizes) -> list[Row]:
    """Every other loss with Symm against its own baseline."""
    rows = []
    for name in ("angular", "triplet", "triplet-semihard", "lifted"):
        batch = references.make_batch(sizes.others, sizes.dim)
        times = _alternate(batch, references.own_losses(name, batch), sizes.rounds)
        symm = f"{name}+symm"
        rows.append(_row(symm, name, times, symm, sizes.others, _BASELINE_BAR))
    return rows


def _library_rows(sizes: Sizes) -> list[Row]:
    """This library's baselines against pytorch-metric-learning's, which may differ in definition.

    Its triplet and angular losses hold every triplet of the batch: they get a smaller one.
    """
    groups = min(sizes.others, 64)
    batch = references.make_batch(groups, sizes.dim)
    others = references.metric_learning_losses(batch)
    if others is None:
        return [Row("baselines", "pytorch-metric-learning", groups, None, None, _NO_LIBRARY)]
    rows = []
    for name, other in others.items():
        against = f"metric-learning's {name}"
        variants = {**references.own_losses(name, batch), against: other}
        times = _alternate(batch, variants, sizes.rounds)
        rows += [_row(own, against, times, own, groups, None) for own in variants if own != against]
    return rows


def _row(
    what: str,
    against: str,
    times: dict[str, list[float]],
    own: str,
    groups: int,
    bar: float | None,
) -> Row:
    ratio = statistics.median(a / b for a, b in zip(times[own], times[against], strict=True))
    medians = [1000 * statistics.median(times[name]) for name in (own, against)]
    detail = f"{medians[0]:.3g} against {medians[1]:.3g} ms"
    return Row(what, against, groups, ratio, bar, detail)


def _alternate(batch: Batch, variants: dict[str, Objective], rounds: int) -> dict[str, list[float]]:
    """Seconds of a forward and backward of each variant, one number a round."""
    repeats = {}
    for name, objective in variants.items():
        batch.run(objective)  # the first call makes what all later ones use
        repeats[name] = max(1, round(_BLOCK_SECONDS / _seconds(batch, objective, 1)))
    times: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for number in range(rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            times[name].append(_seconds(batch, variants[name], repeats[name]))
    return times


def _seconds(batch: Batch, objective: Objective, repeats: int) -> float:
    _finish(batch)
    began = time.perf_counter()
    for _ in range(repeats):
        batch.run(objective)
    _finish(batch)
    return (time.perf_counter() - began) / repeats


def _finish(batch: Batch) -> None:
    """Wait for what a GPU still has to do."""
    if batch.embeddings.is_cuda:
        torch.cuda.synchronize()
