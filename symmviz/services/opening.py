"""Lists the runs that were trained before; to be called off the GUI thread."""

from pathlib import Path

import numpy as np

from symmcore.data.images.store import ImageArray
from symmcore.errors import InputError
from symmcore.palette import OKABE_ITO, run_places
from symmcore.projection.methods import METHODS
from symmcore.projection.points import Points, normalised
from symmcore.records import FloatArray, IndexArray
from symmcore.runs import Recording, RunSummary, open_runs, recent_runs
from symmcore.runs.formats.info import RunStatus
from symmviz.model.runs.recent import RecentRun
from symmviz.model.runs.titles import named_title

_LISTED = 20
_SIDE = 104  # pixels
_MARGIN = 6
# One colour a class, again from the start beyond the last.
_COLOURS = np.array([tuple(bytes.fromhex(one[1:])) for one in OKABE_ITO], np.uint8)
_GROUND = 250


def read_recent_runs(folder: Path) -> tuple[RecentRun, ...]:
    """What was trained into a folder, the newest first, each with a picture of its last frame."""
    return tuple(
        RecentRun(
            summary.folder,
            _title(summary),
            _caption(summary),
            _picture(summary.folder),
            run_places(tuple(dict.fromkeys(summary.names))),
        )
        for summary in recent_runs(folder, _LISTED)
    )


def map_picture(points: Points, labels: IndexArray) -> ImageArray:
    """A small map of images: (H, W, 3) uint8, one colour a class.

    Args:
        points: (N, 2) where they are in the plane.
        labels: (N,) class of each.
    """
    picture = np.full((_SIDE, _SIDE, 3), _GROUND, dtype=np.uint8)
    if not len(points):
        return picture
    reach = float(np.abs(points).max()) or 1.0
    inside = (_SIDE - 1 - 2 * _MARGIN) / 2
    at = np.rint(_MARGIN + inside * (1 + points / reach)).astype(np.int64)
    for across in (0, 1):
        for down in (0, 1):
            rows = np.clip(_SIDE - 1 - at[:, 1] + down, 0, _SIDE - 1)
            columns = np.clip(at[:, 0] + across, 0, _SIDE - 1)
            picture[rows, columns] = _COLOURS[labels % len(_COLOURS)]
    return picture


def _picture(folder: Path) -> ImageArray | None:
    """The test images of the last frame; None where there is no frame."""
    try:
        recording = open_runs(folder)[0]
        recording.read_whole()
        steps = recording.state.frame_steps
        if not steps:
            return None
        shown = recording.frame(steps[-1]).test.points
        return map_picture(_plane(recording, steps[-1], shown.embeddings), shown.labels)
    except (InputError, LookupError, OSError):
        return None  # it is listed, and opening it says what is wrong


def _plane(recording: Recording, step: int, embeddings: FloatArray) -> Points:
    """Where a frame's test images are by the default method that is recorded; else by PCA."""
    for info in METHODS:
        if step in recording.state.projection_steps.get(info.name, ()):
            projection = recording.projection(info.name, step)
            if projection is not None:
                return projection.test.original.astype(np.float64)
    # SciPy, not to be waited for by a Start page that does without
    from symmcore.projection.layout import principal_plane

    return principal_plane(normalised([embeddings]))


def _title(summary: RunSummary) -> str:
    names = dict.fromkeys(summary.names)
    title = " against ".join(named_title(name).title for name in names)
    seeds = len(summary.names) // len(names)
    return title if seeds < 2 else f"{title} \N{MIDDLE DOT} {seeds} seeds"


def _caption(summary: RunSummary) -> str:
    when = f"{summary.when.astimezone():%Y-%m-%d %H:%M}"
    first = f"{summary.dataset} · {when}" if summary.dataset else when
    # first what is out of the ordinary: the line's end may be cut
    second = [] if summary.status is RunStatus.FINISHED else [summary.status.value]
    second.append(f"step {summary.steps:,}")
    scores = [f"{score:.3f}" for score in _mean_scores(summary)]
    if scores:
        second.append(f"R@1 {' / '.join(scores)}")
    return f"{first}\n{' · '.join(second)}"


def _mean_scores(summary: RunSummary) -> list[float]:
    """The newest Recall@1 of each SPEC, the mean where it was trained with several seeds."""
    scores: dict[str, list[float]] = {}
    for name, score in zip(summary.names, summary.recall_at_1, strict=True):
        if score is not None:
            scores.setdefault(name, []).append(score)
    return [sum(them) / len(them) for them in scores.values()]
