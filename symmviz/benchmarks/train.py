"""What a whole training step takes, and what Symm adds to it.

Two runs of N-pair, one without and one with Symm, train in alternation on the same generated
images, which lie in memory and are cropped, mirrored and moved to the device as in a training
that reads them from its cache. A GPU is waited for before the clock is read.

On a CPU, and where no network is named, the quick preset is measured too
(:mod:`symmviz.benchmarks.quick`), and what the collapse doctor takes of its
steps (:mod:`symmviz.benchmarks.doctor`).
"""

import statistics
import time
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.data.feed.sampler import PairSampler
from symmcore.data.feed.training_feed import TrainingFeed
from symmcore.data.images.store import ArrayImages
from symmcore.settings.transforms import PHOTOGRAPHS, SMALL_PHOTOGRAPHS
from symmcore.training.config import TrainingConfig
from symmcore.training.devices import resolve_device
from symmcore.training.learner import Learner
from symmcore.training.spec import parse_spec
from symmviz.benchmarks.doctor import Report as DoctorReport
from symmviz.benchmarks.doctor import measure_doctor
from symmviz.benchmarks.quick import Report as QuickReport
from symmviz.benchmarks.quick import measure_quick

_WARM_UP = 2  # steps: a GPU chooses its algorithms in the first
_IMAGES_A_CLASS = 4
_WAITING_BAR = 0.05
_COST_BAR = 1.005


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        network: name of the embedding network; None takes GoogLeNet on a GPU, else Conv-3.
        device: "auto" or a device.
        batch: images in a batch.
        steps: steps of each run in a round.
        rounds: alternations.
        threads: torch threads on the CPU.
        bf16: whether the forward pass is computed in bfloat16.
    """

    network: str | None = None
    device: str = "auto"
    batch: int = 128
    steps: int = 10
    rounds: int = 5
    threads: int = 2
    bf16: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        sizes: what was asked for.
        network: which network was trained.
        device: where.
        images_per_second: without Symm.
        waiting: share of the time in which a step waited for its images, without Symm.
        cost: time of a step with Symm over one without, median of the rounds.
        quick: what the quick preset takes; None where it was not measured.
        doctor: what the collapse doctor takes of its steps; None where it was not measured.
    """

    sizes: Sizes
    network: str
    device: str
    images_per_second: float
    waiting: float
    cost: float
    quick: QuickReport | None = None
    doctor: DoctorReport | None = None

    def lines(self) -> list[str]:
        """The report for people; the goals are those of GoogLeNet on a GPU."""
        judged = self.network == "googlenet" and self.device.startswith("cuda")

        def verdict(value: float, bar: float, text: str) -> str:
            return f"  bar: {text}  {'met' if value <= bar else 'NOT met'}" if judged else ""

        return [
            f"{self.network} on {self.device}, batches of {self.sizes.batch}, N-pair, "
            f"medians of {self.sizes.rounds} alternations of {self.sizes.steps} steps",
            f"{'images a second':<28} {self.images_per_second:>10,.0f}",
            f"{'share waiting for images':<28} {self.waiting:>10.1%}"
            + verdict(self.waiting, _WAITING_BAR, "under 5%"),
            f"{'a step with Symm, against':<28} {self.cost:>9.3f}x"
            + verdict(self.cost, _COST_BAR, "at most 1.005x"),
            *(
                line
                for part in (self.quick, self.doctor)
                if part is not None
                for line in part.lines()
            ),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(sizes: Sizes) -> Report:
    """Train both runs in alternation.

    Raises:
        InputError: if the network or device cannot be had.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(sizes.threads)
    try:
        report = _measure(sizes)
        if sizes.network is None and report.device == "cpu":
            return replace(
                report,
                quick=measure_quick(sizes.rounds, sizes.steps),
                doctor=measure_doctor(sizes.rounds, sizes.steps),
            )
        return report
    finally:
        torch.set_num_threads(before)


def _measure(sizes: Sizes) -> Report:
    device = resolve_device(sizes.device)
    network = sizes.network or ("googlenet" if device.type == "cuda" else "conv3")
    config = TrainingConfig(
        specs=(parse_spec("npair"), parse_spec("npair+symm")),
        network=network,
        dim=512,
        batch_size=sizes.batch,
        bf16=sizes.bf16,
    )
    transform = SMALL_PHOTOGRAPHS if network in ("conv3", "small") else PHOTOGRAPHS
    dataset = _generated(sizes.batch, transform.resize or 0)
    loader = BatchLoader(dataset, device, 0, transform, resident_bytes=0)
    sampler = PairSampler(dataset.labels, dataset.train, sizes.batch // 2, 0)
    feed = TrainingFeed(loader, sampler)
    learners = [Learner(spec, config, 3, device) for spec in config.specs]
    try:
        for learner in learners:
            _seconds(learner, feed, _WARM_UP)
        plain, symm = (
            list(times)
            for times in zip(
                *([_seconds(learner, feed, sizes.steps) for learner in learners]
                  for _ in range(sizes.rounds)),
                strict=True,
            )
        )  # fmt: skip
    finally:
        feed.release()
    took = statistics.median(total for total, _ in plain) / sizes.steps
    return Report(
        sizes,
        network,
        str(device),
        images_per_second=sizes.batch / took,
        waiting=statistics.median(waited / total for total, waited in plain),
        cost=statistics.median(a / b for (a, _), (b, _) in zip(symm, plain, strict=True)),
    )


def _generated(batch: int, side: int) -> ImageDataset:
    """Noise: what an image shows changes no time."""
    classes = batch // 2 + 2
    count = classes * _IMAGES_A_CLASS
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return ImageDataset(
        name="generated noise",
        images=ArrayImages(pixels),
        labels=np.repeat(np.arange(classes), _IMAGES_A_CLASS),
        class_names=tuple(str(label) for label in range(classes)),
        train=np.arange(count),
        test=np.arange(count),
        split="none",
    )


def _seconds(learner: Learner, feed: TrainingFeed, steps: int) -> tuple[float, float]:
    """Seconds of some steps, and of the waiting for images in them."""
    waited = 0.0
    _finish()
    began = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        images, labels = feed.next_batch()
        waited += time.perf_counter() - asked
        learner.step(images, labels)
    _finish()
    return time.perf_counter() - began, waited


def _finish() -> None:
    """Wait for what a GPU still has to do."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
