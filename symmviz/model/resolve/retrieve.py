"""What the Retrieve page shows of the query: the image, and what each run finds for it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symmcore.runs import Recording
from symmviz.model.display import (
    UPLOADS,
    ImageCard,
    NeighbourRow,
    PictureId,
    RankCurve,
    RunTitle,
)
from symmviz.model.loaded import Loaded
from symmviz.model.resolve.gallery import (
    gallery_images,
    searchable_steps,
    searched_step,
)
from symmviz.model.resolve.time import newest_at, shown_step, steps_looked_at
from symmviz.model.retrieval.query import AnyQuery, Query, RunNeighbours, Split, Upload
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace, images_key

_NOTHING_TO_SEARCH = "Nothing to search yet: a training brings its images here when it begins."
_CHOOSE = (
    "Click an image to see what each run finds for it; drop or paste one of your own to search "
    "with that."
)
_OTHER_IMAGES = "This run is on another dataset, or another split of it: it has other images."
_EMBEDDING = "Embedding the image..."
_NO_CHECKPOINT = (
    "No checkpoint with embedded images up to this step: the network that would embed yours is "
    "not there."
)


@dataclass(frozen=True, slots=True)
class SearchTarget:
    """A search: which run, after which step, for which image.

    Attributes:
        key: of the recording.
        step: of the embeddings.
        query: the image.
        count: how many neighbours.
    """

    key: str
    step: int
    query: AnyQuery
    count: int = 10


Found = Callable[[SearchTarget], RunNeighbours | str | None]
"""Looks up what a search has found; why it failed; or None where it has not been made."""


@dataclass(frozen=True, slots=True, eq=False)
class RetrieveState:
    """What the Retrieve page shows of the query.

    Attributes:
        card: the query; None where none is chosen.
        caption: what is said of the query.
        rows: what the runs find; None while they are being searched: what is shown stays.
        curves: the rank of the first right neighbour over time, as far as it is known.
        uploads: the images from elsewhere.
    """

    card: ImageCard | None
    caption: str
    rows: tuple[NeighbourRow, ...] | None
    curves: tuple[RankCurve, ...] = ()
    uploads: tuple[ImageCard, ...] = ()


def search_targets(workspace: Workspace) -> tuple[SearchTarget, ...]:
    """The searches that the page needs: one for each run that has the selected image."""
    found = (_targets(workspace, recording) for recording in workspace.recordings)
    return tuple(targets[0] for targets in found if targets)


def history_targets(workspace: Workspace) -> tuple[SearchTarget, ...]:
    """The same query at all other steps, those near the cursor first."""
    query, cursor = workspace.selection.query, workspace.cursor
    if query is None or not workspace.browse.open:
        return ()
    targets: list[tuple[int, SearchTarget]] = []
    for recording in workspace.recordings:
        shown = searched_step(recording, query.split, cursor)
        if images_key(recording) != workspace.selection.fingerprint or shown is None:
            continue
        targets += [
            (abs(step - shown), _target(workspace, recording, step, query))
            for step in searchable_steps(recording, query.split)
        ]
    return tuple(target for _, target in sorted(targets, key=lambda one: one[0]))


def retrieve(workspace: Workspace, loaded: Loaded, found: Found) -> RetrieveState:
    """Derive what the Retrieve page shows of the query."""
    uploads = tuple(map(_upload_card, workspace.uploads))
    owner, asked = _owner(workspace), workspace.selection.asked
    if asked is None or (owner is None and isinstance(asked, Query)):
        nothing = gallery_images(workspace, loaded) is None
        caption = _NOTHING_TO_SEARCH if nothing else _CHOOSE
        return RetrieveState(None, caption, (), (), uploads)
    if isinstance(asked, Upload):
        card = _upload_card(asked)
        words = "Your image: it has no class, so nothing is right or wrong"
    else:
        assert owner is not None, "a query without an owner is no query"
        card = _card(loaded, owner, asked, class_name(loaded, owner, asked))
        words = f"{'Test' if asked.split is Split.TEST else 'Training'} image {asked.sample}"
    rows = _rows(workspace, loaded, asked, found)
    return RetrieveState(card, words, rows, _curves(workspace, found), uploads)


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
            return recording.info.class_name(int(one.labels[rows[0]]))
    return ""


def _rows(
    workspace: Workspace, loaded: Loaded, query: AnyQuery, found: Found
) -> tuple[NeighbourRow, ...] | None:
    titles = run_titles(tuple(recording.info for recording in workspace.recordings))
    rows: list[NeighbourRow] = []
    for title, recording in zip(titles, workspace.recordings, strict=True):
        result = _result(workspace, recording, found)
        if result is None and isinstance(query, Upload):
            result = _EMBEDDING
        if result is None:
            return None
        if isinstance(result, str):
            rows.append(NeighbourRow(title, result, ()))
        else:
            # Not only until a later step is searched: it holds all of these images.
            newest = newest_at(recording.state.gallery_steps, workspace.cursor)
            is_earlier = newest == result.step != shown_step(recording, workspace.cursor)
            rows.append(_row(title, loaded, recording, query, result, is_earlier=is_earlier))
    return tuple(rows)


def _curves(workspace: Workspace, found: Found) -> tuple[RankCurve, ...]:
    query = workspace.selection.query
    if query is None:
        return ()
    curves = []
    titles = run_titles(tuple(recording.info for recording in workspace.recordings))
    for run, recording in enumerate(workspace.recordings):
        if images_key(recording) != workspace.selection.fingerprint:
            continue
        known = [
            (step, result.first_right)
            for step in searchable_steps(recording, query.split)
            if isinstance(
                result := found(_target(workspace, recording, step, query)), RunNeighbours
            )
        ]
        right = [(step, rank) for step, rank in known if rank is not None]
        if right:
            steps, ranks = zip(*right, strict=True)
            curves.append(RankCurve(run, steps, ranks, titles[run].place))
    return tuple(curves)


def _owner(workspace: Workspace) -> Recording | None:
    """The first run that has the selected image."""
    fingerprint = workspace.selection.fingerprint
    having = (one for one in workspace.recordings if images_key(one) == fingerprint)
    return next(having, None)


def _target(workspace: Workspace, recording: Recording, step: int, query: AnyQuery) -> SearchTarget:
    return SearchTarget(recording.key, step, query, workspace.browse.neighbours)


def _targets(workspace: Workspace, recording: Recording) -> tuple[SearchTarget, ...]:
    """The search to make in a run, and, while following, those of earlier steps."""
    selection, cursor = workspace.selection, workspace.cursor
    if selection.upload is not None:
        step = _embedding_step(workspace, recording)
        return () if step is None else (_target(workspace, recording, step, selection.upload),)
    if selection.query is None or selection.fingerprint != images_key(recording):
        return ()
    step = searched_step(recording, selection.query.split, cursor)
    if step is None:
        return ()
    steps = searchable_steps(recording, selection.query.split)
    earlier = steps_looked_at(steps, step, cursor)
    return tuple(_target(workspace, recording, one, selection.query) for one in earlier)


def _embedding_step(workspace: Workspace, recording: Recording) -> int | None:
    """The newest step with both a network and images that it has embedded."""
    state = recording.state
    embedded = {*state.gallery_steps, *state.frame_steps}
    both = tuple(step for step in state.checkpoint_steps if step in embedded)
    return newest_at(both, workspace.cursor)


def _result(workspace: Workspace, recording: Recording, found: Found) -> RunNeighbours | str | None:
    is_upload = workspace.selection.upload is not None
    if not is_upload and images_key(recording) != workspace.selection.fingerprint:
        return _OTHER_IMAGES
    targets = _targets(workspace, recording)
    if not targets:
        if is_upload:
            return _NO_CHECKPOINT
        return "No frame to search yet" if workspace.cursor.following else "No frame up to there"
    results = (found(target) for target in targets)
    return next((result for result in results if result is not None), None)


def _upload_card(upload: Upload) -> ImageCard:
    return ImageCard(upload, PictureId(UPLOADS, upload.number), upload.name, file=upload.path)


def _card(
    loaded: Loaded,
    recording: Recording,
    query: Query,
    name: str,
    similarity: float | None = None,
    correct: bool | None = None,
) -> ImageCard:
    files = loaded.files(recording.key)
    file = None if files is None else files.path(query.sample)
    picture = PictureId(recording.key, query.sample)
    return ImageCard(query, picture, name, similarity, correct, file)


def _row(
    title: RunTitle,
    loaded: Loaded,
    recording: Recording,
    query: AnyQuery,
    result: RunNeighbours,
    *,
    is_earlier: bool,
) -> NeighbourRow:
    cards = tuple(
        _card(
            loaded,
            recording,
            Query(one.sample, query.split),
            recording.info.class_name(one.label),
            one.similarity,
            one.correct,
        )
        for one in result.neighbours
    )
    return NeighbourRow(title, _caption(result, query, is_earlier=is_earlier), cards)


def _caption(result: RunNeighbours, query: AnyQuery, *, is_earlier: bool) -> str:
    """Say what was searched, how well, and why an earlier step than that of the map."""
    kind = "test" if query.split is Split.TEST else "watched training"
    other = "" if isinstance(query, Upload) else "other "
    since = " (last evaluated)" if is_earlier and query.split is Split.TEST else ""
    parts = [
        f"step {result.step:,}{since}",
        *_verdict(result, query),
        f"searched {result.searched:,} {other}{kind} images",
    ]
    return " · ".join(parts)


def _verdict(result: RunNeighbours, query: AnyQuery) -> tuple[str, ...]:
    if isinstance(query, Upload):
        return ()
    if result.first_right is None:
        return ("no other image of its class to find",)
    right = sum(bool(found.correct) for found in result.neighbours)
    return (
        f"first right at rank {result.first_right:,}",
        f"{right} of {len(result.neighbours)} right",
    )
