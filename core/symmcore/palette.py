"""Colours that mean the same in the window and in what is exported."""

import colorcet

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

# The first twelve of either are twice as far apart as those of one set that serves both themes.
GLASBEY_ON_LIGHT: tuple[str, ...] = tuple(colorcet.b_glasbey_bw_minc_20_maxl_70)
GLASBEY_ON_DARK: tuple[str, ...] = tuple(colorcet.b_glasbey_bw_minc_20_minl_30)

ORIGINAL_ON_LIGHT, SYNTHETIC_ON_LIGHT = "#0072B2", "#D55E00"
ORIGINAL_ON_DARK, SYNTHETIC_ON_DARK = "#4aa8e0", "#ff8a4c"
RUN_ON_LIGHT, RUN_ON_DARK = "#00805d", "#1fc299"
