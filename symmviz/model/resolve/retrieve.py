"""What the Retrieve page shows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symmcore.runs import Recording
from symmviz.model.display import Gallery, ImageCard, NeighbourRow, PictureId, RunTitle
from symmviz.model.loaded import Loaded
from symmviz.model.resolve.time import newest_at, shown_step
from symmviz.model.retrieval import Query, RunNeighbours, Split
from symmviz.model.titles import label_name, label_names, run_titles
from symmviz.model.workspace import Workspace, images_key

_LOOKED_BACK = 16  # frames, for the newest one that has been searched
_NOTHING_TO_SEARCH = "Nothing to search yet: a training brings its images here when it begins."
_CHOOSE = "Click an image to see what each run finds for it."
_OTHER_IMAGES = "This run is on another dataset, or another split of it: it has other images."


@dataclass(frozen=True, slots=True)
class SearchTarget:
    """A search: which run, after which step, for which image.

    Attributes:
        key: of the recording.
        step: of the embeddings.
        query: the image.
    """

    key: str
    step: int
    query: Query


Found = Callable[[SearchTarget], RunNeighbours | str | None]
"""Looks up what a search has found; why it failed; or None where it has not been made."""


@dataclass(frozen=True, slots=True, eq=False)
class RetrieveState:
    """What the Retrieve page shows.

    Attributes:
        gallery: the images to choose from; None while there are none.
        card: the query; None where none is chosen.
        caption: what is said of the query.
        rows: what the runs find; None while they are being searched: what is shown stays.
    """

    gallery: Gallery | None
    card: ImageCard | None
    caption: str
    rows: tuple[NeighbourRow, ...] | None


def search_targets(workspace: Workspace) -> tuple[SearchTarget, ...]:
    """The searches that the page needs: one for each run that has the selected image."""
    found = (_targets(workspace, recording) for recording in workspace.recordings)
    return tuple(targets[0] for targets in found if targets)


def retrieve(workspace: Workspace, loaded: Loaded, found: Found) -> RetrieveState:
    """Derive what the Retrieve page shows."""
    gallery = _gallery(workspace, loaded)
    owner = _owner(workspace)
    query = workspace.selection.query
    if owner is None or query is None:
        caption = _NOTHING_TO_SEARCH if gallery is None else _CHOOSE
        return RetrieveState(gallery, None, caption, ())
    card = ImageCard(query, PictureId(owner.key, query.sample), class_name(loaded, owner, query))
    kind = "Test" if query.split is Split.TEST else "Training"
    words = f"{kind} image {query.sample}"
    titles = run_titles(tuple(recording.info for recording in workspace.recordings))
    rows: list[NeighbourRow] = []
    for title, recording in zip(titles, workspace.recordings, strict=True):
        result = _result(workspace, recording, found)
        if result is None:
            return RetrieveState(gallery, card, words, None)
        if isinstance(result, str):
            rows.append(NeighbourRow(title, result, ()))
        else:
            # Not only until a later step is searched: it holds all of these images.
            newest = newest_at(recording.state.gallery_steps, workspace.cursor)
            is_earlier = newest == result.step != shown_step(recording, workspace.cursor)
            rows.append(_row(title, recording, query, result, is_earlier=is_earlier))
    return RetrieveState(gallery, card, words, tuple(rows))


def neighbours_of(workspace: Workspace, recording: Recording, found: Found) -> RunNeighbours | None:
    """What a run finds for the selected image, as far as it has been searched."""
    result = _result(workspace, recording, found)
    return None if isinstance(result, str) else result


def class_name(loaded: Loaded, recording: Recording, query: Query) -> str:
    """What the class of an image is called; empty where its image is not known."""
    images = loaded.images(recording.key)
    sets = [] if images is None else [images.of(query.split)]
    if query.split is Split.TEST and (gallery := loaded.gallery(recording.key)) is not None:
        sets.append(gallery)
    for one in sets:
        rows = np.flatnonzero(one.samples == query.sample)
        if len(rows):
            return label_name(recording, int(one.labels[rows[0]]))
    return ""


def _gallery(workspace: Workspace, loaded: Loaded) -> Gallery | None:
    for recording in workspace.recordings[:1]:
        images = loaded.gallery(recording.key)
        if images is not None:
            names = label_names(recording, images.labels)
            return Gallery(recording.key, images.samples, images.labels, names)
    return None


def _owner(workspace: Workspace) -> Recording | None:
    """The first run that has the selected image."""
    fingerprint = workspace.selection.fingerprint
    having = (one for one in workspace.recordings if images_key(one) == fingerprint)
    return next(having, None)


def _targets(workspace: Workspace, recording: Recording) -> tuple[SearchTarget, ...]:
    """The search to make in a run, and, while following, those of earlier steps."""
    selection, cursor = workspace.selection, workspace.cursor
    if selection.query is None or selection.fingerprint != images_key(recording):
        return ()
    steps = recording.state.frame_steps
    step = shown_step(recording, cursor)
    if selection.query.split is Split.TEST and recording.state.gallery_steps:
        searched = newest_at(recording.state.gallery_steps, cursor)
        if searched is not None:
            steps, step = recording.state.gallery_steps, searched
    if step is None:
        return ()
    earlier = steps[-_LOOKED_BACK:][::-1] if cursor.following else (step,)
    return tuple(SearchTarget(recording.key, one, selection.query) for one in earlier)


def _result(workspace: Workspace, recording: Recording, found: Found) -> RunNeighbours | str | None:
    if images_key(recording) != workspace.selection.fingerprint:
        return _OTHER_IMAGES
    targets = _targets(workspace, recording)
    if not targets:
        return "No frame to search yet" if workspace.cursor.following else "No frame up to there"
    results = (found(target) for target in targets)
    return next((result for result in results if result is not None), None)


def _row(
    title: RunTitle,
    recording: Recording,
    query: Query,
    result: RunNeighbours,
    *,
    is_earlier: bool,
) -> NeighbourRow:
    cards = tuple(
        ImageCard(
            Query(one.sample, query.split),
            PictureId(recording.key, one.sample),
            label_name(recording, one.label),
            one.similarity,
            one.correct,
        )
        for one in result.neighbours
    )
    return NeighbourRow(title, _caption(result, query.split, is_earlier=is_earlier), cards)


def _caption(result: RunNeighbours, split: Split, *, is_earlier: bool) -> str:
    """Say what was searched, and why an earlier step than that of the map."""
    right = sum(found.correct for found in result.neighbours)
    kind = "test" if split is Split.TEST else "watched training"
    since = " (last evaluated)" if is_earlier and split is Split.TEST else ""
    return (
        f"step {result.step:,}{since} · {right} of {len(result.neighbours)} right · "
        f"searched {result.searched:,} other {kind} images"
    )
