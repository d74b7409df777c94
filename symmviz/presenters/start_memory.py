"""What the Start page said, as a text that a later launch reads back."""

import json
from pathlib import Path

from symmcore.errors import InputError
from symmcore.settings.setting import settings_of
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec, parse_spec
from symmviz.presenters.start import StartForm, training_config

_NAMES = frozenset(named.name for named in settings_of(TrainingConfig))


def form_text(form: StartForm) -> str:
    """A form as JSON, but for the runs of a comparison that is being put together."""
    return json.dumps(
        {
            "dataset": form.dataset,
            "preset": form.preset,
            "spec": RunSpec(form.loss, form.symm_settings, form.loss_settings).name,
            "symm": form.symm,
            "seeds": form.seeds,
            "settings": dict(form.settings),
        }
    )


def form_of(text: str, runs_folder: Path) -> StartForm | None:
    """The form that a text describes; None where it describes none that can be trained.

    Args:
        text: as :func:`form_text` writes it, or whatever else is in its place.
        runs_folder: where runs are kept.
    """
    try:
        stored = json.loads(text)
        spec = parse_spec(stored["spec"])
        if spec.symm is None:
            return None
        form = StartForm(
            dataset=stored["dataset"],
            preset=stored["preset"],
            loss=spec.loss,
            loss_settings=spec.loss_settings,
            symm=stored["symm"] is True,
            symm_settings=spec.symm,
            settings={
                name: value
                for name, value in stored["settings"].items()
                if name in _NAMES and isinstance(value, str | int | float | None)
            },
            runs_folder=runs_folder,
            seeds=str(stored.get("seeds", "")),
        )
        training_config(form, compare=False)
    except (InputError, ValueError, TypeError, KeyError, AttributeError):
        return None  # of another version, or damaged
    return form
