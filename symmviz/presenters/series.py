"""Numbers over steps that grow while training runs."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_FIRST_CAPACITY = 256


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

    @property
    def last(self) -> float | None:
        """The newest value, or None before there is one."""
        return float(self._data[1, self._count - 1]) if self._count else None
