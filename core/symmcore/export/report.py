"""What a page about a run shows beside its map, as plain data."""

import base64
import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from symmcore.data.names import display_name
from symmcore.export.frames import ImageNames, are_wrong, embedded
from symmcore.export.neighbours import NearestImages, nearest_images
from symmcore.export.options import ExportOptions
from symmcore.export.sprite import make_sprite
from symmcore.progress import ProgressCallback
from symmcore.records import EmbeddedSet, FloatArray
from symmcore.runs.formats.metrics import Metric
from symmcore.runs.reading.recording import Recording

_MOST_FAILURES = 60
_NEIGHBOURS = 5
_TILE = 64
_QUALITY = 85
_MOST_POINTS = 2000  # of a line
_MOST_OWN = 8  # scalars of a user's own loop
_LARGEST = 32767

# Titles, and the lines of each: name, what it is called, whether it is dashed.
_PANELS: tuple[tuple[str, tuple[tuple[str, str, bool], ...]], ...] = (
    (
        "Recall@1, original points",
        (("test_recall_at_1", "test", False), ("train_recall_at_1", "training", True)),
    ),
    (
        "Recall@1, synthetic points",
        (
            ("test_synthetic_recall_at_1", "test", False),
            ("train_synthetic_recall_at_1", "training", True),
        ),
    ),
    ("Share of synthetic points picked in mining", (("synthetic_ratio", "synthetic", False),)),
    ("Loss", (("loss", "loss", False),)),
)
_SCORES = (
    ("test_recall_at_1", "Recall@1"),
    ("test_recall_at_2", "Recall@2"),
    ("test_recall_at_4", "Recall@4"),
    ("test_recall_at_8", "Recall@8"),
    ("test_nmi", "NMI"),
    ("test_f1", "F1"),
    ("test_map_at_r", "MAP@R"),
)


def quantised(frames: list[tuple[FloatArray, ...]]) -> npt.NDArray[np.int16]:
    """Coordinates of all frames on one grid of 16 bits, the middle of the plane at 0.

    Args:
        frames: for each, (N, 2) of each kind of points.

    Returns:
        (frames, kinds, N, 2) little-endian int16, both axes at one scale.
    """
    points = np.array(frames, dtype=np.float64)
    flat = points.reshape(-1, 2)
    middle = (flat.max(axis=0, initial=-np.inf) + flat.min(axis=0, initial=np.inf)) / 2
    centred = points - np.where(np.isfinite(middle), middle, 0.0)
    reach = float(np.abs(centred).max(initial=0.0)) or 1.0
    return np.round(centred / reach * _LARGEST).astype("<i2")


def scores(recording: Recording, last: int | None) -> list[tuple[str, float]]:
    """The newest scores of a run up to a step, with what they are called; None for all steps."""
    metrics = _metrics(recording, last)
    found = [(title, metrics[name]) for name, title in _SCORES if name in metrics]
    newest = max((metric.steps[-1] for _, metric in found), default=0.0)
    values = [
        (title, float(metric.values[-1])) for title, metric in found if metric.steps[-1] == newest
    ]
    return [(title, value) for title, value in values if math.isfinite(value)]


def _metrics(recording: Recording, last: int | None) -> dict[str, Metric]:
    """The metrics up to a step, those without values left out."""
    found = {}
    for name, metric in recording.state.metrics.items():
        count = len(metric.steps)
        if last is not None:
            count = int(np.searchsorted(metric.steps, last, side="right"))
        if count:
            found[name] = Metric(metric.steps[:count], metric.values[:count])
    return found


def curve_panels(recording: Recording, last: int | None) -> list[dict[str, Any]]:
    """The plots of a run up to a step, those without values left out; None for all steps."""
    metrics = _metrics(recording, last)
    wanted = list(_PANELS)
    if recording.info.own_loop:
        drawn = {name for _, lines in _PANELS for name, _, _ in lines}
        own = sorted(name for name in metrics if name not in drawn)[:_MOST_OWN]
        wanted += [(display_name(name), ((name, name, False),)) for name in own]
    panels = []
    for title, lines in wanted:
        found = [
            {"name": display_name(name), "dashed": dashed} | _line(metrics[metric])
            for metric, name, dashed in lines
            if metric in metrics
        ]
        if found:
            panels.append({"title": title, "lines": found})
    return panels


def _line(metric: Metric) -> dict[str, list[Any]]:
    """A line's steps and values: of many in a row the least and the largest."""
    kept = _extremes(metric.values)
    values = [_short(value) for value in metric.values[kept].tolist()]
    return {"x": metric.steps[kept].astype(int).tolist(), "y": values}


def _extremes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Rows of the least and the largest value of each stretch; of all where they are few."""
    if len(values) <= _MOST_POINTS:
        return np.arange(len(values))
    kept = {0, len(values) - 1}
    for stretch in np.array_split(np.arange(len(values)), _MOST_POINTS // 2):
        finite = stretch[np.isfinite(values[stretch])]
        if len(finite):
            kept |= {int(finite[values[finite].argmin()]), int(finite[values[finite].argmax()])}
    return np.array(sorted(kept))


def _short(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def failures(
    recording: Recording, step: int, options: ExportOptions, progress: ProgressCallback
) -> dict[str, Any]:
    """The images whose nearest one is of another class, the surest mistakes first."""
    images = embedded(recording, step, options.split)
    nearest = nearest_images(images.embeddings, _NEIGHBOURS, progress)
    names = ImageNames.of(recording)
    labels, samples = images.labels, images.samples
    rows = _mistakes(images, nearest)
    shown = rows[:_MOST_FAILURES]
    used = sorted({row for query in shown for row in (query, *nearest.rows[query].tolist())})
    tiles = {row: tile for tile, row in enumerate(used)}
    sprite = make_sprite(recording, [int(samples[row]) for row in used], _TILE, progress)

    def image(row: int) -> dict[str, Any]:
        sample = int(samples[row])
        return {
            "tile": tiles[row],
            "sample": sample,
            "class": display_name(recording.info.class_name(int(labels[row]))),
            "file": display_name(names.file(sample) or ""),
        }

    return {
        "step": step,
        "count": len(rows),
        "searched": len(samples),
        "sprite": {
            "src": _data_url(sprite.picture),
            "tile": _TILE,
            "across": sprite.across,
        },
        "rows": [
            {
                "query": image(query),
                "found": [
                    image(row)
                    | {"similarity": _short(value), "right": bool(labels[row] == labels[query])}
                    for row, value in zip(
                        nearest.rows[query].tolist(),
                        nearest.similarities[query].tolist(),
                        strict=True,
                    )
                ],
            }
            for query in shown
        ],
    }


def _mistakes(images: EmbeddedSet, nearest: NearestImages) -> list[int]:
    """The rows whose nearest image is of another class, the most similar first."""
    if not nearest.rows.shape[1]:
        return []
    wrong = np.flatnonzero(are_wrong(images, nearest.rows[:, 0]))
    rows: list[int] = wrong[np.argsort(-nearest.similarities[wrong, 0], kind="stable")].tolist()
    return rows


def _data_url(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
