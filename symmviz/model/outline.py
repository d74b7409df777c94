"""What is drawn of a long series of numbers."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_DRAWN = 2000


def outline(steps: Values, values: Values) -> tuple[Values, Values]:
    """Steps and values to draw: all of them, or of many the lowest and highest of runs.

    A plot is a few hundred pixels wide, and drawing 100,000 points takes 100 ms. What is
    drawn of a long series keeps every peak and ends with its newest values.

    Args:
        steps: (N,) float64, ascending.
        values: (N,) float64; NaN is a gap.

    Returns:
        Two arrays of one length, at most about ``2 * _DRAWN``.
    """
    count = len(values)
    length = -(-count // _DRAWN)
    if length < 2:
        return steps, values
    whole = count - count % length
    blocks = values[:whole].reshape(-1, length)
    # what is missing of a block does not hide the rest of it
    lowest, highest = np.fmin.reduce(blocks, axis=1), np.fmax.reduce(blocks, axis=1)
    drawn = np.stack([lowest, highest], axis=1).reshape(-1)
    drawn_steps = np.repeat(steps[:whole:length], 2)
    return np.concatenate([drawn_steps, steps[whole:]]), np.concatenate([drawn, values[whole:]])
