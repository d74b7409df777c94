"""Which images the Retrieve page lists, and in which order."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray, ImageFiles, IndexArray
from symmcore.runs import Recording
from symmviz.model.display import Gallery, RunRanks
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.names import shown_name
from symmviz.model.resolve.time import newest_at, shown_step, steps_looked_at
from symmviz.model.retrieval.browse import Browse, GalleryList, OrderKind
from symmviz.model.retrieval.query import Split
from symmviz.model.retrieval.query_scores import (
    ALIKE,
    ClassRow,
    QueryScores,
    ScoreTarget,
    is_confused,
)
from symmviz.model.runs.titles import label_names, run_titles
from symmviz.model.workspace import Cursor, Workspace, images_key

_LONGEST_RANK = 10_000.0  # where a class has no other image: behind every real rank

Scored = Callable[[ScoreTarget], QueryScores | None]
"""Looks up how all queries of a frame do; None where that has not been computed."""


@dataclass(frozen=True, slots=True, eq=False)
class GalleryScores:
    """How the gallery's images do in each run that has them, as far as it is known.

    Attributes:
        now: by run, at the step that is shown.
        before: by run, at the step that this is compared with.
    """

    now: dict[int, QueryScores]
    before: dict[int, QueryScores]


def searchable_steps(recording: Recording, split: Split) -> tuple[int, ...]:
    """Steps after which images of a split can be searched."""
    state = recording.state
    if split is Split.TEST and state.gallery_steps:
        return state.gallery_steps
    return state.frame_steps


def searched_step(recording: Recording, split: Split, cursor: Cursor) -> int | None:
    """The step whose images are searched: the newest evaluated one, else that of the frame."""
    newest = newest_at(searchable_steps(recording, split), cursor)
    return shown_step(recording, cursor) if newest is None else newest


def score_targets(workspace: Workspace) -> tuple[ScoreTarget, ...]:
    """The frames whose queries the page needs scored, the newest first."""
    browse, split = workspace.browse, workspace.display.split
    if not (browse.open and browse.ranking):
        return ()
    targets: list[ScoreTarget] = []
    for recording in _alike(workspace):
        steps = [searched_step(recording, split, workspace.cursor), *_before(workspace, recording)]
        targets += [ScoreTarget(recording.key, one, split) for one in steps if one is not None]
    return tuple(targets)


def index_targets(workspace: Workspace) -> tuple[ScoreTarget, ...]:
    """The frames that a click would search, to be read before there is one."""
    split = workspace.display.split
    if not workspace.browse.open:
        return ()
    steps = [
        (recording.key, searched_step(recording, split, workspace.cursor))
        for recording in _alike(workspace)
    ]
    return tuple(ScoreTarget(key, step, split) for key, step in steps if step is not None)


def gallery_scores(workspace: Workspace, images: SplitImages, scored: Scored) -> GalleryScores:
    """How the gallery's images do; while following, at the newest step that is known."""
    split, cursor = workspace.display.split, workspace.cursor
    now: dict[int, QueryScores] = {}
    before: dict[int, QueryScores] = {}
    for run, recording in enumerate(workspace.recordings):
        if images_key(recording) != images_key(workspace.recordings[0]):
            continue
        step = searched_step(recording, split, cursor)
        steps = steps_looked_at(searchable_steps(recording, split), step, cursor)
        for found, wanted in ((now, steps), (before, _before(workspace, recording))):
            known = (scored(ScoreTarget(recording.key, one, split)) for one in wanted)
            scores = next((one for one in known if one is not None), None)
            if scores is not None and np.array_equal(scores.samples, images.samples):
                found[run] = scores
    return GalleryScores(now, before)


def gallery_images(workspace: Workspace, loaded: Loaded) -> SplitImages | None:
    """The images of the split that is shown; None while there are none."""
    for recording in workspace.recordings[:1]:
        if workspace.display.split is Split.TEST:
            return loaded.gallery(recording.key)
        images = loaded.images(recording.key)
        return None if images is None else images.train
    return None


def gallery(
    workspace: Workspace, loaded: Loaded, images: SplitImages, scores: GalleryScores
) -> Gallery:
    """Derive the images that are listed, in their order."""
    recording, browse = workspace.recordings[0], workspace.browse
    names = label_names(recording, images.labels)
    files = loaded.files(recording.key)
    first = scores.now.get(0)
    hints: dict[int, str] = {}
    if browse.shown is GalleryList.DUPLICATES:
        rows, hints = _duplicates(first)
    elif browse.shown is GalleryList.LABELS:
        rows, hints = _suspicious(first, names)
    else:
        rows = _ordered(browse, len(images.samples), scores)
    kept = rows[_matching(browse, images, names, files, first)[rows]]
    titles = run_titles(tuple(one.info for one in workspace.recordings))
    ranks = (RunRanks(titles[run].title, one.rank) for run, one in sorted(scores.now.items()))
    return Gallery(
        recording.key, workspace.display.split, images.samples, images.labels, names, kept,
        tuple(ranks), files, hints,
    )  # fmt: skip


def chosen_images(browse: Browse, images: SplitImages) -> npt.NDArray[np.bool_] | None:
    """(N,) bool, which images are of the selection that is listed alone; None where none is."""
    if not browse.samples:
        return None
    chosen: npt.NDArray[np.bool_] = np.isin(images.samples, list(browse.samples))
    return chosen if chosen.any() else None


def class_rows(workspace: Workspace, scores: GalleryScores) -> tuple[ClassRow, ...]:
    """How each class does in the first run, the worst first."""
    first = scores.now.get(0)
    if first is None:
        return ()
    text = workspace.browse.text.casefold()
    return tuple(row for row in first.classes if text in row.searched)


def _alike(workspace: Workspace) -> tuple[Recording, ...]:
    """The runs that have the images of the first."""
    recordings = workspace.recordings
    return tuple(one for one in recordings if images_key(one) == images_key(recordings[0]))


def _before(workspace: Workspace, recording: Recording) -> list[int]:
    """The step that the one shown is compared with, if that is asked for."""
    browse, split = workspace.browse, workspace.display.split
    if browse.order.kind is not OrderKind.CHANGED_STEPS:
        return []
    steps = searchable_steps(recording, split)
    if browse.since is None:
        return list(steps[:1])
    step = newest_at(steps, Cursor(browse.since))
    return [] if step is None else [step]


def _ordered(browse: Browse, count: int, scores: GalleryScores) -> IndexArray:
    """The rows in order; as in the dataset while it is not known how they do."""
    kind, run = browse.order.kind, browse.order.run
    rows = np.arange(count)
    first = scores.now.get(0)
    if kind is OrderKind.DATASET or first is None:
        return rows
    if kind is OrderKind.SIMILARITY:
        return np.argsort(first.similarity, kind="stable")
    if kind is OrderKind.FAILURES:
        return _worst_first(scores)
    if kind is OrderKind.CHANGED_STEPS:
        pairs = [(scores.before.get(one), scores.now.get(one)) for one in scores.now]
    else:
        pairs = [(first, scores.now.get(run))]
    changes = [_change(one, other) for one, other in pairs if one is not None and other is not None]
    if not changes:
        return rows
    changed = np.argsort(-np.abs(np.sum(changes, axis=0)), kind="stable")
    return _only(kind, changed, first, scores.now.get(run))


def _worst_first(scores: GalleryScores) -> IndexArray:
    """Images that fail in most runs first, of these the ones that are farthest from right."""
    runs = scores.now.values()
    fails = np.sum([one.rank > 1 for one in runs], axis=0)
    far = np.sum([_far(one) for one in runs], axis=0)
    alone = scores.now[0].rank == 0
    return np.lexsort((-far, -fails, alone))


def _only(
    kind: OrderKind, rows: IndexArray, first: QueryScores, other: QueryScores | None
) -> IndexArray:
    """Of rows in order, those that the kind asks for."""
    if other is None or kind not in (OrderKind.FIXED, OrderKind.BROKEN):
        return rows
    wrong, right = (first, other) if kind is OrderKind.FIXED else (other, first)
    kept: IndexArray = rows[((wrong.rank > 1) & (right.rank == 1))[rows]]
    return kept


def _far(scores: QueryScores) -> npt.NDArray[np.float64]:
    """How far the images are from right: 0 where the nearest is."""
    ranks = np.where(scores.rank == 0, 1.0, np.minimum(scores.rank, _LONGEST_RANK))
    return np.log(ranks)


def _change(before: QueryScores, now: QueryScores) -> npt.NDArray[np.float64]:
    return _far(before) - _far(now)


def _duplicates(scores: QueryScores | None) -> tuple[IndexArray, dict[int, str]]:
    """Images that have a near-duplicate, partners side by side; each once."""
    if scores is None:
        return np.empty(0, dtype=np.int64), {}
    hints: dict[int, str] = {}
    for (one, other), similarity in zip(
        scores.pairs.tolist(), _rounded(scores.pair_similarity), strict=True
    ):
        for row, partner in ((one, other), (other, one)):
            same = scores.labels[row] == scores.labels[partner]
            text = f"{similarity} similar to image {scores.samples[partner]}"
            hints.setdefault(row, text if same else f"{text}, of another class")
    return np.array(list(hints), dtype=np.int64), hints


def _suspicious(
    scores: QueryScores | None, names: tuple[str, ...]
) -> tuple[IndexArray, dict[int, str]]:
    """Images whose nearest neighbours are all of one other class, the most alike first."""
    if scores is None:
        return np.empty(0, dtype=np.int64), {}
    rows = np.flatnonzero(scores.agreed >= 0)
    rows = rows[np.argsort(-scores.similarity[rows], kind="stable")]
    return rows, {
        row: f"All {ALIKE} nearest images are of class {shown_name(names[scores.agreed[row]])}"
        for row in rows.tolist()
    }


def _matching(
    browse: Browse,
    images: SplitImages,
    names: tuple[str, ...],
    files: ImageFiles | None,
    scores: QueryScores | None,
) -> npt.NDArray[np.bool_]:
    """(N,) bool: which images are not filtered out."""
    kept = np.ones(len(images.samples), dtype=np.bool_)
    if browse.label is not None:
        kept = images.labels == browse.label
        if browse.found_as is not None and scores is not None:
            kept &= is_confused(scores, browse.label, browse.found_as)
    chosen = chosen_images(browse, images)
    if chosen is not None:
        kept &= chosen
    if browse.text:
        text = browse.text.casefold()
        classes = np.array([text in name.casefold() for name in names], dtype=np.bool_)
        found = classes[images.labels]
        if files is not None:
            found |= _in_files(text, images.samples, files)
        kept &= found
    return kept


def _in_files(text: str, samples: IndexArray, files: ImageFiles) -> npt.NDArray[np.bool_]:
    names, count = files.names, len(files.names)
    return np.fromiter(
        (sample < count and text in names[sample].casefold() for sample in samples.tolist()),
        dtype=np.bool_,
        count=len(samples),
    )


def _rounded(similarities: FloatArray) -> list[str]:
    return [f"{similarity:.4f}" for similarity in similarities.tolist()]
