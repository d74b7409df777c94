"""What can be drawn over and beside a map's points, each by itself."""

from enum import Enum


class Layer(Enum):
    """Something that a map shows or does not."""

    SIMILARITIES = "similarities"
    """A histogram of the cosines of pairs, beside the map."""

    IMAGES = "images"
    """Images at the places of their points, as far as they fit."""
    TRAILS = "trails"
    """Where the selected points have been."""
    DENSITY = "density"
    """Contours around where points lie densest."""
    PICKED_TYPES = "picked types"
    """How often each type of point was picked with each, beside the map."""


AT_FIRST = frozenset({Layer.SIMILARITIES})
"""Those that are shown before the user chooses."""
