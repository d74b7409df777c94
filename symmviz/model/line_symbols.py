"""Where along a line the symbol of its run is drawn."""

import math

import numpy as np

from symmviz.model.curve import Values

_APART = 60  # pixels at least between two symbols of a line; less than twice as many


def line_symbols(
    places: Values, values: Values, view: tuple[float, float], pixels: float, run: int
) -> tuple[Values, Values]:
    """Places and values of the symbols along a line, at even distances on the line.

    They stand at multiples of a power of two, and so stay where they are when the view moves.
    Those of other runs stand between them, so that lines that coincide show the symbols of all.

    Args:
        places: (N,) float64, ascending.
        values: (N,) float64; NaN is a gap, and has no symbol.
        view: the part of the horizontal axis that is shown.
        pixels: how wide that is.
        run: which of the runs in the plot.
    """
    if not len(places):
        return np.empty(0), np.empty(0)
    low, high = max(view[0], places[0]), min(view[1], places[-1])
    step = 2.0 ** math.ceil(math.log2(_APART * (view[1] - view[0]) / max(pixels, 1.0)))
    phase = _phase(run)
    at = np.arange(math.ceil(low / step - phase), math.floor(high / step - phase) + 1) + phase
    along = at * step
    # of a million points those beside a symbol: NumPy would copy all of them first
    after = np.searchsorted(places, along)
    beside = np.unique(np.clip([after - 1, after], 0, len(places) - 1))
    found = np.interp(along, places[beside], values[beside]) if len(along) else along
    there = np.isfinite(found)
    if there.any():
        return along[there], found[there]
    # A short one has its symbol at its end.
    seen = slice(np.searchsorted(places, view[0]), np.searchsorted(places, view[1], side="right"))
    known = np.flatnonzero(np.isfinite(values[seen]))[-1:]
    return places[seen][known], values[seen][known]


def _phase(run: int) -> float:
    """0, 1/2, 1/4, 3/4, 1/8, 5/8 ... for the first runs: van der Corput's sequence."""
    found, part = 0.0, 0.5
    while run:
        found += part * (run % 2)
        run, part = run // 2, part / 2
    return found
