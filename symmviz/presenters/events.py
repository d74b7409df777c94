"""The list of what happened."""

from typing import Protocol

from symmcore.runs import Recording
from symmviz.model.map.events import Event
from symmviz.model.resolve.events import EventLine, EventsState, events
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Cursor, Workspace


class EventsView(Protocol):
    """What the presenter needs of the list."""

    def set_events(self, state: EventsState) -> None:
        """Show these events, or no list."""


class EventSource(Protocol):
    """Finds events: see :class:`symmviz.services.frames.events.EventFinder`."""

    @property
    def revision(self) -> int:
        """A number that grows with what is found."""

    def is_behind(self, recordings: tuple[Recording, ...], split: Split) -> bool:
        """Whether more may be found of these runs."""

    def refuses(self, recordings: tuple[Recording, ...], split: Split) -> bool:
        """Whether one of these runs watches too many images of a split."""

    def request(self, recordings: tuple[Recording, ...], split: Split) -> None:
        """Find what happened in these runs."""

    def found(self, recording: Recording, split: Split) -> tuple[Event, ...]:
        """What happened in a run, as far as it is known."""


class EventsPresenter:
    """Has events found while the list is shown, and shows those that are new."""

    def __init__(self, view: EventsView, workspace: Workspace, source: EventSource) -> None:
        self._view = view
        self._workspace = workspace
        self._source = source
        self._shown = EventsState()
        self._seen: tuple[object, ...] = ()

    def update(self) -> None:
        """Show what has changed; cheap where nothing has."""
        workspace, source = self._workspace, self._source
        display, recordings = workspace.display, workspace.recordings
        seen = (
            display.events_visible,
            display.split,
            source.revision,
            *map(id, recordings),
            *(one.state.frame_steps for one in recordings),
        )
        if seen == self._seen:
            return
        self._seen = seen
        wanted = recordings if display.events_visible else ()
        source.request(wanted, display.split)
        looking = source.is_behind(wanted, display.split)
        refused = source.refuses(wanted, display.split)
        state = events(workspace, source.found, looking=looking, refused=refused)
        if state != self._shown:
            self._shown = state
            self._view.set_events(state)

    def go_to(self, line: EventLine) -> None:
        """Show the step of an event, and select the images that it happened to."""
        workspace, event = self._workspace, line.event
        recording = workspace.recording(line.key)
        if recording is None:
            return
        workspace.cursor = Cursor(event.step)
        query = Query(event.samples[0], line.split)
        workspace.select_all(recording, query, frozenset(event.samples))
