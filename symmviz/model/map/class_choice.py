"""Which classes are coloured, and which are hidden."""

from dataclasses import dataclass, replace

# As many classes can be told apart by colour; of more, some are coloured and the rest is grey.
ALL_COLOURED = 20
MOST_CHOSEN = 12
_CHOSEN_AT_FIRST = 10
FREE = -1


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """What the user chose of the classes of one dataset.

    Attributes:
        fingerprint: of the dataset, see :func:`symmviz.model.workspace.images_key`.
        slots: the class that has each colour, ``FREE`` for none; None before any was chosen.
        oldest: the slot to be given away next where all are taken.
        hidden: classes that are not drawn.
    """

    fingerprint: str = ""
    slots: tuple[int, ...] | None = None
    oldest: int = 0
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ShownClasses:
    """The classes of the images on a map.

    Attributes:
        labels: all of them, ascending.
        names: what they are called.
        slots: the class that has each colour, ``FREE`` for none; all have one where they are few.
        hidden: those that are not drawn.
    """

    labels: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    slots: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()

    @property
    def are_few(self) -> bool:
        """Whether each has a colour."""
        return len(self.labels) <= ALL_COLOURED

    @property
    def coloured(self) -> tuple[tuple[int, int], ...]:
        """Those that have a colour: its slot, and the class."""
        return tuple((slot, label) for slot, label in enumerate(self.slots) if label != FREE)

    def name(self, label: int) -> str:
        """What one of them is called."""
        return self.names[self.labels.index(label)]


def shown_classes(
    labels: tuple[int, ...], names: tuple[str, ...], choice: ClassChoice | None
) -> ShownClasses:
    """The classes of a map as they were chosen.

    Args:
        labels: of its images, ascending.
        names: of the dataset's classes, by label.
        choice: of this dataset's; None for none.
    """
    choice = choice or ClassChoice()
    slots = labels if len(labels) <= ALL_COLOURED else _slots(labels, choice)
    hidden = choice.hidden & set(labels)
    return ShownClasses(labels, tuple(names[label] for label in labels), slots, hidden)


def with_colour_toggled(choice: ClassChoice, shown: ShownClasses, label: int) -> ClassChoice:
    """Give a class a colour, the oldest one's where none is free; or take it away."""
    slots = list(shown.slots)
    if label in slots:
        slots[slots.index(label)] = FREE
        return replace(choice, slots=tuple(slots))
    return _coloured(choice, slots, label)


def with_colour(choice: ClassChoice, shown: ShownClasses, label: int) -> ClassChoice:
    """Give a class a colour, if it has none."""
    return choice if label in shown.slots else _coloured(choice, list(shown.slots), label)


def with_hidden_toggled(choice: ClassChoice, label: int) -> ClassChoice:
    """Hide a class, or show it again."""
    return replace(choice, hidden=choice.hidden ^ {label})


def isolated(choice: ClassChoice, shown: ShownClasses, label: int) -> ClassChoice:
    """Hide all classes but one; show all where just that is so already."""
    others = frozenset(shown.labels) - {label}
    return replace(choice, hidden=frozenset() if shown.hidden == others else others)


def _coloured(choice: ClassChoice, slots: list[int], label: int) -> ClassChoice:
    if FREE in slots:
        slots[slots.index(FREE)] = label
        return replace(choice, slots=tuple(slots))
    if len(slots) < MOST_CHOSEN:
        return replace(choice, slots=(*slots, label))
    at = choice.oldest % MOST_CHOSEN
    slots[at] = label
    return replace(choice, slots=tuple(slots), oldest=at + 1)


def _slots(labels: tuple[int, ...], choice: ClassChoice) -> tuple[int, ...]:
    """Those that were chosen and are there; at first some from all over the classes."""
    if choice.slots is not None:
        known = set(labels)
        return tuple(label if label in known else FREE for label in choice.slots)
    every = len(labels) / _CHOSEN_AT_FIRST
    return tuple(labels[int(at * every)] for at in range(_CHOSEN_AT_FIRST))
