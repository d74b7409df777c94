"""What one run came to."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from symmcore.runs.formats.info import RecordingState, RunInfo, RunStatus
from symmcore.runs.reading.recording import Recording
from symmcore.settings.setting import with_given
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec

_PREFIX = "test_"
# What decides no score: the machine, what is recorded and how often, where the numbers came from.
_NOT_SETTINGS = (
    "seed",
    "preset",
    "device",
    "threads",
    "eval_every",
    "frames",
    "watch_limit",
    "watch",
    "checkpoint_every",
    "recording_bytes",
    "cache_bytes",
    "download",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """All that decides what a run comes to, but for its seed.

    Attributes:
        name: SPEC of the run, or the name of a user's own loop; two names can say the same.
        training: the training with every setting said, and without what decides no score.
        step: after how many steps it was scored.
        branched_at: step at which it left its parent; None for a run of its own.
        alone: identity of a run that no other can be put together with; else empty.
    """

    name: str = field(compare=False)
    training: TrainingConfig | None
    step: int
    branched_at: int | None = None
    alone: str = ""

    @property
    def spec(self) -> RunSpec | None:
        """Loss and Symm with every setting said; None where they are unknown."""
        return None if self.training is None else self.training.specs[0]

    def is_baseline_of(self, other: "Setting") -> bool:
        """Whether the other is this and Symm, all else being equal."""
        if self.training is None or other.training is None or self.spec is None:
            return False
        symm = other.training.specs[0].symm
        if self.spec.symm is not None or symm is None:
            return False
        without = dataclasses.replace(
            other.training, specs=(dataclasses.replace(other.training.specs[0], symm=None),)
        )
        return (without, other.step, other.branched_at) == (
            self.training,
            self.step,
            self.branched_at,
        )


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What one run came to.

    Attributes:
        key: the run's identity.
        folder: its directory.
        name: its SPEC, or the name of a user's own loop.
        setting: all that decides its scores but the seed.
        spec: its SPEC, as it was given; None where unknown.
        config: its training; None where unknown.
        dataset: as the command line writes it; empty for a user's own loop.
        fingerprint: of the dataset; empty where unknown.
        seed: of the training; None where unknown.
        status: how the run stands.
        scores: scores on the test set by name, "recall_at_1", "nmi", "f1", "map_at_r" and so on,
            shares in [0, 1]; what is no number is left out.
        step: after how many steps they were taken.
        untrained: Recall@1 on the test set before the first step; None where it was not taken.
        is_whole: whether all scores of the end of a training are among them, or as many as
            there were when the run was recorded.
        seconds: training time, pauses left out, of all runs of a comparison together.
        steps_per_second: mean of the whole training, evaluations included.
        peak_memory_bytes: most memory that the training held.
        parameters: trained numbers of the network.
    """

    key: str
    folder: Path
    name: str
    setting: Setting
    spec: RunSpec | None
    config: TrainingConfig | None
    dataset: str
    fingerprint: str
    seed: int | None
    status: RunStatus
    scores: Mapping[str, float]
    step: int
    is_whole: bool
    untrained: float | None = None
    seconds: float | None = None
    steps_per_second: float | None = None
    peak_memory_bytes: int | None = None
    parameters: int | None = None

    @property
    def pair(self) -> tuple[int | None, str]:
        """What two runs that are compared must share: the seed and the data it chose."""
        return self.seed, self.fingerprint


def read_results(recordings: Iterable[Recording]) -> tuple[RunResult, ...]:
    """What each run came to, as far as it has been read."""
    return tuple(read_result(recording) for recording in recordings)


def read_result(recording: Recording) -> RunResult:
    """What a run came to, as far as it has been read: see ``Recording.read_whole``."""
    info, state = recording.info, recording.state
    found = state.last_evaluation or {}
    scores = {
        name.removeprefix(_PREFIX): float(value)
        for name, value in found.items()
        if name.startswith(_PREFIX) and value is not None and math.isfinite(value)
    }
    step = int(found.get("step") or 0)
    seconds = _newest(state, "seconds")
    peak = found.get("peak_memory_bytes")
    return RunResult(
        key=recording.key,
        folder=recording.folder,
        name=info.name,
        setting=_setting(info, recording.key, step),
        spec=info.spec,
        config=info.resolved,
        dataset=info.dataset,
        fingerprint=info.fingerprint,
        seed=info.seed,
        status=state.status,
        scores=MappingProxyType(scores),
        step=step,
        untrained=_untrained(state),
        is_whole="nmi" in scores or (info.own_loop and bool(scores)),
        seconds=seconds,
        steps_per_second=state.last_step / seconds if seconds and state.last_step else None,
        peak_memory_bytes=None if peak is None else int(peak),
        parameters=info.parameters,
    )


def _newest(state: RecordingState, name: str) -> float | None:
    """The newest value of a metric; None if there is none, or it is no number."""
    metric = state.metrics.get(name)
    if metric is None or not len(metric.values) or not math.isfinite(metric.values[-1]):
        return None
    return float(metric.values[-1])


def _untrained(state: RecordingState) -> float | None:
    recall = state.metrics.get("test_recall_at_1")
    value = None if recall is None else recall.at(0)
    return value if value is not None and math.isfinite(value) else None


def _setting(info: RunInfo, key: str, step: int) -> Setting:
    if info.resolved is None or info.spec is None:
        return Setting(info.name, None, step, alone=key)
    usual = {field.name: field.default for field in dataclasses.fields(TrainingConfig)}
    decided: dict[str, object] = {
        "specs": (info.spec.with_settings(learning_rate=None, dim=None),),
        "learning_rate": info.resolved.learning_rate_of(info.spec),
        "dim": info.resolved.dim_of(info.spec),
    }
    training = with_given(info.resolved, {name: usual[name] for name in _NOT_SETTINGS} | decided)
    branched_at = None if info.parent is None else info.parent.step
    return Setting(info.name, training, step, branched_at)
