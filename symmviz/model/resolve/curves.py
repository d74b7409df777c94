"""The lines of the shared plots, from the metrics of the runs."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from symmcore.records import BatchHealth
from symmcore.runs import Recording
from symmcore.runs.formats.info import RunInfo, RunStatus
from symmcore.runs.formats.metrics import Metric
from symmviz.model.curve import (
    Abscissa,
    Curve,
    CurveLook,
    Diagnostic,
    LegendEntry,
    Panel,
    PanelKey,
    PaperLine,
    Reading,
    Values,
    Variant,
)
from symmviz.model.resolve.seeds import SeedGroup, mean_and_spread, seed_groups
from symmviz.model.runs.paper_scores import paper_scores
from symmviz.model.runs.titles import run_titles
from symmviz.model.smoothing import smoothed
from symmviz.model.workspace import Workspace

_NOTHING_MINED = "A run without Symm picks no points."
_NO_TIME = "These runs record no time."
_NO_EPOCHS = "What an epoch is, these runs do not say."
_RATIO = "synthetic_ratio"
_SECONDS = "seconds"
_LINES: dict[PanelKey, tuple[tuple[Variant, str], ...]] = {
    Panel.RECALL: (
        (Variant.SOLID, "test_recall_at_1"),
        (Variant.DASHED, "train_recall_at_1"),
    ),
    Panel.SYNTHETIC_RECALL: (
        (Variant.SOLID, "test_synthetic_recall_at_1"),
        (Variant.DASHED, "train_synthetic_recall_at_1"),
    ),
    Panel.RATIO: ((Variant.SOLID, _RATIO), (Variant.DASHED, _RATIO)),
    Panel.LOSS: ((Variant.SOLID, "loss"),),
    Diagnostic.TRIVIAL: ((Variant.SOLID, "loss"), (Variant.DASHED, "trivial_loss")),
    Diagnostic.NORM: ((Variant.SOLID, "mean_norm"), (Variant.DASHED, "test_mean_norm")),
    Diagnostic.COSINES: ((Variant.SOLID, "within_cosine"), (Variant.DASHED, "between_cosine")),
    Diagnostic.RANK: ((Variant.SOLID, "test_effective_rank"),),
    Diagnostic.GRADIENT: ((Variant.SOLID, "gradient_norm"),),
    Diagnostic.ZERO_TERMS: ((Variant.SOLID, "zero_terms"),),
}
_DRAWN = {name for panel in Panel for _, name in _LINES[panel]}
# Taken once at the end of a training, or no measure of it: a line would say nothing.
_NOT_DRAWN = {
    _SECONDS,
    "test_nmi",
    "test_f1",
    "test_map_at_r",
    "test_r_precision",
    "peak_memory_bytes",
}
_RECALL_AT = "test_recall_at_"
# What a training records of itself, but for a user's own loop, which chooses what it records.
_HEALTH = {field.name for field in dataclasses.fields(BatchHealth)} | {
    "test_mean_norm",
    "test_within_cosine",
    "test_between_cosine",
    "test_effective_rank",
}


def panels(recordings: tuple[Recording, ...], look: CurveLook) -> tuple[PanelKey, ...]:
    """The plots there are: the four of every run, then each scalar of users' own loops.

    Between them, if they are wanted, those of what tells of a collapse, as far as it was recorded.
    """
    metrics = [recording.state.metrics for recording in recordings]
    diagnostics = (
        diagnostic
        for diagnostic in (Diagnostic if look.diagnostics else ())
        if any(name in of for of in metrics for _, name in _LINES[diagnostic])
    )
    own = {
        name
        for recording in recordings
        for name in recording.state.metrics
        if recording.info.own_loop or name not in _HEALTH
        if name not in _DRAWN and name not in _NOT_DRAWN and not name.startswith(_RECALL_AT)
    }
    return (*Panel, *diagnostics, *sorted(own))


def curves(
    recordings: tuple[Recording, ...], panel: PanelKey, look: CurveLook
) -> tuple[Curve, ...]:
    """The lines of one plot, as far as there is something to draw."""
    found = []
    for group in _groups(recordings, look):
        for stroke, metric, spread in _lines(recordings, group, panel):
            places = _places(recordings[group[0]], metric.steps, look.abscissa)
            if places is None:
                continue
            values = _values(metric, panel, stroke)
            average = smoothed(values, look.smoothing) if look.smoothing else None
            found.append(Curve(panel, group[0], stroke, places, values, average, spread))
    return tuple(found)


def paper_lines(
    recordings: tuple[Recording, ...], panel: PanelKey, look: CurveLook
) -> tuple[PaperLine, ...]:
    """What the paper reached with the runs that are shown: its Recall@1 on the test images."""
    if panel is not Panel.RECALL:
        return ()
    found = []
    for run, *_ in _groups(recordings, look):
        info = recordings[run].info
        row = None if info.spec is None else paper_scores(info.dataset, info.spec)
        if row is not None:
            found += [PaperLine(run, share / 100) for k, share in row.recall_at if k == 1]
    return tuple(found)


def drawn_from(
    recordings: tuple[Recording, ...], panel: PanelKey, look: CurveLook
) -> tuple[object, ...]:
    """What differs whenever the lines of a plot do."""
    groups = _groups(recordings, look)
    return (
        look.abscissa,
        look.smoothing,
        groups,
        panel in look.log,
        *(
            (id(recordings[run]), stroke, len(metric.steps))
            for group in groups
            for run in group
            for stroke, metric in _metrics(recordings[run].state.metrics, panel)
        ),
    )


def readings(drawn: tuple[Curve, ...], place: float | None) -> tuple[Reading, ...]:
    """The newest value of each line at or before a place; NaN where that is none.

    Args:
        drawn: the lines of a plot.
        place: on the horizontal axis; None for the end.
    """
    found = []
    for curve in drawn:
        end = len(curve.places)
        if place is not None:
            end = int(np.searchsorted(curve.places, place, side="right"))
        if end:
            found.append(Reading(curve.run, curve.variant, float(curve.values[end - 1])))
    return tuple(found)


def cursor_places(
    recordings: tuple[Recording, ...], look: CurveLook, step: int | None
) -> tuple[float, ...]:
    """Where a step is on the horizontal axis: in several places where runs were not as fast."""
    if step is None:
        return ()
    if look.abscissa is Abscissa.STEP or not recordings:
        return (float(step),)
    places = (
        _places(recordings[run], np.array([float(step)]), look.abscissa)
        for run, *_ in _groups(recordings, look)
    )
    return tuple(sorted({float(place[0]) for place in places if place is not None}))


def step_at(recordings: tuple[Recording, ...], look: CurveLook, place: float) -> int | None:
    """The step that is at a place of the horizontal axis, by the first run that can tell."""
    if look.abscissa is Abscissa.STEP:
        return max(round(place), 0)
    for run, *_ in _groups(recordings, look):
        loss = recordings[run].state.metrics.get("loss")
        places = None if loss is None else _places(recordings[run], loss.steps, look.abscissa)
        if loss is not None and places is not None:
            at = int(np.searchsorted(places, place, side="right")) - 1
            return int(loss.steps[at]) if at >= 0 else 0
    return None


def curve_note(workspace: Workspace, panel: PanelKey) -> str:
    """Why a plot stays empty; empty if it does not."""
    recordings, abscissa = workspace.plotted, workspace.display.curves.abscissa
    if panel is Panel.RATIO and not _mines(workspace):
        return _NOTHING_MINED
    one = np.zeros(1)
    if recordings and all(_places(recording, one, abscissa) is None for recording in recordings):
        return _NO_TIME if abscissa is Abscissa.TIME else _NO_EPOCHS
    return ""


def curve_legend(
    recordings: tuple[Recording, ...], preparing: tuple[str, ...], look: CurveLook
) -> tuple[LegendEntry, ...]:
    """Which colour is which run: those there are, then those of a training being prepared."""
    infos = tuple(recording.info for recording in recordings)
    titles = run_titles(infos, preparing)
    keys = (*(recording.key for recording in recordings), *preparing)
    runs = tuple(range(len(infos)))
    groups = _together(recordings, runs) if look.bands else tuple((run,) for run in runs)
    alone = tuple((run,) for run in range(len(infos), len(keys)))
    return tuple(
        LegendEntry(
            group[0],
            tuple(keys[run] for run in group),
            titles[group[0]].title if len(group) == 1 else _mean_title(infos, group),
            all(keys[run] in look.hidden for run in group),
            titles[group[0]].place,
        )
        for group in (*groups, *alone)
    )


def run_colour_places(
    recordings: tuple[Recording, ...], preparing: tuple[str, ...]
) -> tuple[int, ...]:
    """The place of each run's colour: see :func:`symmcore.palette.run_places`."""
    infos = tuple(recording.info for recording in recordings)
    return tuple(title.place for title in run_titles(infos, preparing))


def has_seeds(recordings: tuple[Recording, ...]) -> bool:
    """Whether some of the runs differ in nothing but the seed."""
    infos = tuple(recording.info for recording in recordings)
    return len(seed_groups(infos)) < len(infos)


def _mean_title(infos: tuple[RunInfo, ...], group: SeedGroup) -> str:
    (title,) = run_titles((infos[group[0]],))
    return f"{title.title} · mean of {len(group)} seeds"


def _mines(workspace: Workspace) -> bool:
    specs = (recording.info.spec for recording in workspace.plotted)
    return any(spec is not None and spec.symm is not None for spec in specs) or any(
        "+symm" in spec for spec in workspace.preparing
    )


def _groups(recordings: tuple[Recording, ...], look: CurveLook) -> tuple[SeedGroup, ...]:
    """The runs that are drawn, those of one line together."""
    shown = tuple(
        run for run, recording in enumerate(recordings) if recording.key not in look.hidden
    )
    if not look.bands:
        return tuple((run,) for run in shown)
    return _together(recordings, shown)


def _together(recordings: tuple[Recording, ...], runs: tuple[int, ...]) -> tuple[SeedGroup, ...]:
    """The runs that differ in the seed together; one that trains is ahead of no mean, and alone."""
    training = [run for run in runs if recordings[run].state.status is RunStatus.TRAINING]
    whole = tuple(run for run in runs if run not in training)
    groups = seed_groups(tuple(recordings[run].info for run in whole))
    together = (tuple(whole[at] for at in group) for group in groups)
    return tuple(sorted((*((run,) for run in training), *together)))


def _lines(
    recordings: tuple[Recording, ...], group: SeedGroup, panel: PanelKey
) -> Iterator[tuple[Variant, Metric, Values | None]]:
    """The lines of a run, or the means of several: with their standard deviation."""
    found = [dict(_metrics(recordings[run].state.metrics, panel)) for run in group]
    for stroke, metric in found[0].items():
        if len(group) == 1:
            yield stroke, metric, None
        elif all(stroke in one for one in found):
            mean, spread = mean_and_spread([one[stroke] for one in found])
            if len(mean.steps):
                yield stroke, mean, spread


def _places(recording: Recording, steps: Values, abscissa: Abscissa) -> Values | None:
    """Where steps are on the horizontal axis; None where the run does not tell."""
    if abscissa is Abscissa.STEP:
        return steps
    if abscissa is Abscissa.TIME:
        seconds = recording.state.metrics.get(_SECONDS)
        if seconds is None or not len(seconds.steps):
            return None
        known = np.maximum.accumulate(seconds.values)  # equal steps are told twice
        return np.interp(steps, np.r_[0.0, seconds.steps], np.r_[0.0, known])
    config, images = recording.info.config, recording.info.train_count
    if config is None or not images:
        return None
    return steps * (config.batch_size / images)


def _metrics(metrics: Mapping[str, Metric], panel: PanelKey) -> list[tuple[Variant, Metric]]:
    lines = _LINES.get(panel, ((Variant.SOLID, str(panel)),))
    found = [(stroke, metrics.get(name)) for stroke, name in lines]
    # What a run without Symm picks is recorded as missing, at every step.
    return [
        (stroke, metric)
        for stroke, metric in found
        if metric is not None
        and len(metric.steps)
        and (panel is not Panel.RATIO or np.isfinite(metric.values[-1]))
    ]


def _values(metric: Metric, panel: PanelKey, stroke: Variant) -> Values:
    if panel is Panel.RATIO and stroke is Variant.DASHED:
        return 1.0 - metric.values
    return metric.values
