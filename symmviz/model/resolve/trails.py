"""Where the selected points of a run's map have been."""

from symmcore.records import Projection
from symmcore.runs import Recording
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.map.layers import Layer
from symmviz.model.map.trails import MOST_FRAMES, Trails, trails
from symmviz.model.resolve.selected import selected_row, selected_rows
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Workspace


def trail_steps(recording: Recording, step: int) -> tuple[int, ...]:
    """The steps of the frames before one that trails go through, ascending."""
    return tuple(one for one in recording.state.frame_steps if one < step)[-MOST_FRAMES:]


def trails_of(
    workspace: Workspace,
    recording: Recording,
    loaded: Loaded,
    projection: Projection,
    shown: SplitImages,
) -> Trails | None:
    """The trails of the selected points on a run's map; None where none are wanted.

    They lead through the maps that are in memory: the recorded ones of earlier frames, or, to
    points that move, those that these were seen on.
    """
    if Layer.TRAILS not in workspace.display.layers:
        return None
    rows = _selected(workspace, recording, shown)
    if not rows:
        return None
    method, split = projection.method, workspace.display.split
    live = loaded.live(recording.key, method, split)
    is_live = live is not None and live.projection is projection
    if live is not None and is_live:
        before = live.before
    else:
        known = (
            loaded.projection(recording.key, method, one)
            for one in trail_steps(recording, projection.step)
        )
        before = tuple(one for one in known if one is not None)
    planes = (one.train if split is Split.TRAIN else one.test for one in before)
    # a damaged file may hold another number of points, of which the rows are not known
    fitting = tuple(one for one in planes if len(one.original) == len(shown.samples))
    return trails(fitting, rows, (rows, shown, is_live, *before), is_live=is_live)


def _selected(workspace: Workspace, recording: Recording, shown: SplitImages) -> tuple[int, ...]:
    several = selected_rows(workspace, recording, shown)
    if several is not None:
        return tuple(several.tolist())
    one = selected_row(workspace, recording, shown)
    return () if one is None else (one,)
