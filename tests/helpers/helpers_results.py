"""What runs came to, made up: for tests of statistics and tables."""

from collections.abc import Mapping
from pathlib import Path

from symmcore.runs.formats.info import RunStatus
from symmcore.runs.results import RunResult, Setting
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec


def result(name: str, seed: int, recall: float, **changes: object) -> RunResult:
    """What a run of 300 steps on digits came to."""
    spec = parse_spec(name)
    training = TrainingConfig(specs=(spec,))
    given: dict[str, object] = {
        "key": f"{name}-{seed}",
        "folder": Path(name),
        "name": name,
        "setting": Setting(name, training, 300),
        "spec": spec,
        "config": training,
        "dataset": "digits",
        "fingerprint": f"digits split by {seed}",
        "seed": seed,
        "status": RunStatus.FINISHED,
        "scores": {"recall_at_1": recall, "nmi": recall / 2},
        "step": 300,
        "is_whole": True,
    }
    return RunResult(**given | changes)  # type: ignore[arg-type]  # each is of its field's type


def over_seeds(name: str, recalls: Mapping[int, float], **changes: object) -> tuple[RunResult, ...]:
    """The same for several seeds."""
    return tuple(result(name, seed, recall, **changes) for seed, recall in recalls.items())
