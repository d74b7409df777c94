"""What an export is of, in a sentence."""

from collections.abc import Collection, Iterable

from symmcore.projection.base import PCA, drawn_steps
from symmcore.projection.methods import METHODS, method_info
from symmcore.records import Projection
from symmcore.runs import Recording
from symmviz.model.loaded import Loaded
from symmviz.model.resolve.time import shown_step
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Workspace


def maps_on_screen(workspace: Workspace, loaded: Loaded) -> tuple[tuple[str, Projection], ...]:
    """Maps of the shown split that move, or have settled and are not recorded; by runs' keys.

    None of those that are drawn by another method until theirs is there.
    """
    display = workspace.display
    shown = (
        (one.key, loaded.live(one.key, display.method, display.split))
        for one in workspace.recordings
    )
    return tuple((key, one.projection) for key, one in shown if one is not None and not one.note)


def export_scope(
    workspace: Workspace,
    *,
    has_images: bool,
    has_maps: bool,
    is_history: bool,
    drawn: Collection[tuple[str, Projection]] = (),
    is_awaited: bool = True,
) -> str:
    """Which steps and images an export is of, and what projects them.

    Args:
        workspace: what is shown.
        has_images: whether it is of the images of one split.
        has_maps: whether it draws them in the plane.
        is_history: whether it is of all frames up to a step, not of that one alone.
        drawn: as :func:`maps_on_screen` has it, where it serves.
        is_awaited: whether the shown projection is waited for where it is not recorded.
    """
    step = workspace.cursor.step
    when = "the newest step" if step is None else f"step {step:,}, where the time slider is"
    split = "training" if workspace.display.split is Split.TRAIN else "test"
    images = f", of the {split} images" if has_images else ""
    maps = _projected(workspace, drawn, is_awaited, is_history=is_history) if has_maps else "."
    return f"{'Up to' if is_history else 'At'} {when}{images}{maps}"


def _projected(
    workspace: Workspace,
    drawn: Collection[tuple[str, Projection]],
    is_awaited: bool,
    *,
    is_history: bool,
) -> str:
    """The rest of the sentence: by which method, and why by another one than is shown."""
    wanted = workspace.display.method
    recorded = [
        info.name
        for info in METHODS
        if all(
            set(_steps(workspace, one, is_history=is_history))
            <= drawn_steps(drawn, one.key, info.name).union(
                one.state.projection_steps.get(info.name, ())
            )
            for one in workspace.recordings
        )
    ]
    if wanted == PCA or wanted in recorded:
        return f", by {method_info(wanted).label}."
    frames = "all these frames are" if is_history else "this frame is"
    label = method_info(wanted).label
    if is_awaited:
        return f", by {label}: {frames} laid out first."
    taken = method_info(recorded[0] if recorded else PCA).label
    return f", by {taken}: {label} cannot be used here, and {frames} not laid out by it."


def _steps(workspace: Workspace, recording: Recording, *, is_history: bool) -> Iterable[int]:
    if is_history:
        return (one for one in recording.state.frame_steps if workspace.cursor.covers(one))
    step = shown_step(recording, workspace.cursor)
    return () if step is None else (step,)
