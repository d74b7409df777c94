"""The lines of the shared plots, from the metrics of the runs."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from symmcore.records import BatchHealth
from symmcore.runs import Recording
from symmcore.runs.metrics import Metric
from symmviz.model.display import Curve, Panel, PanelKey, Reading, Variant
from symmviz.model.outline import Values, outline
from symmviz.model.workspace import Cursor

_NOTHING_MINED = "A run without Symm picks no points."
_RATIO = "synthetic_ratio"
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
}
_DRAWN = {name for lines in _LINES.values() for _, name in lines}
# Taken once at the end of a training, or no measure of it: a line would say nothing.
_NOT_DRAWN = {
    "seconds",
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


def panels(recordings: tuple[Recording, ...]) -> tuple[PanelKey, ...]:
    """The plots there are: the four of every run, then each scalar of users' own loops."""
    names = sorted(
        {
            name
            for recording in recordings
            for name in recording.state.metrics
            if recording.info.own_loop or name not in _HEALTH
        }
    )
    own = (
        name
        for name in names
        if name not in _DRAWN and name not in _NOT_DRAWN and not name.startswith(_RECALL_AT)
    )
    return (*Panel, *own)


def curves(recordings: tuple[Recording, ...], panel: PanelKey) -> tuple[Curve, ...]:
    """The lines of one plot, as far as there is something to draw."""
    return tuple(
        Curve(panel, run, variant, *outline(metric.steps, _values(metric, panel, variant)))
        for run, recording in enumerate(recordings)
        for variant, metric in _metrics(recording.state.metrics, panel)
    )


def drawn_from(recordings: tuple[Recording, ...], panel: PanelKey) -> tuple[object, ...]:
    """What differs whenever the lines of a plot do."""
    return tuple(
        (id(recording), variant, len(metric.steps))
        for recording in recordings
        for variant, metric in _metrics(recording.state.metrics, panel)
    )


def readings(
    recordings: tuple[Recording, ...], panel: PanelKey, cursor: Cursor
) -> tuple[Reading, ...]:
    """The newest value of each line at or before the cursor; NaN where that is none."""
    found = []
    for run, recording in enumerate(recordings):
        for variant, metric in _metrics(recording.state.metrics, panel):
            end = len(metric.steps)
            if cursor.step is not None:
                end = int(np.searchsorted(metric.steps, cursor.step, side="right"))
            if end:
                value = float(metric.values[end - 1])
                found.append(Reading(run, variant, _turned(value, panel, variant)))
    return tuple(found)


def ratio_note(mines: bool) -> str:
    """Why the plot of what mining picks stays empty; empty if it does not.

    Args:
        mines: whether one of the runs is trained with Symm.
    """
    return "" if mines else _NOTHING_MINED


def _metrics(metrics: Mapping[str, Metric], panel: PanelKey) -> list[tuple[Variant, Metric]]:
    lines = _LINES.get(panel, ((Variant.SOLID, str(panel)),))
    found = [(variant, metrics.get(name)) for variant, name in lines]
    # What a run without Symm picks is recorded as missing, at every step.
    return [
        (variant, metric)
        for variant, metric in found
        if metric is not None
        and len(metric.steps)
        and (panel is not Panel.RATIO or np.isfinite(metric.values[-1]))
    ]


def _values(metric: Metric, panel: PanelKey, variant: Variant) -> Values:
    if panel is Panel.RATIO and variant is Variant.DASHED:
        return 1.0 - metric.values
    return metric.values


def _turned(value: float, panel: PanelKey, variant: Variant) -> float:
    return 1.0 - value if panel is Panel.RATIO and variant is Variant.DASHED else value
