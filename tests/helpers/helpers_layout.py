"""A way to lay out points whose every step is known."""

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from symmcore.projection.layout import Beginning, Layout

Array = npt.NDArray[np.float64]
REACH = 5.0


class Drift:
    """Moves all points one to the right at each piece, for four pieces, and turns them."""

    name = "drift"

    def __init__(self) -> None:
        self.begun: list[tuple[Array, Beginning]] = []

    def prepare(self) -> None:
        pass

    def reach(self, count: int) -> float:
        return REACH

    def begin(self, points: Array, beginning: Beginning) -> Layout:
        self.begun.append((points, beginning))
        return Drifting(beginning.coordinates)


class Drifting:
    def __init__(self, coordinates: Array) -> None:
        self.coordinates = coordinates
        self.done = 0.0
        self.is_between = False

    def advance(self) -> None:
        turn = Rotation.from_euler("z", 90, degrees=True).as_matrix()[:2, :2]
        self.coordinates = 2.0 * self.coordinates @ turn + [1.0, 0.0]
        self.done += 0.25
