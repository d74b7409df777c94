"""The left half of the Retrieve page: what it lists, and what is said of that."""

from dataclasses import dataclass

import numpy as np

from symmcore.runs import Recording
from symmviz.model.display import Gallery, OrderChoice, RunTitle
from symmviz.model.loaded import Loaded, SplitImages
from symmviz.model.resolve.gallery import (
    GalleryScores,
    Scored,
    chosen_images,
    class_rows,
    gallery,
    gallery_images,
    gallery_scores,
    searchable_steps,
)
from symmviz.model.retrieval.browse import Browse, GalleryList, GalleryOrder, OrderKind
from symmviz.model.retrieval.query import Split
from symmviz.model.retrieval.query_scores import ClassRow
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace, images_key


@dataclass(frozen=True, slots=True, eq=False)
class ListingState:
    """What the Retrieve page lists.

    Attributes:
        gallery: the images; None while there are none.
        classes: how each class does; only where classes are listed.
        summary: what is listed, in a few words.
        orders: the orders that there are.
        browse: what is chosen.
        split: of the images.
        filtered: what the images are filtered by, other than the text; empty for nothing.
        selected: how many images are selected, where those alone could be listed; else 0.
        can_compare: whether the step shown can become the one that others are compared with.
    """

    gallery: Gallery | None
    classes: tuple[ClassRow, ...]
    summary: str
    orders: tuple[OrderChoice, ...]
    browse: Browse
    split: Split
    filtered: str = ""
    can_compare: bool = False
    selected: int = 0


def listing(workspace: Workspace, loaded: Loaded, scored: Scored) -> ListingState:
    """Derive what the Retrieve page lists."""
    browse, split = workspace.browse, workspace.display.split
    orders = order_choices(workspace)
    images = gallery_images(workspace, loaded)
    if images is None:
        return ListingState(None, (), "", orders, browse, split)
    scores = gallery_scores(workspace, images, scored)
    listed = gallery(workspace, loaded, images, scores)
    classes = class_rows(workspace, scores) if browse.shown is GalleryList.CLASSES else ()
    return ListingState(
        gallery=listed,
        classes=classes,
        summary=_summary(workspace, listed, classes, scores),
        orders=orders,
        browse=browse,
        split=split,
        filtered=_filtered(browse, listed, images),
        selected=_selected(workspace, images),
        can_compare=browse.order.kind is OrderKind.CHANGED_STEPS,
    )


def listed_from(workspace: Workspace, loaded: Loaded, scored: Scored) -> tuple[object, ...]:
    """What differs whenever the listing does."""
    images = gallery_images(workspace, loaded)
    if images is None:
        return workspace.recordings, workspace.browse, workspace.display.split
    scores = gallery_scores(workspace, images, scored)
    return (
        workspace.recordings,
        workspace.browse,
        workspace.display.split,
        images,
        loaded.files(workspace.recordings[0].key),
        tuple(scores.now.items()),
        tuple(scores.before.items()),
        order_choices(workspace),
        _selected(workspace, images),
    )


def order_choices(workspace: Workspace) -> tuple[OrderChoice, ...]:
    """The orders that there are: those that compare with the first run need a second one."""
    recordings = workspace.recordings
    titles = run_titles(tuple(recording.info for recording in recordings))
    plain = [OrderKind.FAILURES, OrderKind.SIMILARITY, OrderKind.DATASET]
    choices = [OrderChoice(GalleryOrder(kind), kind.value) for kind in plain]
    for run, (recording, title) in enumerate(zip(recordings, titles, strict=True)):
        if run and images_key(recording) == images_key(recordings[0]):
            choices += _compared(run, title)
    if recordings and len(searchable_steps(recordings[0], workspace.display.split)) > 1:
        since = _since(workspace.browse, recordings[0], workspace.display.split)
        kind = OrderKind.CHANGED_STEPS
        choices.append(OrderChoice(GalleryOrder(kind), f"{kind.value} {since:,}"))
    return tuple(choices)


def _compared(run: int, title: RunTitle) -> list[OrderChoice]:
    return [
        OrderChoice(GalleryOrder(kind, run), f"{kind.value} {title.title}")
        for kind in (OrderKind.FIXED, OrderKind.BROKEN, OrderKind.CHANGED_RUNS)
    ]


def _since(browse: Browse, recording: Recording, split: Split) -> int:
    return searchable_steps(recording, split)[0] if browse.since is None else browse.since


def _selected(workspace: Workspace, images: SplitImages) -> int:
    """How many of the images are selected, where several are and others are listed, too."""
    selection = workspace.selection
    is_shown = selection.fingerprint == images_key(workspace.recordings[0])
    if not is_shown or len(selection.samples) < 2 or selection.samples == workspace.browse.samples:
        return 0
    return int(np.isin(images.samples, list(selection.samples)).sum())


def _filtered(browse: Browse, listed: Gallery, images: SplitImages) -> str:
    if browse.label is None:
        chosen = chosen_images(browse, images)
        return "" if chosen is None else f"Selection: {int(chosen.sum()):,} images"
    names = listed.class_names
    text = f"Class {_name(names, browse.label)}"
    if browse.found_as is not None:
        text += f", found as {_name(names, browse.found_as)}"
    return text


def _name(names: tuple[str, ...], label: int) -> str:
    return names[label] if 0 <= label < len(names) else str(label)


def _summary(
    workspace: Workspace,
    listed: Gallery,
    classes: tuple[ClassRow, ...],
    scores: GalleryScores,
) -> str:
    browse = workspace.browse
    kind = "test" if listed.split is Split.TEST else "watched training"
    shown, total = len(listed.rows), len(listed.samples)
    first = scores.now.get(0)
    if browse.shown is not GalleryList.IMAGES and first is None:
        return "Ranking all queries..." if browse.ranking else "Not ranked"
    titles = run_titles(tuple(recording.info for recording in workspace.recordings))
    where = f" · in {titles[0].title}" if len(titles) > 1 else ""
    if browse.shown is GalleryList.CLASSES:
        return f"Recall@1 of {len(classes):,} classes{where}"
    if browse.shown is GalleryList.DUPLICATES:
        return f"{shown:,} {kind} images with a near-duplicate{where}"
    if browse.shown is GalleryList.LABELS:
        return f"{shown:,} of {total:,} {kind} images among another class{where}"
    text = f"{shown:,} of {total:,} {kind} images"
    if first is None:
        return text
    fails = {
        run: f"{int(np.count_nonzero(one.rank[listed.rows] > 1)):,}"
        for run, one in sorted(scores.now.items())
    }
    if len(workspace.recordings) == 1:
        return f"{text} · {fails[0]} fail"
    each = ", ".join(f"{number} in {titles[run].title}" for run, number in fails.items())
    return f"{text} · fail: {each}"
