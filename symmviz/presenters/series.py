"""Numbers over steps that grow while training runs."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_FIRST_CAPACITY = 256
_DRAWN = 2000


class Series:
    """(step, value) pairs in arrays that double when full; what is missing is NaN."""

    def __init__(self) -> None:
        self._data = np.empty((2, _FIRST_CAPACITY))
        self._count = 0

    def append(self, step: int, value: float | None) -> None:
        """Add one value, later than all before."""
        if self._count == self._data.shape[1]:
            self._data = np.concatenate([self._data, np.empty_like(self._data)], axis=1)
        self._data[:, self._count] = step, np.nan if value is None else value
        self._count += 1

    @property
    def steps(self) -> Values:
        """(N,) float64; a view, valid until the next append."""
        return self._data[0, : self._count]

    @property
    def values(self) -> Values:
        """(N,) float64; a view, valid until the next append."""
        return self._data[1, : self._count]

    def outline(self) -> tuple[Values, Values]:
        """Steps and values to draw: all of them, or of many the lowest and highest of runs.

        A plot is a few hundred pixels wide, and drawing 100,000 points takes 100 ms. What
        is drawn of a long series keeps every peak and ends with its newest values.

        Returns:
            Two arrays of one length, at most about ``2 * _DRAWN``.
        """
        length = -(-self._count // _DRAWN)
        if length < 2:
            return self.steps, self.values
        whole = self._count - self._count % length
        blocks = self.values[:whole].reshape(-1, length)
        # what is missing of a block does not hide the rest of it
        lowest, highest = np.fmin.reduce(blocks, axis=1), np.fmax.reduce(blocks, axis=1)
        values = np.stack([lowest, highest], axis=1).reshape(-1)
        steps = np.repeat(self.steps[:whole:length], 2)
        return (
            np.concatenate([steps, self.steps[whole:]]),
            np.concatenate([values, self.values[whole:]]),
        )

    @property
    def last(self) -> float | None:
        """The newest value, or None before there is one."""
        return float(self._data[1, self._count - 1]) if self._count else None
