"""What the list of what happened shows."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from symmcore.projection.neighbours import EXACT_UP_TO
from symmcore.runs import Recording
from symmviz.model.map.events import Event, event_sentence
from symmviz.model.names import shown_name
from symmviz.model.retrieval.query import Split
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace

MOST_LINES = 100
"""Events that are listed: the newest."""
_NOTHING = "Nothing large happened between the frames of these runs."
_LOOKING = "Comparing the frames..."
_TOO_MANY = (
    f"Events are looked for among up to {EXACT_UP_TO:,} watched images: "
    "a run that is shown has more."
)
_TOO_FEW = "Events are what changes from one frame to the next: there is no second frame yet."

EventsFound = Callable[[Recording, Split], tuple[Event, ...]]
"""Looks up what happened in a run, the newest first, as far as that is known."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in the list.

    Attributes:
        key: of the run.
        split: of the images that were compared.
        event: what happened.
        heading: when, and in which run where there are several.
        sentence: what happened.
    """

    key: str
    split: Split
    event: Event
    heading: str
    sentence: str


@dataclass(frozen=True, slots=True)
class EventsState:
    """The list of what happened.

    Attributes:
        visible: whether it is shown.
        lines: the newest first.
        note: what is said where there is none.
    """

    visible: bool = False
    lines: tuple[EventLine, ...] = ()
    note: str = ""


def events(
    workspace: Workspace, found: EventsFound, *, looking: bool, refused: bool = False
) -> EventsState:
    """Derive the list of what happened.

    Args:
        workspace: which runs and images are shown.
        found: looks up what is known.
        looking: whether frames are still being compared.
        refused: whether a run has too many images for that.
    """
    if not workspace.display.events_visible:
        return EventsState()
    recordings, split = workspace.recordings, workspace.display.split
    titles = run_titles(tuple(one.info for one in recordings))
    happened = (
        (recording, title.title if len(recordings) > 1 else "", event)
        for recording, title in zip(recordings, titles, strict=True)
        for event in found(recording, split)[:MOST_LINES]
    )
    # Sentences are made of those alone that are listed: the window's thread waits for them.
    newest = heapq.nlargest(MOST_LINES, happened, key=lambda one: one[2].step)
    lines = tuple(
        EventLine(
            recording.key,
            split,
            event,
            _heading(event, title),
            event_sentence(event, recording.info.class_names),
        )
        for recording, title, event in newest
    )
    note = ""
    if not lines:
        several = any(len(one.state.frame_steps) > 1 for one in recordings)
        nothing = _TOO_MANY if refused else _NOTHING
        note = _TOO_FEW if not several else _LOOKING if looking else nothing
    return EventsState(True, lines, note)


def _heading(event: Event, title: str) -> str:
    return " · ".join(filter(None, (f"Step {event.step:,}", shown_name(title) if title else "")))
