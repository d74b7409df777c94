"""Frames laid out that nobody has recorded a map of: made here, or by the window meanwhile."""

import time
from collections.abc import Sequence

import numpy as np

from symmcore.errors import InputError
from symmcore.progress import Progress, ProgressCallback
from symmcore.projection.base import ProjectionJob, ProjectionSettings
from symmcore.projection.methods import UnusableMethodError, method_info
from symmcore.records import Projection
from symmcore.runs.reading.groups import grouped
from symmcore.runs.reading.recording import Recording

Laid = dict[tuple[str, int], Projection]
"""By the key of the run and the step."""

_SECONDS_BETWEEN_LOOKS = 0.2
_PATIENCE = 600.0  # seconds without a new map, of which a training beside it makes few


def wait_for_layouts(
    recordings: Sequence[Recording],
    steps: Sequence[Sequence[int]],
    method: str,
    progress: ProgressCallback,
) -> None:
    """Wait until somebody has recorded the maps of some steps of each run.

    Raises:
        InputError: if none comes any more.
    """
    # with those before them, from which they go on
    missing = [
        (recording, step)
        for recording, own in zip(recordings, steps, strict=True)
        for step in recording.state.frame_steps
        if step <= max(own)
    ]
    count, came = len({step for _, step in missing}), time.monotonic()
    while True:
        # by the file: the state may not tell yet what was stored a moment ago
        left = [(run, step) for run, step in missing if run.projection(method, step) is None]
        if not left:
            return
        progress(Progress(_what(method), count - len({step for _, step in left}), count))
        if len(left) < len(missing):
            came = time.monotonic()
        elif time.monotonic() - came > _PATIENCE:
            label, step = method_info(method).label, left[0][1]
            raise InputError(f"No {label} of step {step:,} came: choose PCA, or try again.")
        missing = left
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def lay_out(
    recordings: Sequence[Recording],
    steps: Sequence[Sequence[int]],
    method: str,
    split: str,
    progress: ProgressCallback,
) -> Laid:
    """Lay out runs up to the last of some steps of each, as the window records them.

    Each frame goes on from the one before, so that all before the last are laid out, and those
    that are recorded gone on from. Runs that were trained together share one map.

    Args:
        recordings: the runs.
        steps: of each.
        method: name of a projection.
        split: whose points are laid out, "train" or "test".
        progress: told how many frames are done.

    Raises:
        InputError: if a frame is damaged, or the method's library missing or broken.
    """
    from threadpoolctl import threadpool_limits  # the window exports without it

    ends = {one.key: max(own) for one, own in zip(recordings, steps, strict=True)}
    laid: Laid = {}
    with threadpool_limits(1):  # as in the window's process: sums are the same
        try:
            for runs in grouped(recordings):
                laid |= _group(runs, max(ends[run.key] for run in runs), method, split, progress)
        except UnusableMethodError as error:
            raise InputError(f"{error}.") from error
    return laid


def _group(
    runs: Sequence[Recording], last: int, method: str, split: str, progress: ProgressCallback
) -> Laid:
    # imports SciPy, which the window does without until something is exported
    from symmcore.projection.child import make_projector

    projector = make_projector(method)
    every = sorted({step for run in runs for step in run.state.frame_steps if step <= last})
    newest: dict[str, Projection] = {}  # with a picture
    laid: Laid = {}
    for at, step in enumerate(every):
        progress(Progress(_what(method), at, len(every)))
        having = [run for run in runs if step in run.state.frame_steps]
        known = [run.projection(method, step) for run in having]
        found = tuple(one for one in known if one is not None)
        if len(found) < len(having):
            starts = tuple(newest.get(run.key) for run in having)
            job = ProjectionJob(
                method,
                tuple(run.frame(step) for run in having),
                starts,
                ProjectionSettings(
                    seed=runs[0].info.seed or 0, splits=(split,), measures_motion=False
                ),
                tuple(
                    None if start is None else run.frame(start.step)
                    for run, start in zip(having, starts, strict=True)
                ),
            )
            *_, end = projector.run(job)
            found = end.projections
        for run, one in zip(having, found, strict=True):
            laid[run.key, step] = one
            if np.any(one.train.original) or np.any(one.test.original):
                newest[run.key] = one
    return laid


def _what(method: str) -> str:
    return f"Laying out frames by {method_info(method).label}"
