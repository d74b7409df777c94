"""The playground of the method: numbers of two pairs of images, without torch."""

from symmviz.model.playground.geometry import Points, has_direction
from symmviz.model.playground.losses import Place
from symmviz.model.playground.mining import Candidate
from symmviz.model.playground.presets import (
    PLANE,
    PRESETS,
    SPHERE,
    START,
    Preset,
    on_other_space,
)
from symmviz.model.playground.spaces import Plane, Space, Sphere, outline_radius
from symmviz.model.playground.state import LOSSES, Outcome, Pick, Playground, outcome
from symmviz.model.playground.words import NAMES, details, point_name, sentence

__all__ = [
    "LOSSES",
    "NAMES",
    "PLANE",
    "PRESETS",
    "SPHERE",
    "START",
    "Candidate",
    "Outcome",
    "Pick",
    "Place",
    "Plane",
    "Playground",
    "Points",
    "Preset",
    "Space",
    "Sphere",
    "details",
    "has_direction",
    "on_other_space",
    "outcome",
    "outline_radius",
    "point_name",
    "sentence",
]
