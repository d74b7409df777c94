"""What the Watch page shows."""

import math
from dataclasses import dataclass, field

import numpy as np

from symmcore.projection.base import PCA
from symmcore.projection.methods import method_info
from symmcore.records import FloatArray, PlanePoints, Projection
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmviz.model.display import (
    ColourBy,
    MapNeighbour,
    PictureId,
    PointCloud,
    PointPositions,
    RunTitle,
)
from symmviz.model.loaded import Loaded, SplitImages, VerdictArray
from symmviz.model.map.class_choice import ShownClasses, shown_classes
from symmviz.model.map.layers import Layer
from symmviz.model.map.pair_cosines import PairCosines
from symmviz.model.map.picked import MapPair
from symmviz.model.map.picked_types import PickedTypes
from symmviz.model.map.trails import Trails
from symmviz.model.mined_pair import MinedPair
from symmviz.model.names import shown_name
from symmviz.model.resolve.point_facts import (
    cosines_of,
    mined_at,
    pairs_of,
    shares_of,
    since_choice,
    types_of,
)
from symmviz.model.resolve.retrieve import Found, SearchTarget, class_name, neighbours_of
from symmviz.model.resolve.selected import (
    selected_images,
    selected_row,
    selected_rows,
    selection_text,
)
from symmviz.model.resolve.shown import shown_text
from symmviz.model.resolve.time import shown_step, steps_looked_at
from symmviz.model.resolve.trails import trails_of
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.runs.titles import label_names, run_titles
from symmviz.model.since import SinceChoice
from symmviz.model.workspace import Workspace, images_key

_NO_PICTURE = "No picture was made"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One run's map.

    Attributes:
        key: of the recording; the SPEC of a run that has none yet.
        cloud: the points there are; None before there are any, and before the run began.
        positions: where they are; None while that is being read: what is shown stays.
        caption: what the picture is; None with the positions.
        selected: row of the point that is ringed.
        also_selected: rows of the other selected images.
        classes: of the images.
        neighbours: of the selected image, nearest first, as far as they are on the map.
        verdicts: which points are right at rank 1, as in :class:`symmviz.model.loaded.Verdicts`;
            None while that is not known: what is shown stays.
        shares: (N,) float32 in [0, 1], where colours are a scale; None while not known.
        pairs: that were picked in the newest batch; None while that is not known: what is shown
            stays.
        trust: how far the picture can be trusted, with the positions; empty if unknown.
        types: which were picked at the step; None like ``cosines``.
        cosines: of pairs of images; None while they are not known, and where they are not shown.
        trails: of the selected points; None where none are shown.
    """

    key: str
    cloud: PointCloud | None = None
    positions: PointPositions | None = None
    caption: str | None = None
    selected: int | None = None
    also_selected: tuple[int, ...] = ()
    classes: ShownClasses = field(default_factory=ShownClasses)
    neighbours: tuple[MapNeighbour, ...] = ()
    verdicts: VerdictArray | None = None
    pairs: tuple[MapPair, ...] | None = ()
    shares: FloatArray | None = None
    trust: str = ""
    cosines: PairCosines | None = None
    types: PickedTypes | None = None
    trails: Trails | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WatchState:
    """What the Watch page shows, but for its plots.

    Attributes:
        titles: of the columns.
        columns: one a run.
        shown: how many images are shown, of how many.
        selection: which image is selected, or which are; empty for none.
        pictures: of the selected images, where several are.
        split: whose images the maps show.
        colour_by: what colours mean.
        synthetic_visible: whether synthetic points are drawn.
        since: the step that colours compare with.
        pairs_visible: whether lines between picked points are.
        method: what projects them.
        layers: what is drawn over and beside them.
        mined: what the Learn page can show of the selected image; None where it is of no pair.
    """

    titles: tuple[RunTitle, ...]
    columns: tuple[Column, ...]
    shown: str
    selection: str
    pictures: tuple[PictureId, ...]
    split: Split
    colour_by: ColourBy
    since: SinceChoice
    synthetic_visible: bool
    pairs_visible: bool
    method: str
    layers: frozenset[Layer]
    mined: MinedPair | None = None


def nothing_found(target: SearchTarget) -> None:
    """Has searched nothing."""


def watch(workspace: Workspace, loaded: Loaded, found: Found = nothing_found) -> WatchState:
    """Derive what the Watch page shows."""
    recordings = workspace.recordings
    infos = tuple(recording.info for recording in recordings)
    several = selected_images(workspace, loaded)
    return WatchState(
        titles=run_titles(infos, workspace.preparing),
        columns=(
            *(_column(workspace, recording, loaded, found) for recording in recordings),
            *(
                Column(spec, caption=_NO_PICTURE if workspace.is_hopeless else None)
                for spec in workspace.preparing
            ),
        ),
        shown=shown_text(workspace, loaded),
        selection=several.text or selection_text(workspace, loaded),
        pictures=several.pictures,
        split=workspace.display.split,
        colour_by=workspace.display.colour_by,
        since=since_choice(workspace),
        synthetic_visible=workspace.display.synthetic_visible,
        pairs_visible=workspace.display.pairs_visible,
        method=workspace.display.method,
        layers=workspace.display.layers,
        mined=mined_at(workspace, loaded),
    )


def column_classes(
    workspace: Workspace, loaded: Loaded, recording: Recording
) -> ShownClasses | None:
    """The classes of a run's map; None before its images are known."""
    images = loaded.images(recording.key)
    if images is None:
        return None
    shown, choice = images.of(workspace.display.split), workspace.display.classes
    names = label_names(recording, shown.labels)
    own = choice if choice.fingerprint == images_key(recording) else None
    return shown_classes(shown.classes, names, own)


def image_at(
    workspace: Workspace, loaded: Loaded, run: int, row: int
) -> tuple[Recording, Query] | None:
    """The image behind a point of a run's map, and the run that has it."""
    if run >= len(workspace.recordings):
        return None
    recording, split = workspace.recordings[run], workspace.display.split
    images = loaded.images(recording.key)
    if images is None or row >= len(images.of(split).samples):
        return None
    return recording, Query(int(images.of(split).samples[row]), split)


def describe_synthetic(workspace: Workspace, loaded: Loaded, recording: Recording, row: int) -> str:
    """A synthetic point in words: its class, and the two images that it is made of."""
    split = workspace.display.split
    images = loaded.images(recording.key)
    assert images is not None, "a point of it was pointed at"
    shown = images.of(split)
    image, axis = int(shown.samples[row]), int(shown.samples[shown.partner[row]])
    name = class_name(loaded, recording, Query(image, split))
    of = f" · class {shown_name(name)}" if name else ""
    return f"Synthetic point{of} · image {image} reflected about image {axis}"


def axis_of(workspace: Workspace, loaded: Loaded, run: int, row: int) -> Query | None:
    """The image that another is reflected about; None where there is none."""
    images = loaded.images(workspace.recordings[run].key)
    if images is None:
        return None
    shown = images.of(workspace.display.split)
    partner = int(shown.partner[row])
    return Query(int(shown.samples[partner]), workspace.display.split) if partner >= 0 else None


def _column(workspace: Workspace, recording: Recording, loaded: Loaded, found: Found) -> Column:
    step = shown_step(recording, workspace.cursor)
    if step is None:
        return Column(recording.key, caption=_no_frame(workspace, recording))
    images = loaded.images(recording.key)
    if images is None:
        return Column(recording.key, caption=loaded.failure(recording.key, step) or None)
    shown = images.of(workspace.display.split)
    names = label_names(recording, shown.labels)
    cloud = PointCloud(shown.labels, shown.samples, shown.partner, names, recording.key)
    projection, note = _picture(workspace, recording, loaded, step)
    selected = selected_row(workspace, recording, shown)
    positions = None
    verdicts = None
    trusted = ""
    caption = loaded.failure(recording.key, step) or None
    if projection is not None:
        plane = projection.train if workspace.display.split is Split.TRAIN else projection.test
        positions = PointPositions(plane.original, plane.synthetic)
        caption = _caption(projection, note, _diverged(workspace, recording))
        trusted = trust(plane, projection.method)
        found_right = loaded.verdicts(recording.key, projection.step)
        verdicts = None if found_right is None else found_right.of(workspace.display.split)
    return Column(
        recording.key,
        cloud,
        positions,
        caption,
        selected,
        _also_selected(workspace, recording, shown, selected),
        column_classes(workspace, loaded, recording) or ShownClasses(),
        () if selected is None else _neighbours(workspace, recording, shown, found),
        verdicts,
        pairs_of(workspace, recording, loaded, projection, shown),
        shares_of(workspace, recording, loaded, projection),
        trusted,
        cosines_of(workspace, recording, loaded, step),
        types_of(workspace, recording, loaded, step),
        None if projection is None else trails_of(workspace, recording, loaded, projection, shown),
    )


def _neighbours(
    workspace: Workspace, recording: Recording, shown: SplitImages, found: Found
) -> tuple[MapNeighbour, ...]:
    result = neighbours_of(workspace, recording, found)
    if result is None:
        return ()
    rows = [np.flatnonzero(shown.samples == one.sample) for one in result.neighbours]
    return tuple(
        MapNeighbour(int(row[0]), bool(one.correct))
        for row, one in zip(rows, result.neighbours, strict=True)
        if len(row)
    )


def _picture(
    workspace: Workspace, recording: Recording, loaded: Loaded, step: int
) -> tuple[Projection | None, str]:
    """The projection that is to be shown, and what is to be said of it.

    Points that move, or have settled, where they are of the frame that is shown; else what is
    recorded of it. While following, of the newest frame that has a picture by now.
    """
    method, following = workspace.display.method, workspace.cursor.following
    live = loaded.live(recording.key, method, workspace.display.split)
    newest = -1
    if live is not None:
        newest = live.projection.step
        if newest == step:
            return live.projection, live.note
    for one in steps_looked_at(recording.state.frame_steps, step, workspace.cursor):
        if live is not None and following and one <= newest:
            return live.projection, live.note
        projection = loaded.projection(recording.key, method, one)
        if projection is not None:
            return projection, ""
    return None, ""


def _no_frame(workspace: Workspace, recording: Recording) -> str | None:
    if recording.state.frame_steps:
        return f"No frame up to step {workspace.cursor.step:,}"
    ended = recording.state.status not in (RunStatus.TRAINING, RunStatus.UNKNOWN)
    return (_diverged(workspace, recording) or _NO_PICTURE) if ended else None


def _diverged(workspace: Workspace, recording: Recording) -> str:
    """Where a run's numbers were lost; empty before that step, and of any other run."""
    state = recording.state
    if state.status is not RunStatus.DIVERGED or not workspace.cursor.covers(state.last_step):
        return ""
    return f"Diverged at step {state.last_step:,}"


def _caption(projection: Projection, note: str, diverged: str) -> str:
    text = f"{method_info(projection.method).label} · step {projection.step:,}"
    if note or diverged:
        return " · ".join(filter(None, (text, note, diverged)))
    if projection.explained is None:
        return text
    return f"{text} · {projection.explained:.0%} of the variance"


def trust(plane: PlanePoints, method: str) -> str:
    """How far a map by a method can be trusted, in a line: "Recall@1 52 in the map, ...".

    PCA is the same from wherever it begins, and its movement always the embedding's: nothing that
    has to be said at each frame.
    """
    quality = plane.quality
    if quality is None:
        return ""
    parts = []
    if not math.isnan(quality.plane_recall_at_1):
        drawn, true = (100 * one for one in (quality.plane_recall_at_1, quality.recall_at_1))
        parts.append(f"Recall@1 {drawn:.0f} in the map, {true:.0f} in the embedding")
    if not math.isnan(quality.trustworthiness):
        parts.append(f"trustworthiness {quality.trustworthiness:.2f}")
    if method != PCA and not math.isnan(quality.embedding_motion):
        parts.append(f"{quality.embedding_motion:.0%} true motion")
    return " · ".join(parts)


def _also_selected(
    workspace: Workspace, recording: Recording, shown: SplitImages, selected: int | None
) -> tuple[int, ...]:
    """Rows of the selected images but for the one that neighbours are looked for."""
    rows = selected_rows(workspace, recording, shown)
    return () if rows is None else tuple(row for row in rows.tolist() if row != selected)
