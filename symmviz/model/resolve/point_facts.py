"""What is known of the points of a run's map beside their places."""

from symmcore.records import FloatArray, Projection
from symmcore.runs import Recording
from symmviz.model.display import ColourBy
from symmviz.model.loaded import Loaded, ShareTarget, SplitImages
from symmviz.model.map.layers import Layer
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.map.picked import MapPair, map_pairs
from symmviz.model.map.picked_types import PickedTypes
from symmviz.model.mined_pair import MinedPair, group_of, mined_pair
from symmviz.model.resolve.time import newest_at, shown_step, timeline
from symmviz.model.retrieval.query import Split
from symmviz.model.since import COMPARING, SinceChoice
from symmviz.model.workspace import Cursor, Workspace

SCALES = (*COMPARING, ColourBy.FALSE, ColourBy.MISSING)


def pairs_of(
    workspace: Workspace,
    recording: Recording,
    loaded: Loaded,
    projection: Projection | None,
    shown: SplitImages,
) -> tuple[MapPair, ...] | None:
    """The pairs that a run's map shows; None while they are not known."""
    if not workspace.display.shows_pairs:
        return ()
    picked = None if projection is None else loaded.picked(recording.key, projection.step)
    return None if picked is None else map_pairs(picked, shown.samples, shown.partner)


def mined_at(workspace: Workspace, loaded: Loaded) -> MinedPair | None:
    """The pair of the newest batch that the selected image is of, in the first run that has it.

    None where no picked pairs are shown, and where the image is of none.
    """
    query = workspace.selection.query
    if query is None or not workspace.display.shows_pairs or query.split is not Split.TRAIN:
        return None
    for recording in workspace.recordings:
        step, spec = shown_step(recording, workspace.cursor), recording.info.spec
        if step is None or spec is None or spec.symm is None:
            continue
        picked = loaded.picked(recording.key, step)
        group = group_of(picked, query.sample)
        if picked is not None and group is not None:
            return mined_pair(picked, group, spec, step)
    return None


def types_of(
    workspace: Workspace, recording: Recording, loaded: Loaded, step: int
) -> PickedTypes | None:
    """Which types were picked at a run's frame; None while unknown, and where not shown."""
    if Layer.PICKED_TYPES not in workspace.display.layers:
        return None
    spec = recording.info.spec
    if spec is not None and spec.symm is None:
        return PickedTypes(step, None, "A run without Symm picks no points.")
    if step == 0 and spec is not None:
        return PickedTypes(step, None, "Before the first step nothing is picked.")
    picked = loaded.picked(recording.key, step)
    if picked is None:
        return None
    problem = "" if picked.types is not None else "This run did not record which types are picked."
    return PickedTypes(step, picked.types, problem)


def share_target(workspace: Workspace, recording: Recording, step: int) -> ShareTarget | None:
    """The shares that colour a run's map at a step; None where colours are no scale.

    Drift and loss of class are since the step that was chosen, for the Retrieve page too, else
    since the first frame.
    """
    meaning = workspace.display.colour_by
    if meaning not in SCALES:
        return None
    if meaning not in COMPARING:
        return ShareTarget(recording.key, step, meaning, method=workspace.display.method)
    steps, since = recording.state.frame_steps, workspace.browse.since
    found = None if since is None else newest_at(steps, Cursor(since))
    return ShareTarget(recording.key, step, meaning, since=steps[0] if found is None else found)


def since_choice(workspace: Workspace) -> SinceChoice:
    """The step that colours compare with, of those that there are; empty where they do not."""
    if workspace.display.colour_by not in COMPARING:
        return SinceChoice()
    steps = timeline(workspace.recordings, workspace.cursor).frames
    if not steps:
        return SinceChoice()
    since = workspace.browse.since
    found = None if since is None else newest_at(steps, Cursor(since))
    return SinceChoice(steps, steps[0] if found is None else found)


def shares_of(
    workspace: Workspace, recording: Recording, loaded: Loaded, projection: Projection | None
) -> FloatArray | None:
    """(N,) shares that colour a run's map; None while they are not known, and without a scale."""
    target = None if projection is None else share_target(workspace, recording, projection.step)
    shares = None if target is None else loaded.shares(target)
    return None if shares is None else shares.of(workspace.display.split)


def cosines_of(
    workspace: Workspace, recording: Recording, loaded: Loaded, step: int
) -> PairCosines | None:
    """The cosines of pairs of the images that a run's map shows, after a step; None if unknown."""
    if Layer.SIMILARITIES not in workspace.display.layers:
        return None
    return loaded.cosines(recording.key, step, workspace.display.split)
