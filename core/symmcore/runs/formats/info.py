"""What is known of a run, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from symmcore.runs.formats.metrics import Metric, Scores
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import ParentRun
from symmcore.training.spec import RunSpec


class RunStatus(Enum):
    """How a run stands."""

    TRAINING = "training"
    FINISHED = "finished"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It did not say that it ended, and what wrote it is gone, or silent for minutes."""

    @property
    def is_complete(self) -> bool:
        """Whether it ended by itself or as it was asked to, so was scored at its end."""
        return self in (RunStatus.FINISHED, RunStatus.STOPPED)


@dataclass(frozen=True, slots=True, eq=False)
class RunInfo:
    """What does not change while a run goes on, but for the number of steps.

    Attributes:
        key: its identity, wherever it is copied to.
        folder: its directory.
        format: version of the directory, 1 or 2.
        name: its SPEC, such as "npair+symm"; the folder's name for a user's own loop.
        spec: what the SPEC says; None for a user's own loop, and where it is unreadable.
        config: the training as it was chosen, of this run alone; None like ``spec``.
        resolved: the same with what the training made of it: device, threads, transform.
        compared: SPECs of all runs of its comparison, in order; its own where it was alone.
        settings: config.json as it is.
        problems: why ``spec`` or ``config`` is None though it should not be.
        dataset: the dataset as the command line writes it; empty for a user's own loop.
        fingerprint: equal for two runs that show the same images; empty where unknown.
        class_names: what each label is called; may be fewer than there are labels.
        device: torch's name of the device that trained.
        seed: of the training; None for a user's own loop.
        total_steps: how many were planned; None where nobody said.
        parent: the run that it shares its past with, for a branch.
        group: the folder of its comparison, for one of several.
        warnings: sentences on what is unusual about it.
        train_count: training images of the dataset; None where unknown.
        test_count: test images of the dataset; None where unknown.
        parameters: trained numbers of its network; None where unknown.
    """

    key: str
    folder: Path
    format: int
    name: str
    spec: RunSpec | None = None
    config: TrainingConfig | None = None
    resolved: TrainingConfig | None = None
    compared: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[str, ...] = ()
    dataset: str = ""
    fingerprint: str = ""
    class_names: tuple[str, ...] = ()
    device: str = ""
    seed: int | None = None
    total_steps: int | None = None
    parent: ParentRun | None = None
    group: Path | None = None
    warnings: tuple[str, ...] = ()
    train_count: int | None = None
    test_count: int | None = None
    parameters: int | None = None

    def class_name(self, label: int) -> str:
        """What a class is called; its number where the run does not say."""
        names = self.class_names
        return names[label] if 0 <= label < len(names) else str(label)

    @property
    def own_loop(self) -> bool:
        """Whether a user's own training loop recorded it."""
        return self.settings.get("recorded_by") == OWN_LOOP

    @property
    def imported(self) -> bool:
        """Whether it was made of embeddings that were trained elsewhere."""
        given = self.settings.get("settings")
        return isinstance(given, Mapping) and "imported_from" in given

    @property
    def place(self) -> tuple[int, str]:
        """What the runs of a comparison are sorted by: the order in which it names them."""
        known = self.name in self.compared
        return self.compared.index(self.name) if known else len(self.compared), self.name


OWN_LOOP = "own loop"


@dataclass(frozen=True, slots=True, eq=False)
class RecordingState:
    """All that a run holds at one moment, but for arrays of embeddings.

    Attributes:
        revision: larger in each later state of the same recording.
        metrics: the metrics by name.
        frame_steps: steps of frames, ascending.
        gallery_steps: steps after which all test images are kept, ascending.
        checkpoint_steps: steps of whole checkpoints, ascending.
        projection_steps: steps of stored projections by method, ascending.
        last_step: the largest step that anything was recorded of.
        status: how the run stands.
        message: what the run said when it ended, for the user.
        last_evaluation: the newest evaluation as it stands in the metrics; None before one.
        warnings: sentences on files that cannot be used, each naming one.
    """

    revision: int = 0
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    frame_steps: tuple[int, ...] = ()
    gallery_steps: tuple[int, ...] = ()
    checkpoint_steps: tuple[int, ...] = ()
    projection_steps: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    last_step: int = 0
    status: RunStatus = RunStatus.UNKNOWN
    message: str = ""
    last_evaluation: Scores | None = None
    warnings: tuple[str, ...] = ()
