"""Where the watched images of runs lie in the plane: as recorded, on the screen, or laid out."""

from collections.abc import Iterable, Sequence

from symmcore.errors import InputError
from symmcore.export.layouts import lay_out, wait_for_layouts
from symmcore.export.options import ExportOptions
from symmcore.progress import Progress, ProgressCallback
from symmcore.projection.base import PCA, drawn_steps
from symmcore.projection.methods import METHODS, is_installed, method_info, what_to_install
from symmcore.records import Projection
from symmcore.runs.reading.recording import Recording


def chosen_method(
    recordings: Sequence[Recording], options: ExportOptions, steps: Sequence[int]
) -> str:
    """The method to show frames by: the one that was asked for, or what is recorded of all runs.

    The preferred one is taken too where it is waited for.

    Args:
        recordings: the runs.
        options: which name it, or say which is preferred.
        steps: of the frames.

    Raises:
        InputError: if there is no such method, or it is neither recorded nor installed.
    """
    known = [info.name for info in METHODS]
    method = options.method
    if method and method not in known:
        raise InputError(f"There is no projection called {method!r:.40}: {', '.join(known)} are.")
    recorded = [name for name in known if _is_there(recordings, name, steps, options)]
    if not method:
        if options.preferred and (options.awaits or options.preferred in (PCA, *recorded)):
            return options.preferred
        return recorded[0] if recorded else PCA
    info = method_info(method)
    if method not in recorded and not is_installed(info):
        raise InputError(f"{what_to_install(info)}.")
    return method


def projections(
    recordings: Sequence[Recording],
    steps: Sequence[Sequence[int]],
    method: str,
    options: ExportOptions,
    progress: ProgressCallback,
) -> list[list[Projection]]:
    """The coordinates of frames, for each run and each of its steps.

    What is not recorded is waited for, where the options say so, or else computed, each frame from
    the one before so that the picture does not jump. By PCA that is done for these frames alone;
    of several runs the first one's picture is followed.

    Args:
        recordings: the runs.
        steps: of each run, ascending, those of all runs of one length.
        method: as :func:`chosen_method` has it.
        options: have what is drawn of frames that are not recorded.
        progress: told how many frames are done.

    Raises:
        InputError: if a frame is damaged, a library missing, or what is waited for does not come.
    """
    # imports SciPy, which the window does without until something is exported
    from symmcore.projection.pca import PcaProjector

    projector = PcaProjector()
    others = {(key, one.step): one for key, one in options.drawn if one.method == method}
    if method != PCA and not _is_there(
        recordings, method, {step for own in steps for step in own}, options
    ):
        if options.awaits:
            wait_for_layouts(recordings, steps, method, progress)
        else:
            others |= lay_out(recordings, steps, method, options.split, progress)
    made: list[list[Projection]] = [[] for _ in recordings]
    for at in range(len(steps[0])):
        progress(Progress("Reading frames", at, len(steps[0])))
        for run, recording in enumerate(recordings):
            step = steps[run][at]
            found = recording.projection(method, step)
            if found is None:
                found = others.get((recording.key, step))
            if found is None:
                start = made[run][-1] if made[run] else None
                (found,) = projector.project((recording.frame(step),), (start,))
            made[run].append(found)
    return made


def _is_there(
    recordings: Sequence[Recording], method: str, steps: Iterable[int], options: ExportOptions
) -> bool:
    """Whether all runs have a map of the frames that they have at these steps."""
    for recording in recordings:
        state = recording.state
        wanted = set(steps) & set(state.frame_steps)
        drawn = drawn_steps(options.drawn, recording.key, method)
        if not wanted or not wanted <= drawn.union(state.projection_steps.get(method, ())):
            return False
    return True
