"""What settings are called in the table of results: apart from each other."""

from collections import Counter
from collections.abc import Iterable

from symmcore.runs.results import RunResult, Setting
from symmcore.settings.setting import settings_of
from symmcore.training.config import TrainingConfig
from symmviz.model.names import shown_name
from symmviz.model.runs.titles import named_title


def setting_titles(results: tuple[RunResult, ...]) -> dict[Setting, str]:
    """A title for each setting; those of one SPEC say what else differs."""
    settings = tuple(dict.fromkeys(result.setting for result in results))
    folders = {result.setting: shown_name(result.folder.name) for result in results}
    titles = {setting: shown_name(named_title(setting.name).title) for setting in settings}
    for marks in (_branches(settings), _trainings(settings), _steps(settings), folders):
        counts = Counter(titles.values())
        alike = {title for title, count in counts.items() if count > 1}
        titles = {
            setting: f"{title} · {marks[setting]}" if title in alike and marks[setting] else title
            for setting, title in titles.items()
        }
    return titles


def _branches(settings: Iterable[Setting]) -> dict[Setting, str]:
    return {
        one: "" if one.branched_at is None else f"from step {one.branched_at:,}" for one in settings
    }


def _trainings(settings: tuple[Setting, ...]) -> dict[Setting, str]:
    """The dataset and the described settings in which the trainings differ."""
    differing = [
        ("dataset", ""),
        *((named.name, f"{named.noun} ") for named in settings_of(TrainingConfig)),
    ]
    values = {
        (setting, name): getattr(setting.training, name, None)
        for setting in settings
        for name, _ in differing
    }
    shown = [
        (name, label)
        for name, label in differing
        if len({values[setting, name] for setting in settings}) > 1
    ]
    return {
        setting: ", ".join(
            f"{label}{_text(values[setting, name])}"
            for name, label in shown
            if setting.training is not None
        )
        for setting in settings
    }


def _steps(settings: Iterable[Setting]) -> dict[Setting, str]:
    return {setting: f"scored at step {setting.step:,}" for setting in settings}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else shown_name(str(value))
