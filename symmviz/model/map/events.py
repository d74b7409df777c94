"""What happened between two recorded frames of a run: which images changed their neighbours."""

from dataclasses import dataclass
from enum import Enum

from symmviz.model.names import shown_name


class EventKind(Enum):
    """What happened; the value is its name in a list."""

    SPLIT = "Split"
    MIX = "Mix"
    LEFT = "Left its class"
    WRONG = "Turned wrong"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened from one frame to the next.

    Attributes:
        kind: what.
        step: of the frame that shows it.
        since: step of the frame before.
        samples: positions in the dataset of the images that it happened to, those that it
            happened to most first.
        labels: of the classes concerned: of the one that split; of the two that mix; of the one
            that was left and the one that was joined; of the one with the most wrong queries.
        count: how many images, or neighbours, are so now; of WRONG, queries of ``labels``.
        total: of how many.
        before: how many were so at ``since``.
    """

    kind: EventKind
    step: int
    since: int
    samples: tuple[int, ...]
    labels: tuple[int, ...]
    count: int
    total: int
    before: int = 0


def event_sentence(event: Event, names: tuple[str, ...]) -> str:
    """An event in one sentence.

    Args:
        event: what happened.
        names: of the classes, by label; the label itself stands for one that has none.
    """
    first, *others = (
        shown_name(names[label]) if 0 <= label < len(names) else str(label)
        for label in event.labels
    )
    if event.kind is EventKind.SPLIT:
        return (
            f"Class {first} splits: its largest part holds {event.count:,} of "
            f"{event.total:,} images, {event.before:,} before."
        )
    if event.kind is EventKind.MIX:
        return (
            f"Class {first} and class {others[0]} mix: {event.count:,} of {event.total:,} nearest "
            f"neighbours are of the other, {event.before:,} before."
        )
    number = len(event.samples)
    if event.kind is EventKind.LEFT:
        which = "An image" if number == 1 else f"{number:,} images"
        return f"{which} left class {first}: most neighbours are now of class {others[0]}."
    part = "all" if event.count == number else f"{event.count:,}"
    return (
        f"{number:,} of {event.total:,} queries turned wrong at rank 1, {part} of them of class "
        f"{first}."
    )
