"""Colours and symbols that mean the same in the window and in what is exported."""

from collections.abc import Sequence
from functools import cache
from zlib import crc32

OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#999999",
)
"""Okabe and Ito's colours for all kinds of colour vision, black left out."""

# For the classes that are chosen of many: no grey among them, which the others have.
VIVID_ON_LIGHT = (
    *OKABE_ITO[:-1],
    # and of Paul Tol's muted scheme what is far from those
    "#332288",
    "#AA4499",
    "#44AA99",
    "#882255",
    "#999933",
)
# lighter where it would be lost on a dark background
VIVID_ON_DARK = (*OKABE_ITO[:-1], "#8f86e8", "#d27fd2", "#7fdcc8", "#e0708f", "#b8b850")

ORIGINAL_ON_LIGHT, SYNTHETIC_ON_LIGHT = "#0072B2", "#D55E00"
ORIGINAL_ON_DARK, SYNTHETIC_ON_DARK = "#4aa8e0", "#ff8a4c"
RUNS_ON_LIGHT = (
    *("#00805d", "#b0407f", "#b87a00", "#2a8fd0", "#555555", "#d0421f"),
    *("#5a45c0", "#6f8a00", "#7a3b16", "#0aa3a3", "#c96be0", "#12327f"),
)
RUNS_ON_DARK = (
    *("#1fc299", "#e58abf", "#f0b030", "#6cc0f5", "#bbbbbb", "#ff7a55"),
    *("#a79bff", "#b4cf3a", "#c08a5c", "#4fe3e6", "#d070ff", "#3a6cf0"),
)
"""One colour a run, by its place: see :func:`run_places`."""
RUN_SYMBOLS = (
    *("\u25cf", "\u25b2", "\u25a0", "\u25c6", "\u271a", "\u25bc"),
    *("\u2605", "\u2715", "\u25c4", "\u25ba", "\u25ac", "\u25ae"),
)
"""One symbol a run, by the same place, for whoever does not tell the colours apart; as text."""

_PLACES = {
    "npair": 0,
    "npair+symm": 1,
    "angular": 2,
    "angular+symm": 3,
    "triplet": 5,
    "triplet+symm": 6,
    "triplet-semihard": 9,
    "triplet-semihard+symm": 8,
    "lifted": 7,
    "lifted+symm": 10,
}


def run_places(names: Sequence[str]) -> tuple[int, ...]:
    """The place of each run's colour and symbol, the same wherever the run is shown.

    A loss, with or without Symm, has a place of its own, whatever its other settings; a user's own
    loop, one by the letters of its name. Of runs that are shown together and would have one
    colour, the first keeps it, and each of the others takes the next that none of them would
    have: as many runs as there are colours all differ. Of more, those of one name have one place:
    seeds of one SPEC.

    Args:
        names: SPECs of the runs that are shown together, or names of users' own loops, in order.
    """
    count = len(RUNS_ON_LIGHT)
    if len(names) > count:
        specs = tuple(dict.fromkeys(names))
        if len(specs) < len(names):
            by_name = dict(zip(specs, run_places(specs), strict=True))
            return tuple(by_name[name] for name in names)
    own = [
        _PLACES.get(name.partition(":")[0], crc32(name.encode("utf-8", "replace")) % count)
        for name in names
    ]
    taken: set[int] = set()
    found: list[int] = []
    for place in own:
        around = [(place + step) % count for step in range(count)]
        free = [one for one in around if one not in taken]
        if place in taken and free:
            place = next((one for one in free if one not in own), free[0])
        taken.add(place)
        found.append(place)
    return tuple(found)


def class_colours(count: int, *, dark: bool) -> tuple[str, ...]:
    """Colours for so many classes, in their order; from the start beyond the last.

    Okabe and Ito's up to 8 classes, Glasbey's beyond.
    """
    return OKABE_ITO if count <= len(OKABE_ITO) else _glasbey(dark)


@cache
def _glasbey(dark: bool) -> tuple[str, ...]:
    """Glasbey's colours; read only once they are drawn, which the Start page does not wait for."""
    import colorcet

    # The first twelve of either are twice as far apart as those of one set that serves both themes.
    if dark:
        return tuple(colorcet.b_glasbey_bw_minc_20_minl_30)
    return tuple(colorcet.b_glasbey_bw_minc_20_maxl_70)
