"""What two runs in lockstep take, against one run alone.

N-pair without and with Symm train together, and each of them alone, in alternation, with the
quick preset: same images, seed, evaluations and frames. A training counts from its first batch to
its last evaluation; what is recorded of it is not written.
"""

import statistics
import time
from dataclasses import asdict, dataclass
from itertools import pairwise

from symmcore.records import EvalRecord, StepRecord
from symmcore.settings.presets import QUICK
from symmcore.training.config import preset_config
from symmcore.training.control import Control
from symmcore.training.sink import NoSink, TrainingContext
from symmcore.training.spec import parse_spec
from symmcore.training.trainer import Trainer

_NAMES = ("npair", "npair+symm")
_BAR = 2.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What to measure.

    Attributes:
        dataset: what is trained on.
        steps: of each training.
        rounds: alternations.
        threads: torch threads on the CPU.
    """

    dataset: str = "alphabets"
    steps: int = 30
    rounds: int = 5
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; medians of the rounds.

    Attributes:
        sizes: what was asked for.
        seconds: of one training of both runs.
        training: time of it over the mean of each alone.
        step: the same of the median step.
        against_dearer: time of it over the training with Symm alone.
    """

    sizes: Sizes
    seconds: float
    training: float
    step: float
    against_dearer: float

    def lines(self) -> list[str]:
        """The report for people."""
        verdict = "met" if self.training <= _BAR else "NOT met"
        sizes = self.sizes
        return [
            f"N-pair without and with Symm on {sizes.dataset}, {sizes.steps} steps with "
            f"evaluations and frames, {sizes.threads} torch thread{'s' * (sizes.threads > 1)}, "
            f"medians of {sizes.rounds} alternations",
            f"{'both in lockstep':<44} {self.seconds:>8.2f} s",
            f"{'against one run alone, mean of the two':<44} {self.training:>8.2f}x"
            f"  bar: at most {_BAR}x  {verdict}",
            f"{'against the one with Symm alone':<44} {self.against_dearer:>8.2f}x",
            f"{'a step, against the mean of the two':<44} {self.step:>8.2f}x",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(sizes: Sizes) -> Report:
    """Train in alternation.

    Raises:
        InputError: if there is no such dataset.
        RuntimeError: if a training fails.
    """
    for names in (*((name,) for name in _NAMES), _NAMES):  # compiled, cached and warmed up
        _train(sizes, names, steps=3)
    rounds = [
        (_train(sizes, _NAMES), [_train(sizes, (name,)) for name in _NAMES])
        for _ in range(sizes.rounds)
    ]
    return Report(
        sizes,
        seconds=statistics.median(both.seconds for both, _ in rounds),
        training=statistics.median(
            both.seconds / statistics.mean(one.seconds for one in alone) for both, alone in rounds
        ),
        step=statistics.median(
            both.step / statistics.mean(one.step for one in alone) for both, alone in rounds
        ),
        against_dearer=statistics.median(both.seconds / alone[1].seconds for both, alone in rounds),
    )


class _Clock(NoSink):
    """Notes when a training begins, and when its last run has taken each step."""

    def __init__(self, runs: int) -> None:
        self._last = runs - 1
        self.began = 0.0
        self.steps: list[float] = []

    def begin(self, context: TrainingContext) -> None:
        """Note the time."""
        self.began = time.perf_counter()

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Note the time of each step of the last run."""
        if run == self._last and isinstance(record, StepRecord):
            self.steps.append(time.perf_counter())


@dataclass(frozen=True, slots=True)
class _Took:
    """Seconds of a training, and of its median step."""

    seconds: float
    step: float


def _train(sizes: Sizes, names: tuple[str, ...], steps: int | None = None) -> _Took:
    config = preset_config(
        QUICK.name,
        dataset=sizes.dataset,
        specs=tuple(map(parse_spec, names)),
        steps=sizes.steps if steps is None else steps,
        threads=sizes.threads,
        device="cpu",
    )
    clock = _Clock(len(names))
    status = Trainer(config, clock).run(Control())
    ended = time.perf_counter()
    if not clock.steps or not status.can_continue:
        raise RuntimeError(f"{' and '.join(names)} did not train: {status.message}")
    times = [clock.began, *clock.steps]
    step = statistics.median(b - a for a, b in pairwise(times))
    return _Took(ended - clock.began, step)
