"""A form of the Start page that is filled in, for tests of what follows from it."""

import dataclasses
from pathlib import Path
from typing import Any

from symmcore.settings.losses import LossSettings
from symmcore.settings.symm import Symm
from symmviz.presenters.start import StartForm

FORM = StartForm(
    dataset="digits",
    preset="quick",
    loss="angular",
    loss_settings=LossSettings(angle_deg=40.0),
    symm=True,
    symm_settings=Symm(beta=0.5, rank=3),
    settings={
        "split": "auto",
        "follow_links": False,
        "network": "resnet18",
        "weights": "none",
        "steps": 123,
        "seed": 4,
        "device": "cpu",
        "batch_size": 64,
        "dim": 16,
        "learning_rate": 0.5,
        "eval_every": 7,
        "threads": 2,
    },
    runs_folder=Path("/somewhere/runs"),
)


def form(**changes: object) -> StartForm:
    """The form with fields, or settings of the training, changed."""
    fields = {field.name for field in dataclasses.fields(StartForm)}
    own: dict[str, Any] = {name: value for name, value in changes.items() if name in fields}
    settings = {name: value for name, value in changes.items() if name not in fields}
    return dataclasses.replace(FORM, **own, settings={**FORM.settings, **settings})
