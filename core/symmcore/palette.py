"""Colours that mean the same in the window and in what is exported."""

from functools import cache

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
RUNS_ON_LIGHT = ("#00805d", "#b0407f", "#b87a00", "#2a8fd0", "#555555")
RUNS_ON_DARK = ("#1fc299", "#e58abf", "#f0b030", "#6cc0f5", "#bbbbbb")
"""One colour a run, for lines; used again from the start beyond the last."""


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
