"""The quick preset against the one before it: a lockstep of two runs, its evaluations and frames.

Both train N-pair without and with Symm on alphabets. Steps, evaluations and frames are timed in
alternation, as a training takes them; a whole training is what its schedule counts of each.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from symmcore.progress import ignore_progress
from symmcore.settings.schedule import Schedule
from symmcore.training.config import TrainingConfig
from symmcore.training.frame_schedule import frame_schedule
from symmcore.training.learner import Learner
from symmcore.training.preparation import Preparation
from symmcore.training.spec import RunSpec, parse_spec

FORMER_DEFAULTS = MappingProxyType(
    {
        "network": "small",
        "learning_rate": 1e-3,
        "schedule": Schedule(),
        "eval_every": 25,
        "frames": 60,
        "watch_limit": 400,
    }
)
"""The quick preset up to commit edb0995, with which it is compared and nothing else is trained."""

_SPEED_BAR = 4.0
_SHARE_BAR = 0.1
_FRAMES_BAR = 1.0
_WARM_UP = 2


@dataclass(frozen=True, slots=True)
class Share:
    """What a training of one preset takes, in seconds.

    Attributes:
        network: its network.
        step: one step of both runs.
        evaluation: one evaluation of both.
        frame: one frame of both, without an evaluation.
        steps: how many steps there are.
        evaluations: how many evaluations.
        frames: how many frames that are no evaluations.
    """

    network: str
    step: float
    evaluation: float
    frame: float
    steps: int
    evaluations: int
    frames: int

    @property
    def whole(self) -> float:
        """Seconds of the whole training, but for the scores of its end."""
        return self.steps * self.step + self._evaluating + self._framing

    @property
    def evaluating(self) -> float:
        """Share of the time that evaluations take."""
        return self._evaluating / self.whole

    @property
    def framing(self) -> float:
        """Share of the time that frames take."""
        return self._framing / self.whole

    @property
    def pictures_a_second(self) -> float:
        """Frames a second, those of evaluations too."""
        return (self.evaluations + self.frames) / self.whole

    @property
    def _evaluating(self) -> float:
        return self.evaluations * self.evaluation

    @property
    def _framing(self) -> float:
        return self.frames * self.frame


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured.

    Attributes:
        quick: the quick preset.
        former: the one before.
        step_ratio: time of a former step over one now, median of the rounds.
    """

    quick: Share
    former: Share
    step_ratio: float

    def lines(self) -> list[str]:
        """The report for people."""
        quick, former = self.quick, self.former
        return [
            f"quick preset ({quick.network}) against commit edb0995's ({former.network}), two runs "
            "in lockstep on alphabets",
            _bar("steps a second, against", f"{self.step_ratio:.2f}x", self.step_ratio, _SPEED_BAR),
            f"{'a training of ' + str(quick.steps) + ' steps':<28} {quick.whole:>9.1f}s  "
            f"{former.whole / quick.whole:.2f}x as fast, {former.whole:.1f}s before",
            _bar("share of evaluations", f"{quick.evaluating:.1%}", -quick.evaluating, -_SHARE_BAR)
            + f", {former.evaluating:.1%} before",
            _bar("share of frames", f"{quick.framing:.1%}", -quick.framing, -_SHARE_BAR)
            + f", {former.framing:.1%} before",
            _bar(
                "frames a second",
                f"{quick.pictures_a_second:.2f}",
                quick.pictures_a_second,
                _FRAMES_BAR,
            ),
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure_quick(rounds: int, steps: int) -> Report:
    """Train both in alternation, in the present number of torch threads.

    Args:
        rounds: alternations.
        steps: of both runs in each.
    """
    both = [_Training(_config(**FORMER_DEFAULTS)), _Training(_config())]
    for training in both:
        training.steps(_WARM_UP)
    for _ in range(rounds):
        for training in both:
            training.measure(steps)
    former, quick = both
    ratios = zip(former.step_seconds, quick.step_seconds, strict=True)
    return Report(
        quick.share(), former.share(), statistics.median(before / now for before, now in ratios)
    )


class _Training:
    """A training that is taken apart."""

    def __init__(self, config: TrainingConfig) -> None:
        self._prepared = Preparation(config, ignore_progress, None)
        self._prepared.warm_up()
        self.step_seconds: list[float] = []
        self._evaluation_seconds: list[float] = []
        self._frame_seconds: list[float] = []

    def steps(self, count: int) -> None:
        for _ in range(count):
            images, labels = self._prepared.feed.next_batch()
            for learner in self._prepared.learners:
                learner.step(images, labels)

    def measure(self, count: int) -> None:
        self.step_seconds.append(_seconds(lambda: self.steps(count)) / count)
        self._evaluation_seconds.append(_seconds(self._evaluate))
        self._frame_seconds.append(_seconds(self._embed))

    def share(self) -> Share:
        config = self._prepared.config
        schedule = frame_schedule(config)
        evaluations = schedule.evaluations.count()
        return Share(
            config.network,
            statistics.median(self.step_seconds),
            statistics.median(self._evaluation_seconds),
            statistics.median(self._frame_seconds),
            config.steps,
            evaluations,
            schedule.count() - evaluations,
        )

    def _evaluate(self) -> None:
        evaluator = self._prepared.evaluator
        for embedded in evaluator.embed(self._runs(), 0, lambda: None):
            evaluator.score(embedded, 0.0, lambda: None, final=False)

    def _embed(self) -> None:
        self._prepared.evaluator.snapshots(self._runs(), 0, lambda: None)

    def _runs(self) -> list[tuple[Learner, RunSpec]]:
        return list(zip(self._prepared.learners, self._prepared.config.specs, strict=True))


def _config(**given: Any) -> TrainingConfig:
    specs = (parse_spec("npair"), parse_spec("npair+symm"))
    return TrainingConfig(dataset="alphabets", specs=specs, device="cpu", **given)


def _seconds(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _bar(what: str, text: str, value: float, bar: float) -> str:
    """A line that judges a value: at least the bar, or, both negated, at most."""
    said = f"at least {bar:g}" if bar > 0 else f"at most {-bar:.0%}"
    return f"{what:<28} {text:>10}  bar: {said}  {'met' if value >= bar else 'NOT met'}"
