"""The training bar: what can be done now, how far it is, and what went wrong."""

import math
import time
from dataclasses import dataclass
from typing import Protocol

from symmcore.runs import Recording
from symmcore.runs.formats.info import RunInfo, RunStatus
from symmcore.settings.networks import FROM_SCRATCH, network_info
from symmcore.training.config import TrainingConfig
from symmcore.training.status import FinishReason, RunState, TrainingStatus
from symmviz.model.resolve import Offers, offers, warnings


@dataclass(frozen=True, slots=True)
class Commands:
    """Which commands make sense now.

    Attributes:
        pause: hold the training.
        resume: let the held training go on.
        stop: end the training.
        extend: train the run that is shown for more steps.
        start: start another training.
        unfinished: the run that is shown ended before its planned last step: going on with
            it is called resuming.
        branch: branch from a checkpoint of the run that is shown.
        folder: show the folder of the run that is shown.
        weights: copy the path of its trained weights.
        seeds: going on trains the seeds that are left, too.
        all_seeds: going on trains every one of several seeds for more steps.
        one_seed: going on trains one seed alone, of several.
    """

    pause: bool = False
    resume: bool = False
    stop: bool = False
    extend: bool = False
    start: bool = True
    unfinished: bool = False
    branch: bool = False
    folder: bool = False
    weights: bool = False
    seeds: bool = False
    all_seeds: bool = False
    one_seed: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user must see: some sentences, and what can only be copied."""

    text: str
    detail: str = ""


# Of what there is to know of a training's data, as many sentences as leave room for pictures.
_FACTS_SHOWN = 4
# A step is too short to be read: of many a second so many are shown.
_SECONDS_BETWEEN_STEPS = 0.2


class ControlsView(Protocol):
    """What the presenter needs of the training bar."""

    def set_commands(self, commands: Commands) -> None:
        """Enable just these commands."""

    def set_progress(self, step: int, total: int, text: str) -> None:
        """Show how far training is."""

    def set_facts(self, text: str) -> None:
        """Show device and seed."""

    def set_notice(self, notice: Notice | None) -> None:
        """Show a notice until it is dismissed, with those that were not by then; or none."""


class ControlsPresenter:
    """Turns a training's status into buttons, progress and notices."""

    def __init__(self, view: ControlsView) -> None:
        self._view = view
        self._running = False
        self._stopping = False
        self._status: TrainingStatus | None = None
        self._told: TrainingStatus | None = None  # the newest that the view was told
        self._told_at = 0.0
        self._offers = Offers()
        self._shown: tuple[Offers, str, bool, bool] | None = None
        self._seeds_left = self._seeds_whole = False
        self._warned: tuple[str, ...] = ()
        self._series = ""
        self._offered = Commands()
        view.set_commands(self._offered)

    @property
    def running(self) -> bool:
        """Whether a training is under way: stopping it loses the steps to come."""
        return self._running

    def starting(self, series: str = "") -> None:
        """A training was asked for: nothing else can be until it answers.

        Args:
            series: which of several trainings it is; empty for one alone.
        """
        self._series = series
        self._running = True
        self._stopping = False
        self._status = self._told = None
        self._warned = ()
        self._view.set_notice(None)
        self._offer(Commands(start=False, stop=True))
        text = "Preparing: importing torch and reading the images"
        self._view.set_progress(0, 0, self._in_series(text))

    def stopping(self) -> None:
        """A stop was asked for and comes at the next batch boundary."""
        self._stopping = True
        self._offer(Commands(start=False))

    def show(
        self,
        recordings: tuple[Recording, ...],
        series: str = "",
        *,
        seeds_left: bool = False,
        seeds_whole: bool = False,
    ) -> None:
        """Offer what can be done with the runs that are shown; say how they stand.

        While a training is under way, that is said of the training.

        Args:
            recordings: the runs.
            series: which of several trainings they are of; empty for one alone.
            seeds_left: whether they are of several seeds, of which some are left to train.
            seeds_whole: whether they are of several seeds, of which all are finished.
        """
        if self._status is not None and self._status is not self._told:
            self._tell(self._status)
        self._warn(warnings(recordings))
        self._offers = offers(recordings)
        text = "" if self._running else _recorded_text(recordings)
        if text:
            self._series = series
            text = self._in_series(text)
        shown = self._offers, text, seeds_left, seeds_whole
        if shown == self._shown:
            return
        self._shown, self._seeds_left, self._seeds_whole = shown, seeds_left, seeds_whole
        if text:
            done, total = _recorded_steps(recordings)
            self._view.set_progress(done, max(1, total), text)
            self._view.set_facts(_facts(recordings[-1].info))
        if self._status is not None or not self._running:
            self._offer(self._commands())

    def begin(self, info: RunInfo) -> None:
        """Show what the training runs on."""
        self._view.set_facts(_facts(info))
        notes = info.settings.get("dataset_notes", ())
        facts = tuple(map(str, notes)) if isinstance(notes, list | tuple) else ()
        if weights := info.settings.get("weights_note"):
            facts += (str(weights),)
        if info.config is not None:
            facts += _weights_note(info.config)
        if facts:
            self._view.set_notice(_facts_notice(facts))

    def set_status(self, status: TrainingStatus) -> None:
        """Show a new status."""
        finished = status.state is RunState.FINISHED
        self._running = not finished
        self._status = status
        self._tell(status)
        self._offer(self._commands())
        notice = _notice(status) if finished else None
        if notice is not None:  # one about a problem beside the training stays
            self._view.set_notice(notice)

    def _tell(self, status: TrainingStatus) -> None:
        """Show how far training is, unless that was done a moment ago and only steps came."""
        now, before = time.monotonic(), self._told
        only_steps = before is not None and _but_for_steps(before) == _but_for_steps(status)
        if only_steps and now - self._told_at < _SECONDS_BETWEEN_STEPS:
            return
        self._told, self._told_at = status, now
        finished = status.state is RunState.FINISHED
        # a total of 0 is shown as work of unknown length, which a finished one is not
        total = max(1, status.total_steps) if finished else status.total_steps
        self._view.set_progress(status.step, total, self._in_series(_progress_text(status)))

    def set_problem(self, text: str) -> None:
        """Show that something beside the training went wrong: a line, then any details."""
        sentence, _, details = text.partition("\n")
        self._view.set_notice(Notice(sentence, details))

    def _in_series(self, text: str) -> str:
        return " · ".join(filter(None, (self._series, text)))

    def _offer(self, commands: Commands) -> None:
        """Offer these commands, if others were."""
        if commands != self._offered:
            self._offered = commands
            self._view.set_commands(commands)

    def _warn(self, sentences: tuple[str, ...]) -> None:
        """Show what is unusual about the runs, once; and no more where it is so no more."""
        if sentences != self._warned:
            self._warned = sentences
            self._view.set_notice(_facts_notice(sentences) if sentences else None)

    def _commands(self) -> Commands:
        offered, status = self._offers, self._status
        folder, weights = offered.folder is not None, offered.weights is not None
        several = self._seeds_left or self._seeds_whole
        if status is None or status.state is RunState.FINISHED:
            return Commands(
                start=True,
                extend=offered.going_on is not None or several,
                seeds=self._seeds_left,
                all_seeds=self._seeds_whole,
                one_seed=bool(self._series) and not several,
                unfinished=offered.unfinished,
                branch=offered.can_branch,
                folder=folder,
                weights=weights,
            )
        if self._stopping:
            return Commands(start=False, folder=folder, weights=weights)
        paused = status.state is RunState.PAUSED
        return Commands(
            start=False,
            stop=True,
            resume=paused,
            pause=not paused and status.state is not RunState.PREPARING,
            folder=folder,
            weights=weights,
        )


_STATE_WORDS = {
    RunState.PREPARING: "Preparing",
    RunState.TRAINING: "Training",
    RunState.EVALUATING: "Training",
    RunState.PAUSED: "Paused",
}
_RECORDED_WORDS = {
    RunStatus.TRAINING: "Being trained",
    RunStatus.FINISHED: "Finished",
    RunStatus.STOPPED: "Stopped",
    RunStatus.DIVERGED: "Diverged",
    RunStatus.FAILED: "Failed",
    RunStatus.UNKNOWN: "Broken off",
}
_REASON_WORDS = {
    FinishReason.COMPLETED: "Finished",
    FinishReason.STOPPED: "Stopped",
    FinishReason.CANCELLED: "Cancelled before it began",
    FinishReason.DIVERGED: "Diverged",
    FinishReason.INVALID: "Not started",
    FinishReason.FAILED: "Failed",
}


def _but_for_steps(status: TrainingStatus) -> tuple[object, ...]:
    word = _STATE_WORDS.get(status.state)  # evaluating is called training
    return word, status.reason, status.message, status.total_steps


def _progress_text(status: TrainingStatus) -> str:
    word = _REASON_WORDS[status.reason] if status.reason else _STATE_WORDS[status.state]
    if status.state is RunState.PREPARING and status.message:
        return status.message
    if status.total_steps == 0:  # it ended before it could be prepared
        return word
    parts = [word, f"step {status.step:,} of {status.total_steps:,}"]
    active = status.state in (RunState.TRAINING, RunState.EVALUATING)
    if active and status.steps_per_second is not None:
        digits = 0 if status.steps_per_second >= 10 else 1
        parts.append(f"{status.steps_per_second:.{digits}f} steps/s")
        if status.seconds_left is not None:
            parts.append(f"{_duration(status.seconds_left)} left")
    return " · ".join(parts)


def _facts(info: RunInfo) -> str:
    return " · ".join(
        part for part in (info.device, "" if info.seed is None else f"seed {info.seed}") if part
    )


def _recorded_steps(recordings: tuple[Recording, ...]) -> tuple[int, int]:
    """Steps that were made, and that were planned or made, of the run that is furthest."""
    done = max(recording.state.last_step for recording in recordings)
    return done, max((recording.info.total_steps or 0 for recording in recordings), default=0)


def _recorded_text(recordings: tuple[Recording, ...]) -> str:
    """How recorded runs stand; empty without any."""
    if not recordings:
        return ""
    words = ", ".join(
        dict.fromkeys(_RECORDED_WORDS[recording.state.status] for recording in recordings)
    ).capitalize()
    done, total = _recorded_steps(recordings)
    of = f" of {total:,}" if total else ""
    return f"{words} · step {done:,}{of}"


def _facts_notice(facts: tuple[str, ...]) -> Notice:
    shown, more = facts[:_FACTS_SHOWN], facts[_FACTS_SHOWN:]
    if more:
        shown = (*shown, f"{len(more):,} more can be copied.")
    return Notice("\n".join(shown), "\n".join(more))


def _weights_note(config: TrainingConfig) -> tuple[str, ...]:
    """What to know of a network that could start from ImageNet's weights and does not."""
    info = network_info(config.network)
    if not info.imagenet or config.weights != FROM_SCRATCH:
        return ()
    return (f"{info.title} is trained from scratch; the paper starts from ImageNet's weights.",)


def _duration(seconds: float) -> str:
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _notice(status: TrainingStatus) -> Notice | None:
    if status.reason is FinishReason.FAILED:
        return Notice(f"Training failed: {status.message}", status.detail)
    if status.reason is FinishReason.DIVERGED:
        return Notice(f"{status.message} Everything up to then is kept.")
    return Notice(status.message) if status.message else None
