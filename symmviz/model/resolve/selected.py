"""What is said and shown of several selected images."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from symmcore.records import IndexArray
from symmcore.runs import Recording
from symmviz.model.display import PictureId
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.names import shown_name
from symmviz.model.resolve.retrieve import class_name
from symmviz.model.resolve.time import shown_step
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.runs.titles import label_names, run_titles
from symmviz.model.workspace import Workspace, images_key

_MOST_PICTURES = 200
_MOST_CLASSES = 4
_NOT_WATCHED = "not among the watched images, so not on the map"


@dataclass(frozen=True, slots=True)
class SelectedImages:
    """Several selected images: some of their pictures, and how many of which class they are."""

    pictures: tuple[PictureId, ...] = ()
    text: str = ""


def selected_row(workspace: Workspace, recording: Recording, shown: SplitImages) -> int | None:
    """The row of the image that neighbours are looked for on a run's map, if it is there."""
    selection = workspace.selection
    query = selection.query
    if query is None or selection.fingerprint != images_key(recording):
        return None
    if query.split is not workspace.display.split:
        return None
    rows = np.flatnonzero(shown.samples == query.sample)
    return int(rows[0]) if len(rows) else None


def selected_rows(
    workspace: Workspace, recording: Recording, shown: SplitImages
) -> IndexArray | None:
    """(M,) rows of the selected images on a run's map, where several are; None where not."""
    selection = workspace.selection
    if len(selection.samples) < 2 or selection.fingerprint != images_key(recording):
        return None
    rows = np.flatnonzero(np.isin(shown.samples, list(selection.samples)))
    return rows if len(rows) else None


def describe(loaded: Loaded, recording: Recording, query: Query) -> str:
    """An image in words: which it is, and of which class."""
    kind = "Test" if query.split is Split.TEST else "Training"
    name = class_name(loaded, recording, query)
    return f"{kind} image {query.sample}" + (f" · class {shown_name(name)}" if name else "")


def selection_text(workspace: Workspace, loaded: Loaded) -> str:
    """The image that neighbours are looked for in words; empty for none."""
    query = workspace.selection.query
    for recording in workspace.recordings:
        if query is not None and images_key(recording) == workspace.selection.fingerprint:
            said = describe(loaded, recording, query)
            return said if _is_watched(loaded, recording, query) else f"{said} · {_NOT_WATCHED}"
    return ""


def _is_watched(loaded: Loaded, recording: Recording, query: Query) -> bool:
    """Whether an image is on the map of its split; so while that is not known."""
    images = loaded.images(recording.key)
    return images is None or bool(np.isin(query.sample, images.of(query.split).samples))


def selected_images(workspace: Workspace, loaded: Loaded) -> SelectedImages:
    """The selected images as the first run has them; empty unless several are."""
    found = SelectedImages()
    recalls = []
    titles = run_titles(tuple(one.info for one in workspace.recordings))
    for recording, title in zip(workspace.recordings, titles, strict=True):
        images = loaded.images(recording.key)
        if images is None:
            continue
        shown = images.of(workspace.display.split)
        rows = selected_rows(workspace, recording, shown)
        if rows is None:
            continue
        if not found.text:
            samples = shown.samples[rows[:_MOST_PICTURES]].tolist()
            pictures = tuple(PictureId(recording.key, sample) for sample in samples)
            found = SelectedImages(pictures, _counted(recording, shown, rows))
        recall = _recall(workspace, loaded, recording, rows)
        if recall is not None:
            recalls.append(f"{recall:.3f} ({shown_name(title.title)})")
    if not recalls:
        return found
    return SelectedImages(found.pictures, f"{found.text} · Recall@1 {', '.join(recalls)}")


def _counted(recording: Recording, shown: SplitImages, rows: IndexArray) -> str:
    """How many images, and how many of which class, the most frequent first."""
    names = label_names(recording, shown.labels)
    counts = Counter(shown.labels[rows].tolist()).most_common()
    parts = [f"{count:,} of {shown_name(names[label])}" for label, count in counts[:_MOST_CLASSES]]
    left = counts[_MOST_CLASSES:]
    if left:
        others = sum(count for _, count in left)
        parts.append(f"{others:,} of {len(left):,} other class{'es' if len(left) > 1 else ''}")
    return f"{len(rows):,} images selected: {', '.join(parts)}"


def _recall(
    workspace: Workspace, loaded: Loaded, recording: Recording, rows: IndexArray
) -> float | None:
    """Share of them whose nearest watched image is of their class; None while not known."""
    step = shown_step(recording, workspace.cursor)
    verdicts = None if step is None else loaded.verdicts(recording.key, step)
    if verdicts is None:
        return None
    known = verdicts.of(workspace.display.split)[rows]
    known = known[known >= 0]
    return float(known.mean()) if len(known) else None
