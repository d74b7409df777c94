"""The points of a frame as projections take them: normalised, and whatever a network gives."""

import numpy as np
import numpy.typing as npt

from symmcore.records import FloatArray

# Points on the unit sphere that differ by no more than float32 rounding lie in one place.
SMALLEST_VARIANCE = 1e-12

Points = npt.NDArray[np.float64]


def normalised(parts: list[FloatArray]) -> Points:
    """Join (n, D) float32 parts to (N, max(D, 2)) float64 rows of length 1 or 0.

    A row that is zero or not finite becomes the zero vector.
    """
    # float64, in which no float32 number overflows when squared.
    rows = np.concatenate(parts).astype(np.float64)
    rows[~np.isfinite(rows).all(axis=1)] = 0.0
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(norms > 0.0, norms, 1.0)
    return np.pad(rows, ((0, 0), (0, max(2 - rows.shape[1], 0))))


def centred(points: Points) -> Points:
    """Points (N, D) less their mean: of close ones float32 tells what lies nearest only then."""
    return points - points.mean(axis=0) if len(points) else points


def frozen(coordinates: npt.NDArray[np.floating]) -> FloatArray:
    """Copy (N, 2) to float32, C-contiguous and read-only, as are slices of its rows."""
    copied = np.array(coordinates, dtype=np.float32, order="C")
    copied.setflags(write=False)
    return copied


def is_picture(coordinates: npt.NDArray[np.floating], count: int) -> bool:
    """Whether coordinates (N, 2) are finite, of ``count`` points, and not all in one place."""
    fits = len(coordinates) == count and bool(np.isfinite(coordinates).all())
    return fits and count > 0 and bool(np.ptp(coordinates, axis=0).any())
