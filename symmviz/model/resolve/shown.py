"""How much of what there is the maps show, in words."""

from symmcore.runs import Recording
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.retrieval.query import Split
from symmviz.model.runs.mismatch import mismatch
from symmviz.model.workspace import Workspace


def shown_text(workspace: Workspace, loaded: Loaded) -> str:
    """How many images the maps show, of how many; of runs that differ, for each way once."""
    texts: dict[str, None] = {}
    for recording in workspace.recordings:
        images = loaded.images(recording.key)
        if images is not None:
            texts[_shown_of(workspace, recording, images.of(workspace.display.split))] = None
    not_shared = mismatch(tuple(recording.info for recording in workspace.recordings))
    return " · ".join(filter(None, ("; ".join(texts), not_shared)))


def _shown_of(workspace: Workspace, recording: Recording, shown: SplitImages) -> str:
    is_train = workspace.display.split is Split.TRAIN
    info = recording.info
    total = max((info.train_count if is_train else info.test_count) or 0, len(shown.samples))
    kind = "training" if is_train else "test"
    synthetic = f"their {shown.partnered:,} synthetic points"
    count = len(shown.samples)
    if count < total:
        classes = len(shown.classes)
        kind = f"{kind} images ({classes:,} class{'es' if classes > 1 else ''})"
    else:
        kind = f"{kind} images"
    return f"Showing {count:,} of {total:,} {kind}" + (
        f" and {synthetic}" if workspace.display.synthetic_visible else f"; {synthetic} are hidden"
    )
