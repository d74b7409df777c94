"""What is known of the points of a run's map beside their places."""

from symmcore.records import Projection
from symmcore.runs import Recording
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.picked import MapPair, map_pairs
from symmviz.model.workspace import Workspace


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
