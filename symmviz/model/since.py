"""The step that an embedding is compared with."""

from dataclasses import dataclass

from symmviz.model.display import ColourBy

COMPARING = (ColourBy.DRIFT, ColourBy.LOST)
"""Colours that say what changed since a step."""


@dataclass(frozen=True, slots=True)
class SinceChoice:
    """The step that colours compare with, and those that one can choose.

    Attributes:
        steps: of which at least one run has a frame, ascending.
        step: the one that is compared with.
    """

    steps: tuple[int, ...] = ()
    step: int = 0
