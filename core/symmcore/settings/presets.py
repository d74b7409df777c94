"""Protocols by name: the values that a training takes where nothing else is said.

A preset names no weights: ImageNet's are downloaded on the user's own word alone.
"""

from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.settings.schedule import Schedule
from symmcore.settings.symm import PairSet
from symmcore.settings.transforms import PHOTOGRAPHS, TransformSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """The numbers of one protocol.

    Attributes:
        name: its name on the command line and in files.
        title: its name for people.
        description: one sentence: what it is and where the numbers come from.
        network: name of the embedding network.
        dim: size of an embedding.
        batch_size: images in a batch, two of a class.
        learning_rate: Adam's, of the first step.
        schedule: how it falls.
        weight_decay: factor of ||w||^2 / 2 in the loss, norm layers left out.
        transform: how images are resized and augmented; None leaves it to what suits them.
        steps: optimiser steps.
        eval_every: steps between evaluations.
        pairs: what runs with Symm mine among.
    """

    name: str
    title: str
    description: str
    network: str
    dim: int
    batch_size: int
    learning_rate: float
    schedule: Schedule
    weight_decay: float
    transform: TransformSettings | None
    steps: int
    eval_every: int
    pairs: PairSet


QUICK = Preset(
    name="quick",
    title="Quick",
    description="A small network and few steps: minutes on a CPU.",
    network="small",
    dim=64,
    batch_size=128,
    learning_rate=1e-3,
    schedule=Schedule(),
    weight_decay=0.0,
    transform=None,
    steps=300,
    eval_every=25,
    pairs="paper",
)
# Section 4.2 says neither how many steps it trained nor how often it evaluated: those two
# numbers are ours. The last that the code's schedule does is at 15,000.
PAPER = Preset(
    name="paper",
    title="Paper",
    description=(
        "The paper's protocol (Section 4.2): GoogLeNet to 512 dimensions, Adam at 1e-4, "
        "64 classes x 2 images, random crops of 227 pixels."
    ),
    network="googlenet",
    dim=512,
    batch_size=128,
    learning_rate=1e-4,
    schedule=Schedule(),
    weight_decay=0.0,
    transform=PHOTOGRAPHS,
    steps=20_000,
    eval_every=500,
    pairs="paper",
)
OFFICIAL = Preset(
    name="official",
    title="Official code",
    description=(
        "The paper's protocol with what the authors' code adds: weight decay 5e-3, a learning "
        "rate halved every 5,000 steps, 1e-5 after 15,000, and its own pairs to mine."
    ),
    network="googlenet",
    dim=512,
    batch_size=128,
    learning_rate=1e-4,
    schedule=Schedule(halve_every=5_000, final_after=15_000, final_rate=1e-5),
    weight_decay=5e-3,
    transform=PHOTOGRAPHS,
    steps=20_000,
    eval_every=500,
    pairs="official",
)
PRESETS = (QUICK, PAPER, OFFICIAL)


def preset(name: str) -> Preset:
    """Look up a preset by name.

    Raises:
        InputError: if there is none of that name.
    """
    for entry in PRESETS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in PRESETS)
    raise InputError(f"Unknown preset {name!r}: choose one of {known}.")
