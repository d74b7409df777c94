"""A sink that shows training as a progress bar on stderr."""

import sys

from tqdm import tqdm

from symmcore.data.names import display_name
from symmcore.records import Checkpoint, EvalRecord, Snapshot, StepRecord
from symmcore.settings.networks import FROM_SCRATCH, describe_weights, network_info
from symmcore.training.config import TrainingConfig
from symmcore.training.recording_size import recording_size
from symmcore.training.sink import TrainingContext
from symmcore.training.status import RunState, TrainingStatus
from symmviz.cli.preparing import Preparing
from symmviz.cli.score_table import score_table
from symmviz.model.runs.paper_scores import paper_scores

_SECONDS_BETWEEN_LINES = 5.0


class _Bar(tqdm):  # type: ignore[misc]  # tqdm publishes no types
    """A bar without tqdm's own thread, which outlives it: every step updates it anyway."""

    monitor_interval = 0


class ProgressSink:
    """Shows each run's loss, share of synthetic points picked and Recall@1.

    Attributes:
        diverged: the runs that have ended so.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._names = [spec.name for spec in config.specs]
        self._steps: list[StepRecord | None] = [None] * len(self._names)
        self._evaluations: list[EvalRecord | None] = [None] * len(self._names)
        self._bar: _Bar | None = None
        self._preparing = Preparing()
        self.diverged: frozenset[int] = frozenset()

    @property
    def began(self) -> bool:
        """Whether training was prepared."""
        return self._bar is not None

    def begin(self, context: TrainingContext) -> None:
        """Show the bar."""
        environment = context.environment
        self.diverged = context.ended
        self._preparing.done()
        sys.stderr.write(
            f"{display_name(context.dataset.name)}: {len(context.dataset.train):,} training and "
            f"{len(context.dataset.test):,} test images, on {environment.device} with "
            f"{_threads(environment.threads)}, seed {context.config.seed}\n"
            f"{_network_line(context.config)}\n"
        )
        limit = context.config.watch_limit
        train, test = len(context.dataset.train), len(context.dataset.test)
        sys.stderr.write(
            f"Watching {_some_of(train, limit)} training and {_some_of(test, limit)} test images. "
            f"{recording_size(context.config, train, test, context.parameters).sentence()}\n"
        )
        for note in context.notes():
            sys.stderr.write(f"{display_name(note)}\n")
        on_terminal = sys.stderr.isatty()
        if context.resumed_from is not None or context.parents:
            sys.stderr.write(f"Going on from step {context.begins_at:,}\n")
        self._bar = _Bar(
            total=context.config.steps,
            initial=context.begins_at,
            unit="step",
            file=sys.stderr,
            dynamic_ncols=True,
            # in a file, a line now and then says enough
            mininterval=0.1 if on_terminal else _SECONDS_BETWEEN_LINES,
        )

    def scalar(self, run: int, record: StepRecord | EvalRecord) -> None:
        """Take in the newest numbers."""
        if isinstance(record, EvalRecord):
            self._evaluations[run] = record
        else:
            self._steps[run] = record

    def snapshots(self, snapshots: tuple[Snapshot | None, ...]) -> None:
        """Not shown here."""

    def checkpoints(self, checkpoints: tuple[Checkpoint | None, ...]) -> None:
        """Not shown here."""

    def ended(self, run: int, message: str) -> None:
        """Say above the bar that a run has diverged, if others go on."""
        self.diverged = self.diverged | {run}
        if len(self.diverged) < len(self._names):
            self.problem(f"{message} Training goes on without it.")

    def status(self, status: TrainingStatus) -> None:
        """Move the bar."""
        if self._bar is None:
            if status.state is RunState.FINISHED:
                self._preparing.done()  # whoever ran the training says why it ended
            else:
                self._preparing.say(status.message)
            return
        self._bar.set_postfix_str(
            " | ".join(self._words(run) for run in range(len(self._names))), refresh=False
        )
        self._bar.update(status.step - self._bar.n)
        if status.state is RunState.FINISHED:
            self._bar.refresh()
            self._bar.close()

    def problem(self, sentence: str) -> None:
        """Say above the bar that something cannot be recorded; from any thread."""
        _Bar.write(display_name(sentence), file=sys.stderr)

    def final_scores(self) -> list[str]:
        """A line for each run scored at the end of training, and the paper's numbers if any."""
        lines = []
        for spec, record in zip(self._config.specs, self._evaluations, strict=True):
            if record is None or record.test_nmi is None or record.test_f1 is None:
                continue
            recall = "  ".join(f"R@{k} {value:.4f}" for k, value in record.test_recall_at)
            others = (
                ("NMI", record.test_nmi),
                ("F1", record.test_f1),
                ("MAP@R", record.test_map_at_r),
                ("R-precision", record.test_r_precision),
            )
            scores = "".join(f"  {name} {one:.4f}" for name, one in others if one is not None)
            lines.append(f"{spec.name}  step {record.step}  test  {recall}{scores}")
            paper = paper_scores(self._config.dataset, spec)
            if paper is not None:
                lines += score_table(record, paper, self._config)
        return lines

    def _words(self, run: int) -> str:
        step, evaluation = self._steps[run], self._evaluations[run]
        words = [self._names[run]] if len(self._names) > 1 else []
        if run in self.diverged:
            return " ".join((*words, "diverged"))
        if step is not None:
            words.append(f"loss {step.loss:.3f}")
            if step.synthetic_ratio is not None:
                words.append(f"ratio {step.synthetic_ratio:.2f}")
        if evaluation is not None:
            words.append(f"R@1 {evaluation.test_recall_at_1:.4f}")
        return " ".join(words)


def _network_line(config: TrainingConfig) -> str:
    info = network_info(config.network)
    line = f"{info.title} to {config.dim} dimensions, {describe_weights(config.weights)}"
    if info.imagenet and config.weights == FROM_SCRATCH:
        line += " (the paper starts from ImageNet's: --weights imagenet)"
    return line


def _some_of(count: int, limit: int | None) -> str:
    return f"all {count:,}" if limit is None or count <= limit else f"{limit:,} of {count:,}"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
