"""M4 aggregation of a long line: the few points that colour the pixels all of it would."""

import numpy as np

from symmviz.model.curve import Values

_POINTS_A_COLUMN = 4


def m4_aggregated(
    places: Values, values: Values, view: tuple[float, float], columns: int
) -> tuple[Values, Values]:
    """The points to draw of a series in a view of so many pixel columns.

    Of the points in one column the first, the lowest, the highest and the last are kept, and
    of those outside the view the one next to it on each side: a line through them colours the
    pixels that a line through all points does (M4; Jugel et al., "M4: A Visualization-Oriented
    Time Series Data Aggregation", VLDB 2014).

    Args:
        places: (N,) float64, ascending.
        values: (N,) float64; NaN is a gap.
        view: where the first column begins and the last ends.
        columns: how many pixels the view is wide.

    Returns:
        Places and values, two arrays of one length: at most ``4 * columns + 2`` points, or
        all in the view where those are fewer.
    """
    low, high = view
    first = max(int(np.searchsorted(places, low)) - 1, 0)
    end = min(int(np.searchsorted(places, high, side="right")) + 1, len(places))
    if end - first <= _POINTS_A_COLUMN * columns:
        return places[first:end], values[first:end]
    edges = np.linspace(low, high, columns + 1)[1:-1]
    starts = np.unique(np.r_[first, np.searchsorted(places[first:end], edges) + first])
    starts = starts[starts < end]
    ends = np.r_[starts[1:], end] - 1
    # what is missing of a column does not hide the rest of it
    lowest = np.fmin.reduceat(values[:end], starts)
    highest = np.fmax.reduceat(values[:end], starts)
    middle = (places[starts] + places[ends]) / 2
    drawn_at = np.stack([places[starts], middle, middle, places[ends]], axis=1)
    drawn = np.stack([values[starts], lowest, highest, values[ends]], axis=1)
    return drawn_at.reshape(-1), drawn.reshape(-1)
