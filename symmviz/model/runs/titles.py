"""What runs are called."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache

from symmcore.errors import InputError
from symmcore.palette import run_places
from symmcore.records import IndexArray
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunInfo
from symmcore.settings.losses import loss_info
from symmcore.training.spec import RunSpec, parse_spec
from symmviz.model.display import RunTitle


@lru_cache(maxsize=256)
def spec_title(spec: RunSpec) -> RunTitle:
    """What people call a run."""
    title = loss_info(spec.loss).title
    if spec.symm is not None:
        title = f"Symm + {title}"
    _, _, settings = spec.name.partition(":")
    if settings:
        title = f"{title} ({settings.replace(',', ', ')})"
    return RunTitle(spec.name, title)


@lru_cache(maxsize=256)
def named_title(name: str) -> RunTitle:
    """What people call the run of a SPEC; of any other name, the name itself."""
    try:
        return spec_title(parse_spec(name))
    except InputError:
        return RunTitle(name, name)


@lru_cache(maxsize=32)
def run_titles(infos: tuple[RunInfo, ...], preparing: tuple[str, ...] = ()) -> tuple[RunTitle, ...]:
    """Titles and colours that tell the runs apart: alike ones name what differs.

    Args:
        infos: of the runs that are shown together.
        preparing: SPECs of runs beside them that are being prepared.
    """
    titles = [_title(info) for info in infos]
    for marks in (_branches, _datasets, _seeds, _folders):
        counts = Counter(titles)
        titles = [
            RunTitle(title.name, f"{title.title} · {mark}") if counts[title] > 1 and mark else title
            for title, mark in zip(titles, marks(infos), strict=True)
        ]
    titles += map(named_title, preparing)
    places = run_places([title.name for title in titles])
    return tuple(replace(title, place=place) for title, place in zip(titles, places, strict=True))


def label_names(recording: Recording, labels: IndexArray) -> tuple[str, ...]:
    """What all classes are called, at least those of ``labels``."""
    names = recording.info.class_names
    count = int(labels.max(initial=-1)) + 1
    return names if count <= len(names) else (*names, *map(str, range(len(names), count)))


def _title(info: RunInfo) -> RunTitle:
    return named_title(info.name) if info.spec is None else spec_title(info.spec)


def _branches(infos: tuple[RunInfo, ...]) -> list[str]:
    return [f"from step {info.parent.step:,}" if info.parent else "" for info in infos]


def _datasets(infos: tuple[RunInfo, ...]) -> list[str]:
    return _where_different([info.dataset for info in infos])


def _seeds(infos: tuple[RunInfo, ...]) -> list[str]:
    return _where_different(["" if info.seed is None else f"seed {info.seed}" for info in infos])


def _folders(infos: tuple[RunInfo, ...]) -> list[str]:
    return [info.folder.name for info in infos]


def _where_different(marks: list[str]) -> list[str]:
    return marks if len(set(marks)) > 1 else [""] * len(marks)
