"""Keeps every page as the workspace and its recordings are, and reads what that needs."""

import dataclasses
import time
from collections.abc import Mapping
from itertools import chain, zip_longest
from typing import Protocol

from symmcore.runs import Recording
from symmcore.runs.formats.info import RecordingState
from symmviz.model.display import ColourBy
from symmviz.model.map.layers import Layer
from symmviz.model.resolve import (
    SearchTarget,
    history_targets,
    index_targets,
    score_targets,
    search_targets,
    share_target,
    shown_step,
    steps_wanted,
    trail_steps,
)
from symmviz.model.retrieval.query import Query, RunNeighbours
from symmviz.model.workspace import Workspace
from symmviz.presenters.classes import ClassesPresenter
from symmviz.presenters.curves import CurvesPresenter, CurvesView
from symmviz.presenters.events import EventSource, EventsPresenter
from symmviz.presenters.findings import FindingsPresenter
from symmviz.presenters.retrieve import RetrievePresenter, RetrieveView
from symmviz.presenters.time import TimePresenter, TimeView
from symmviz.presenters.watch import WatchPresenter, WatchView
from symmviz.services.frames.facts import FramePart, FrameWanted
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.retrieval.rankings import Rankings
from symmviz.services.retrieval.search import Searches

# Drawing a plot takes milliseconds in which the training thread may wait for Python's lock:
# one plot at a time, so that each of the four is drawn about once a second.
_SECONDS_A_PANEL = 0.25
_SECONDS_BETWEEN_METRICS = 0.25


class UploadSearches(Protocol):
    """Searches for images from elsewhere, embedded by the networks of the runs that are shown."""

    @property
    def revision(self) -> int:
        """A number that grows with each batch of searches."""

    def request(
        self, targets: tuple[SearchTarget, ...], recordings: Mapping[str, Recording]
    ) -> None:
        """Make these searches, and give up all others."""

    def found(self, target: SearchTarget) -> RunNeighbours | str | None:
        """What a search has found, why it failed, or None while it has not been made."""


class Readers(Protocol):
    """Who reads recordings: see :class:`symmviz.services.session.Session`."""

    frames: FrameLoader
    searches: Searches
    rankings: Rankings

    @property
    def events(self) -> EventSource:
        """Finds what happened."""

    @property
    def uploads(self) -> UploadSearches:
        """Searches for images from elsewhere."""

    def show(self, workspace: Workspace) -> None:
        """Read what the workspace shows: after every change of it or of its recordings."""

    def follow(self, recordings: tuple[Recording, ...]) -> None:
        """Take in what is written of these runs, here or elsewhere, and forget all others."""


def _but_for_metrics(state: RecordingState) -> tuple[object, ...]:
    return (
        state.frame_steps,
        state.gallery_steps,
        state.checkpoint_steps,
        tuple(state.projection_steps.items()),
        state.status,
        state.message,
        state.warnings,
    )


class WindowPresenter:
    """Derives all pages anew whenever something that they come from has changed."""

    def __init__(
        self,
        watch: WatchView,
        curves: CurvesView,
        retrieve: RetrieveView,
        time: TimeView,
        workspace: Workspace,
        readers: Readers,
    ) -> None:
        self._workspace = workspace
        self._readers = readers
        self._watch = WatchPresenter(watch, workspace, readers.frames, readers.searches.found)
        self.classes = ClassesPresenter(workspace, readers.frames)
        self.curves = CurvesPresenter(curves, workspace)
        self.findings = FindingsPresenter(watch.findings, workspace)
        self.events = EventsPresenter(watch.events, workspace, readers.events)
        self._retrieve = RetrievePresenter(
            retrieve,
            workspace,
            readers.frames,
            self._found,
            readers.rankings.found,
            lambda: readers.rankings.progress,
        )
        self.time = TimePresenter(time, workspace)
        self._changes = 0
        self._seen: tuple[object, ...] = ()
        self._read_by_then = -1
        self._revisions: tuple[int, ...] = ()
        self._metrics_at = 0.0
        self._followed: tuple[Recording, ...] = ()
        self._panel_drawn_at = 0.0
        workspace.subscribe(self._on_change)

    def refresh(self) -> None:
        """Show what is new, if anything is; cheap to call where nothing is.

        What was read of frames, as points that move do all the while, is no reason to look at
        what is recorded; and metrics, which come with every step of a training, are taken in a
        few times a second: the slider, the plots and the findings are all that comes of them.
        """
        seen, was_read = self._seen_now(), self._readers.frames.revision
        if seen != self._seen:
            self._seen, self._read_by_then = seen, was_read
            self._show_all()
        elif was_read != self._read_by_then:
            self._read_by_then = was_read
            self._show_frames()
        if time.monotonic() - self._metrics_at >= _SECONDS_BETWEEN_METRICS:
            revisions = tuple(one.state.revision for one in self._workspace.recordings)
            if revisions != self._revisions:
                self._show_metrics(revisions)
        if self.findings.is_behind:
            self.findings.update()

    def _seen_now(self) -> tuple[object, ...]:
        """What differs whenever anything but metrics and what was read of frames does."""
        workspace, readers = self._workspace, self._readers
        return (
            self._changes,
            readers.searches.revision,
            readers.rankings.revision,
            readers.uploads.revision,
            readers.rankings.progress,
            readers.events.revision,
            *map(id, workspace.recordings),
            *(_but_for_metrics(recording.state) for recording in workspace.recordings),
        )

    def _show_all(self) -> None:
        workspace, readers = self._workspace, self._readers
        if workspace.recordings != self._followed:
            self._followed = workspace.recordings
            readers.follow(self._followed)
        self._read()
        self._show_frames()
        self.events.update()
        self._show_metrics(tuple(one.state.revision for one in workspace.recordings))

    def _show_frames(self) -> None:
        self._watch.update()
        self._retrieve.update()

    def _show_metrics(self, revisions: tuple[int, ...]) -> None:
        self._revisions, self._metrics_at = revisions, time.monotonic()
        self.time.update()
        self.curves.update()
        self.findings.update()

    @property
    def is_behind(self) -> bool:
        """Whether more is to be drawn or said of what is known by now."""
        return self.curves.is_behind or self.findings.is_behind

    def draw_plots(self, now: float) -> None:
        """Move the cursor of one plot; else draw the lines of one, but not too often.

        Args:
            now: a time in seconds.
        """
        if self.curves.is_behind:
            self.curves.mark_next_panel()
        elif now - self._panel_drawn_at >= _SECONDS_A_PANEL:
            self._panel_drawn_at = now
            self.curves.draw_next_panel()

    def _on_change(self) -> None:
        self._changes += 1
        self.refresh()

    def _found(self, target: SearchTarget) -> RunNeighbours | str | None:
        """Look up a search, for an image of the dataset or from elsewhere."""
        is_query = isinstance(target.query, Query)
        searches = self._readers.searches if is_query else self._readers.uploads
        return searches.found(target)

    def _read(self) -> None:
        workspace, readers = self._workspace, self._readers
        readers.frames.request(frames_wanted(workspace, self.time.direction))
        by_key = {recording.key: recording for recording in workspace.recordings}
        targets = search_targets(workspace)
        is_upload = workspace.selection.upload is not None
        others = tuple(one for one in history_targets(workspace) if one not in targets)
        readers.searches.request(
            () if is_upload else targets, by_key, others, index_targets(workspace)
        )
        readers.uploads.request(targets if is_upload else (), by_key)
        readers.rankings.request(score_targets(workspace), by_key)
        readers.show(workspace)


def frames_wanted(workspace: Workspace, direction: int) -> tuple[FrameWanted, ...]:
    """What is to be in memory: each run's shown frame, the galleries, then what may be next."""
    method = workspace.display.method
    rows = [
        [
            FrameWanted(recording, method, step)
            for step in steps_wanted(recording.state, workspace.cursor, direction)
        ]
        for recording in workspace.recordings
    ]
    shown = [row[0] for row in rows if row]
    shown += [
        dataclasses.replace(one, part=part) for part in _parts_wanted(workspace) for one in shown
    ]
    shown += _shares_wanted(workspace, shown)
    galleries = [
        FrameWanted(recording, method, None)
        for recording in workspace.recordings
        if recording.state.frame_steps
    ]
    ahead = chain.from_iterable(zip_longest(*(row[1:] for row in rows)))
    behind = chain.from_iterable(zip_longest(*_trails_wanted(workspace)))
    beside = _cosines_wanted(workspace, [row[0] for row in rows if row])
    return (*shown, *galleries, *(one for one in chain(ahead, behind) if one is not None), *beside)


def _trails_wanted(workspace: Workspace) -> list[list[FrameWanted]]:
    """A row a run: the recorded maps that trails lead through, the newest first."""
    if Layer.TRAILS not in workspace.display.layers or not workspace.selection.samples:
        return []
    rows = []
    for recording in workspace.recordings:
        step = shown_step(recording, workspace.cursor)
        steps = () if step is None else trail_steps(recording, step)
        rows.append([FrameWanted(recording, workspace.display.method, one) for one in steps[::-1]])
    return rows


def _cosines_wanted(workspace: Workspace, frames: list[FrameWanted]) -> list[FrameWanted]:
    """The cosines of pairs of these frames, which take longest and come last."""
    if Layer.SIMILARITIES not in workspace.display.layers:
        return []
    split = workspace.display.split
    return [dataclasses.replace(one, part=FramePart.COSINES, split=split) for one in frames]


def _shares_wanted(workspace: Workspace, frames: list[FrameWanted]) -> list[FrameWanted]:
    """What colours that are a scale need of the frames whose points are wanted."""
    wanted = []
    for one in frames:
        if one.part is FramePart.POINTS and one.step is not None:
            target = share_target(workspace, one.recording, one.step)
            if target is not None:
                wanted.append(dataclasses.replace(one, part=FramePart.SHARES, shares=target))
    return wanted


def _parts_wanted(workspace: Workspace) -> tuple[FramePart, ...]:
    """What is wanted of the shown frames beside their points."""
    display, parts = workspace.display, []
    several = len(workspace.selection.samples) > 1  # their Recall@1 is shown
    if display.colour_by is ColourBy.CORRECT or several:
        parts.append(FramePart.VERDICTS)
    if display.shows_pairs or Layer.PICKED_TYPES in display.layers:
        parts.append(FramePart.PICKED)
    return tuple(parts)
