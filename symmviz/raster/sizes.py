"""How large points are drawn."""

_LARGEST, _SMALLEST = 7.0, 1.0  # diameters in logical pixels
_ROOMY = 77.0  # square pixels of the picture for each point in sight: then they are largest
_SHRINK = 0.42  # how a diameter falls with the room there is


def symbol_diameter(room: float) -> float:
    """The diameter of a point's symbol, in logical pixels: the fewer points, the larger.

    Args:
        room: square logical pixels of the picture for each point in sight.
    """
    diameter: float = _LARGEST * min(room / _ROOMY, 1.0) ** _SHRINK
    return max(diameter, _SMALLEST)
