"""What an export is of, in a sentence."""

from collections.abc import Iterable

from symmcore.projection.base import PCA
from symmcore.projection.methods import METHODS, method_info
from symmcore.runs import Recording
from symmviz.model.resolve.time import shown_step
from symmviz.model.retrieval import Split
from symmviz.model.workspace import Workspace


def export_scope(
    workspace: Workspace, *, has_images: bool, has_maps: bool, is_history: bool
) -> str:
    """Which steps and images an export is of, and what projects them.

    Args:
        workspace: what is shown.
        has_images: whether it is of the images of one split.
        has_maps: whether it draws them in the plane.
        is_history: whether it is of all frames up to a step, not of that one alone.
    """
    step = workspace.cursor.step
    when = "the newest step" if step is None else f"step {step:,}, where the time slider is"
    split = "training" if workspace.display.split is Split.TRAIN else "test"
    images = f", of the {split} images" if has_images else ""
    maps = _projected(workspace, is_history=is_history) if has_maps else "."
    return f"{'Up to' if is_history else 'At'} {when}{images}{maps}"


def _projected(workspace: Workspace, *, is_history: bool) -> str:
    """The rest of the sentence: by which method, and why by another one than is shown."""
    wanted = workspace.display.method
    recorded = [
        info.name
        for info in METHODS
        if all(
            set(_steps(workspace, one, is_history=is_history))
            <= set(one.state.projection_steps.get(info.name, ()))
            for one in workspace.recordings
        )
    ]
    if wanted == PCA or wanted in recorded:
        return f", by {method_info(wanted).label}."
    taken = method_info(recorded[0] if recorded else PCA).label
    frames = "all these frames" if is_history else "this frame"
    lacking = f"{method_info(wanted).label} is not recorded of {frames} yet"
    return f", by {taken}: {lacking}, which a window that stays open does."


def _steps(workspace: Workspace, recording: Recording, *, is_history: bool) -> Iterable[int]:
    if is_history:
        return (one for one in recording.state.frame_steps if workspace.cursor.covers(one))
    step = shown_step(recording, workspace.cursor)
    return () if step is None else (step,)
