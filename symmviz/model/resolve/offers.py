"""What can be done with the runs that are shown."""

from dataclasses import dataclass
from pathlib import Path

from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import not_diverged
from symmcore.runs.formats.info import RunStatus
from symmviz.model.runs.branch import BranchParent
from symmviz.model.runs.mismatch import mismatch
from symmviz.model.runs.titles import run_titles

# A training that was killed, or fell over, can go on from its newest checkpoint, too.
_BROKEN_OFF = (RunStatus.FAILED, RunStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Offers:
    """What makes sense for the runs that are shown.

    Attributes:
        going_on: folder of the one run or comparison that could be trained for more steps;
            None where that cannot go on.
        unfinished: whether it ended before its planned last step.
        folder: that contains what is shown; None with nothing shown.
        weights: folder of the newest weights of the last run; None where there are none.
        can_branch: whether a run has a checkpoint to branch from.
    """

    going_on: Path | None = None
    unfinished: bool = False
    folder: Path | None = None
    weights: Path | None = None
    can_branch: bool = False


def offers(recordings: tuple[Recording, ...]) -> Offers:
    """What can be done with these runs."""
    if not recordings:
        return Offers()
    trained = tuple(one for one in recordings if one.info.config is not None)
    weights = [one for one in recordings if one.state.checkpoint_steps]
    return Offers(
        going_on=_going_on(recordings),
        unfinished=any(_is_unfinished(one) for one in not_diverged(recordings) or recordings),
        folder=_folder(recordings),
        weights=weights[-1].checkpoint_folder(weights[-1].state.checkpoint_steps[-1])
        if weights
        else None,
        can_branch=any(one.state.checkpoint_steps for one in trained),
    )


def warnings(recordings: tuple[Recording, ...]) -> tuple[str, ...]:
    """Sentences on what is unusual about these runs, and on files of them that cannot be used.

    Of several runs, on what they do not share, too.
    """
    found = dict.fromkeys(filter(None, (mismatch(tuple(one.info for one in recordings)),)))
    for recording in recordings:
        info = recording.info
        found |= dict.fromkeys((*info.warnings, *info.problems, *recording.state.warnings))
    return tuple(found)


def branch_parents(recordings: tuple[Recording, ...], step: int | None) -> tuple[BranchParent, ...]:
    """The runs to branch from: those with a checkpoint at or before a step, as they are shown.

    Args:
        recordings: the runs that are shown.
        step: the step that is shown; None for the newest checkpoint.
    """
    titles = run_titles(tuple(one.info for one in recordings))
    parents = []
    for recording, title in zip(recordings, titles, strict=True):
        info = recording.info
        steps = [at for at in recording.state.checkpoint_steps if step is None or at <= step]
        if info.config is None or info.spec is None or not steps:
            continue
        parent = BranchParent(
            folder=recording.folder,
            title=title.title,
            step=steps[-1],
            spec=info.spec,
            learning_rate=info.config.learning_rate_of(info.spec),
            steps=info.config.steps,
            dataset=info.dataset,
            network=info.config.network,
            seed=info.config.seed,
        )
        parents.append(parent)
    return tuple(parents)


def _going_on(recordings: tuple[Recording, ...]) -> Path | None:
    places = {one.info.group or one.folder for one in recordings}
    going = not_diverged(recordings)
    can = all(one.info.config is not None for one in recordings) and all(
        one.state.checkpoint_steps
        and (one.state.status.is_complete or one.state.status in _BROKEN_OFF)
        for one in going
    )
    # All runs of a comparison go on together.
    whole = all(len(recordings) == max(len(one.info.compared), 1) for one in recordings)
    return places.pop() if can and going and whole and len(places) == 1 else None


def _is_unfinished(recording: Recording) -> bool:
    total = recording.info.total_steps
    return total is not None and recording.state.last_step < total


def _folder(recordings: tuple[Recording, ...]) -> Path:
    places = {one.info.group or one.folder for one in recordings}
    return places.pop() if len(places) == 1 else recordings[-1].folder
