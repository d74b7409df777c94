"""Plans how recorded runs are gone on with: resumed, or branched; imports no torch."""

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from symmcore.errors import InputError
from symmcore.processes import usable_cores
from symmcore.records import Checkpoint
from symmcore.runs.formats.checkpoints import read_checkpoint
from symmcore.runs.formats.info import RunInfo, RunStatus
from symmcore.runs.formats.layout import SEEDS
from symmcore.runs.reading.recording import Recording, open_runs
from symmcore.training.branch import branch_config, branch_spec
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import ParentRun
from symmcore.training.spec import RunSpec
from symmcore.training.start import Start


@dataclass(frozen=True, slots=True, eq=False)
class ContinuationPlan:
    """How a training goes on from checkpoints: ``Trainer(plan.config, sink, plan.start)``.

    Attributes:
        config: the training, with the threads and the kind of device that it began with.
        start: the checkpoints, which nobody has read yet.
        out: the folder of the run or comparison that is resumed; None for a branch, whose
            place is chosen by whoever starts it.
        notes: sentences the user should read.
    """

    config: TrainingConfig
    start: Start
    out: Path | None
    notes: tuple[str, ...]

    def check_newest(self) -> None:
        """Make sure that what is resumed has not gone on since: to be asked under its lock.

        Raises:
            InputError: if it has.
        """
        if self.out is None:
            return
        recordings = _read(self.out)
        going = not_diverged(recordings)
        if len(going) + len(self.start.ended) < len(recordings):
            raise InputError(f"A run in {self.out} has diverged in another process: try again.")
        newest = _newest_common_checkpoint(self.out, going)
        if newest != self.start.step:
            raise InputError(
                f"{self.out} has gone on to step {newest} in another process meanwhile: try again."
            )


def resume_plan(
    folder: Path,
    steps: int | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> ContinuationPlan:
    """Plan to go on with a run, or with all runs of a comparison together.

    Those of a comparison that diverged stay as they are.

    Args:
        folder: of the run or of the comparison.
        steps: in all; None takes as many as were planned.
        threads: torch threads; None takes as many as it was trained with.
        device: to train on; None takes the kind that it was trained on.

    Raises:
        InputError: if it cannot be gone on with: one sentence that says why.
    """
    recordings = _read(folder)
    configs = [_config_of(recording) for recording in recordings]
    _check_whole_comparison(folder, recordings)
    going = not_diverged(recordings)
    if not going:
        raise InputError(
            f"{recordings[0].folder} ended because its numbers were lost, and would again: branch "
            "from one of its checkpoints with a lower learning rate."
        )
    step = _newest_common_checkpoint(folder, going)
    first = configs[recordings.index(going[0])]
    total = first.steps if steps is None else steps
    if total <= step:
        raise InputError(
            f"{folder} has taken {step} steps: to go on it needs a larger number of steps than "
            f"{total}."
        )
    # each as it has it, where the runs name learning rates of their own
    specs = tuple(spec for config in configs for spec in config.specs)
    config = dataclasses.replace(first, specs=specs, steps=total)
    config, notes = _on_this_machine(config, going[0].info, threads, device)
    notes = (*map(_stays, recordings), *notes)
    start = _start(str(folder), recordings, step)
    return ContinuationPlan(config, start, folder, tuple(filter(None, notes)))


def branch_plan(
    run_folder: Path,
    step: int,
    spec: str | RunSpec,
    steps: int | None = None,
    learning_rate: float | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> ContinuationPlan:
    """Plan a run that shares another's past up to a checkpoint.

    Args:
        run_folder: of the parent, one run.
        step: of the parent's checkpoint.
        spec: loss and Symm from there on.
        steps: in all, the shared past counted; None takes the parent's.
        learning_rate: from there on, where the SPEC names none; None takes the parent's.
        threads: torch threads; None takes the parent's.
        device: to train on; None takes the kind that the parent was trained on.

    Raises:
        InputError: if there is no such checkpoint, or the parent cannot be gone on with.
    """
    recordings = _read(run_folder)
    if len(recordings) > 1:
        raise InputError(
            f"{run_folder} holds {len(recordings)} runs and a branch has one parent: name one, "
            f"such as {recordings[0].folder}."
        )
    (recording,) = recordings
    parent = _config_of(recording)
    _check_has_checkpoint(recording)
    _check_step(recording, step)
    if isinstance(spec, str):
        spec = branch_spec(spec, parent.specs[0])
    config = branch_config(parent, spec, steps, learning_rate)
    if config.steps <= step:
        raise InputError(
            f"The branch begins at step {step}: it needs a larger number of steps than "
            f"{config.steps}."
        )
    config, notes = _on_this_machine(config, recording.info, threads, device)
    shared = ParentRun(recording.folder, recording.key, step)
    start = _start(str(recording.folder), recordings, step)
    return ContinuationPlan(config, dataclasses.replace(start, parents=(shared,)), None, notes)


def _read(folder: Path) -> tuple[Recording, ...]:
    """The runs in a folder with all that they hold: checkpoints may come after many frames."""
    if (folder / SEEDS).exists():
        raise InputError(
            f"{folder} holds trainings of several seeds: the command that began them trains what "
            "is left, with a larger --steps too; for a branch name the folder of one seed."
        )
    recordings = open_runs(folder)
    for recording in recordings:
        recording.read_whole()
    return recordings


def not_diverged(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """The runs that can be trained further: one that diverged stays as it is."""
    return tuple(one for one in recordings if one.state.status is not RunStatus.DIVERGED)


def _stays(recording: Recording) -> str:
    """What is said of a run that diverged; empty for any other."""
    if recording.state.status is not RunStatus.DIVERGED:
        return ""
    name, step = recording.info.name, recording.state.last_step
    return f"{name} diverged at step {step:,} and stays as it is."


def _config_of(recording: Recording) -> TrainingConfig:
    """The training of one run as it was resolved."""
    info = recording.info
    if info.own_loop:
        raise InputError(
            f"{recording.folder} was recorded by a training loop of its own, which alone can go "
            "on with it: it can be looked at."
        )
    if info.resolved is None:
        reason = info.problems[0] if info.problems else "Its settings cannot be read."
        raise InputError(f"{recording.folder} can be looked at, but not gone on with: {reason}")
    return info.resolved


def _check_has_checkpoint(recording: Recording) -> None:
    if not recording.state.checkpoint_steps:
        raise InputError(
            f"{recording.folder} holds no checkpoint: it can be looked at, but not gone on with."
        )


def _check_whole_comparison(folder: Path, recordings: tuple[Recording, ...]) -> None:
    compared = recordings[0].info.compared
    names = [recording.info.name for recording in recordings]
    if len(compared) > 1 and recordings[0].folder == folder:
        raise InputError(
            f"{folder} is one of {len(compared)} runs that were compared and go on together: name "
            f"the folder that holds them, {recordings[0].folder.parent}."
        )
    missing = [name for name in compared if name not in names]
    strange = [one.info.name for one in recordings if one.info.compared != compared]
    if missing or strange or len(set(names)) < len(names):
        what = missing[0] if missing else (strange or names)[0]
        raise InputError(
            f"{folder} does not hold the runs of one comparison, as far as {what} is concerned: it "
            "can be looked at, but not gone on with."
        )


def _newest_common_checkpoint(folder: Path, recordings: tuple[Recording, ...]) -> int:
    for recording in recordings:
        _check_has_checkpoint(recording)
    steps = [set(recording.state.checkpoint_steps) for recording in recordings]
    common = set.intersection(*steps)
    if not common:
        raise InputError(
            f"The runs in {folder} have no checkpoint at the same step: they can be looked at, but "
            "not gone on with."
        )
    return max(common)


def _check_step(recording: Recording, step: int) -> None:
    steps = recording.state.checkpoint_steps
    if step not in steps:
        near = min(steps, key=lambda one: abs(one - step))
        raise InputError(
            f"{recording.folder} has no checkpoint at step {step}: the nearest is at {near}."
        )


def _on_this_machine(
    config: TrainingConfig, info: RunInfo, threads: int | None, device: str | None
) -> tuple[TrainingConfig, tuple[str, ...]]:
    """The training with its threads and device, and what is to be said of them."""
    notes = []
    before, cores = config.threads, usable_cores()
    if threads is not None and before is not None and threads != before:
        notes.append(
            f"Trained with {_count(before, 'thread')} until now and with {threads} from here on: "
            "the numbers are not those of an uninterrupted training to the last bit."
        )
    elif before is not None and before > cores:
        notes.append(
            f"Trained with {_count(before, 'thread')}, as until now, and this process may use "
            f"{_count(cores, 'core')}: fewer threads are faster, with slightly other numbers."
        )
    kind = config.device if device is None else device
    if kind != config.device:
        notes.append(
            f"Trained on {info.device} until now: on another device the numbers are not those of "
            "an uninterrupted training to the last bit."
        )
    changed = dataclasses.replace(
        config, threads=before if threads is None else threads, device=kind
    )
    return changed, tuple(notes)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _start(named: str, recordings: tuple[Recording, ...], step: int) -> Start:
    """Where a training begins: the runs that diverged, unless it is a branch of one, are over."""
    ended = {
        run: one.state.message
        for run, one in enumerate(recordings)
        if len(recordings) > 1 and one.state.status is RunStatus.DIVERGED
    }

    folders = tuple(None if run in ended else one.folder for run, one in enumerate(recordings))
    read = partial(_checkpoints, folders, step)
    return Start(step, read, recordings[0].info.fingerprint, named, ended=ended)


def _checkpoints(folders: tuple[Path | None, ...], step: int) -> tuple[Checkpoint | None, ...]:
    """Read the checkpoint of each run directory, but for None of a run that has ended."""
    return tuple(None if folder is None else read_checkpoint(folder, step) for folder in folders)
