"""The playground of the method: numbers of two pairs of images, without torch."""

from symmviz.model.playground.geometry import Points
from symmviz.model.playground.mining import Candidate
from symmviz.model.playground.state import LOSSES, Outcome, Pick, Playground, outcome

__all__ = ["LOSSES", "Candidate", "Outcome", "Pick", "Playground", "Points", "outcome"]
