"""Cache of a metrics.jsonl as arrays: a million lines are read in tenths of a second.

metrics.jsonl is what was recorded. The cache says what was in its first bytes, and how to know
that they are still those; where it does not fit, or is damaged, the lines are read instead.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.errors import RunError
from symmcore.runs.formats.layout import LARGEST_STEP, METRICS_CACHE
from symmcore.runs.formats.metrics import (
    LONGEST_NAME,
    MOST_METRICS,
    Metric,
    MetricsTable,
    scores_of,
)
from symmcore.runs.formats.safetensors_file import safetensors_chunks
from symmcore.runs.formats.untrusted_files import arrays_in, check_whole, read_bytes

ANCHOR = 4096
"""Bytes of metrics.jsonl before the end of what is cached that must be the same."""
_VERSION = 2  # 1 had NaN where a gradient norm was not taken
_MOST_BYTES = 2 * 2**30
_METADATA = "__metadata__"


@dataclass(frozen=True, slots=True)
class CachedMetrics:
    """What a cache says.

    Attributes:
        table: the metrics.
        size: how many bytes of metrics.jsonl they are.
        anchor: SHA-256 of the last of these bytes, in hexadecimal.
    """

    table: MetricsTable
    size: int
    anchor: str


def anchor_of(content: bytes) -> str:
    """What tells whether a metrics.jsonl is the one that was cached.

    Args:
        content: the last bytes of what is cached, at most ``ANCHOR``.
    """
    return hashlib.sha256(content).hexdigest()


def cache_chunks(table: MetricsTable, size: int, anchor: str) -> Iterator[bytes | memoryview]:
    """A cache as the pieces of a safetensors file: see :class:`CachedMetrics`.

    ``steps_I`` and ``values_J`` are (N,) float64; metrics of the same steps share them.
    """
    arrays: dict[str, npt.NDArray[np.float64]] = {}
    steps: list[npt.NDArray[np.float64]] = []
    columns = []
    for number, (name, metric) in enumerate(table.metrics().items()):
        at = next((i for i, known in enumerate(steps) if _same(known, metric.steps)), len(steps))
        if at == len(steps):
            steps.append(metric.steps)
            arrays[f"steps_{at}"] = metric.steps
        arrays[f"values_{number}"] = metric.values
        columns.append([name, at, number])
    said = {
        "version": _VERSION,
        "size": size,
        "anchor": anchor,
        "columns": columns,
        "lines": table.lines,
        "last_step": table.last_step,
        "last_evaluation": table.last_evaluation,
        "damaged": table.damaged,
        "first_damage": table.first_damage,
    }
    metadata = {"cache": json.dumps(said)}
    metadata["sha256"] = _digest(metadata["cache"], arrays)
    return safetensors_chunks(arrays, metadata)


def read_cache(run: Path) -> CachedMetrics | None:
    """The cache of a run directory; None where there is none that is right."""
    path = run / METRICS_CACHE
    try:
        said = check_whole(run, path).get(_METADATA)
        if not isinstance(said, dict):
            return None
        arrays = arrays_in(path, read_bytes(run, path, _MOST_BYTES))
        if said.get("sha256") != _digest(said["cache"], arrays):
            return None
        return _cached(json.loads(said["cache"]), arrays)
    except (RunError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _cached(said: dict[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> CachedMetrics:
    """What a cache of the right checksum says.

    Raises:
        ValueError, KeyError, TypeError: if it is no cache all the same.
    """
    if said["version"] != _VERSION or len(said["columns"]) > MOST_METRICS:
        raise ValueError("it is of another version")
    numbers = [said[name] for name in ("size", "lines", "last_step", "damaged", "first_damage")]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("counts are none")
    metrics = {
        _name(name): _metric(arrays[f"steps_{steps}"], arrays[f"values_{values}"])
        for name, steps, values in said["columns"]
    }
    evaluation = said["last_evaluation"]
    if evaluation is not None and not isinstance(evaluation, dict):
        raise ValueError("the last evaluation is none")
    if evaluation is not None and (
        scores_of(evaluation) != evaluation
        or type(evaluation.get("step")) is not int
        or not 0 <= evaluation["step"] <= LARGEST_STEP
    ):
        raise ValueError("the last evaluation has what are no scores")
    table = MetricsTable.of(
        metrics,
        lines=said["lines"],
        last_step=said["last_step"],
        last_evaluation=evaluation,
        damaged=said["damaged"],
        first_damage=said["first_damage"],
    )
    return CachedMetrics(table, said["size"], str(said["anchor"]))


def _name(name: object) -> str:
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise ValueError("a name is none")
    return name


def _metric(steps: npt.NDArray[Any], values: npt.NDArray[Any]) -> Metric:
    right = (
        steps.dtype == values.dtype == np.float64
        and steps.ndim == 1
        and steps.shape == values.shape
        and len(steps) > 0
        and 0 <= steps[0] <= steps[-1] <= LARGEST_STEP
        and not math.isinf(float(np.abs(np.nan_to_num(values, nan=0.0, posinf=math.inf)).max()))
    )
    if not right or (np.diff(steps) < 0).any():
        raise ValueError("an array is none of a metric")
    return Metric(steps, values)


def _digest(said: str, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256(said.encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _same(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> bool:
    return one is other or (len(one) == len(other) and bool(np.array_equal(one, other)))
