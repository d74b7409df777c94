"""Where the watched images of runs lie in the plane: as recorded, as on the screen, or by PCA."""

from collections.abc import Sequence

from symmcore.errors import InputError
from symmcore.export.options import ExportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.projection.base import PCA, drawn_steps
from symmcore.projection.methods import METHODS
from symmcore.records import Projection
from symmcore.runs.reading.recording import Recording


def chosen_method(
    recordings: Sequence[Recording], options: ExportOptions, steps: Sequence[int]
) -> str:
    """The method to show frames by: the one that was asked for, or what is recorded of all runs.

    Args:
        recordings: the runs.
        options: which name it, or say which is preferred.
        steps: of the frames.

    Raises:
        InputError: if there is no such method, or it is not recorded and not PCA.
    """
    known = [info.name for info in METHODS]
    method = options.method
    if method and method not in known:
        raise InputError(f"There is no projection called {method!r:.40}: {', '.join(known)} are.")
    recorded = [name for name in known if _is_there(recordings, name, steps, options)]
    if not method:
        if options.preferred == PCA or options.preferred in recorded:
            return options.preferred
        return recorded[0] if recorded else PCA
    if method != PCA and method not in recorded:
        raise InputError(
            f"{recordings[0].folder} holds no {method} of these frames: open it in the window, "
            "which records them, or export pca."
        )
    return method


def projections(
    recordings: Sequence[Recording],
    steps: Sequence[Sequence[int]],
    method: str,
    options: ExportOptions,
    progress: ProgressCallback,
) -> list[list[Projection]]:
    """The coordinates of frames, for each run and each of its steps.

    PCA that is not recorded is computed, each frame from the one before so that the picture does
    not jump, and of several runs the first one's picture is followed.

    Args:
        recordings: the runs.
        steps: of each run, ascending, those of all runs of one length.
        method: as :func:`chosen_method` has it.
        options: have what is drawn of frames that are not recorded.
        progress: told how many frames are done.

    Raises:
        InputError: if a frame is damaged.
    """
    # imports SciPy, which the window does without until something is exported
    from symmcore.projection.pca import PcaProjector

    projector = PcaProjector()
    on_screen = {(key, one.method, one.step): one for key, one in options.drawn}
    made: list[list[Projection]] = [[] for _ in recordings]
    for at in range(len(steps[0])):
        progress(Progress("Reading frames", at, len(steps[0])))
        for run, recording in enumerate(recordings):
            step = steps[run][at]
            found = recording.projection(method, step)
            if found is None:
                found = on_screen.get((recording.key, method, step))
            if found is None:
                start = made[run][-1] if made[run] else None
                (found,) = projector.project((recording.frame(step),), (start,))
            made[run].append(found)
    return made


def _is_there(
    recordings: Sequence[Recording], method: str, steps: Sequence[int], options: ExportOptions
) -> bool:
    """Whether all runs have a map of the frames that they have at these steps."""
    for recording in recordings:
        state = recording.state
        wanted = set(steps) & set(state.frame_steps)
        drawn = drawn_steps(options.drawn, recording.key, method)
        if not wanted or not wanted <= drawn.union(state.projection_steps.get(method, ())):
            return False
    return True
