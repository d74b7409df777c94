"""Metrics of a run: as lines of JSON, and by name as arrays that grow."""

import itertools
import json
import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.records import BatchHealth, EvalRecord, StepRecord
from symmcore.runs.formats.layout import LARGEST_STEP

MetricArray = npt.NDArray[np.float64]
Scores = Mapping[str, float | int | None]
Record = dict[str, Any]
Points = dict[str, tuple[list[int], list[float]]]

MOST_METRICS = 1000
LONGEST_NAME = 100
LONGEST_LINE = 2**20
RESERVED = frozenset({"kind", "step"})
# Of BatchHealth: null says that it was not taken in this step.
_NOW_AND_THEN = frozenset({"gradient_norm", "zero_terms"})
_FIRST_CAPACITY = 256
_SHORTEST = b'{"kind":"a","step":1}'


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric of a run over its steps.

    Attributes:
        steps: (N,) float64, ascending but for steps that are told twice; read-only.
        values: (N,) float64, NaN where it was no number; read-only.
    """

    steps: MetricArray
    values: MetricArray

    def at(self, step: float) -> float | None:
        """The newest value at or before ``step``; None if there is none."""
        place = int(np.searchsorted(self.steps, step, side="right")) - 1
        return None if place < 0 else float(self.values[place])


def metrics_line(record: StepRecord | EvalRecord) -> str:
    """A record as one line of metrics.jsonl; what is not finite or not there is null."""
    fields = _fields_of(record)
    recall_at = fields.pop("test_recall_at", ())
    fields |= {f"test_recall_at_{k}": value for k, value in recall_at}
    health = fields.pop("health", None)
    if health is not None:
        fields |= _fields_of(health)
    kind = "step" if isinstance(record, StepRecord) else "eval"
    return scalars_line(kind, fields.pop("step"), fields)


def _fields_of(record: StepRecord | EvalRecord | BatchHealth) -> Record:
    """The values by name, not copied: ``dataclasses.asdict`` takes several times as long."""
    return {name: getattr(record, name) for name in type(record).__slots__}


def scalars_line(kind: str, step: int, values: Mapping[str, float | None]) -> str:
    """Values by name as one line of metrics.jsonl; what is not finite is null."""
    numbers = {
        name: value if value is None or math.isfinite(value) else None
        for name, value in values.items()
    }
    return json.dumps({"kind": kind, "step": step} | numbers)


class _Column:
    """Values of one metric, in arrays with room to grow.

    What was handed out never changes: new values go behind it, or into new arrays.
    """

    def __init__(self, known: Metric | None = None) -> None:
        self._steps = np.empty(_FIRST_CAPACITY) if known is None else known.steps
        self._values = np.empty(_FIRST_CAPACITY) if known is None else known.values
        self._count = 0 if known is None else len(known.steps)
        self.last_step = -math.inf if known is None else float(known.steps[-1])

    def extend(self, steps: list[int], values: list[float]) -> None:
        count = self._count + len(steps)
        if count > len(self._steps):
            self._steps = self._larger(self._steps, count)
            self._values = self._larger(self._values, count)
        self._steps[self._count : count] = steps
        self._values[self._count : count] = values
        self._count = count
        self.last_step = steps[-1]

    def metric(self) -> Metric:
        steps, values = self._steps[: self._count], self._values[: self._count]
        steps.flags.writeable = values.flags.writeable = False
        return Metric(steps, values)

    def _larger(self, array: MetricArray, least: int) -> MetricArray:
        larger = np.empty(max(least, 2 * len(array)))
        larger[: self._count] = array[: self._count]
        return larger


class MetricsTable:
    """All metrics of a run, taken in line by line; one thread at a time.

    Attributes:
        last_step: the largest step of any line; 0 before there is one.
        last_evaluation: the newest line of kind "eval", without the kind; None before one.
        lines: how many lines were taken in.
        damaged: how many of them were passed over.
        first_damage: number of the first of them, from 1; 0 if there is none.
    """

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._metrics: dict[str, Metric] = {}
        self._grown: dict[str, None] = {}  # in the order in which they did
        self.lines = 0
        self.last_step = 0
        self.last_evaluation: Scores | None = None
        self.damaged = 0
        self.first_damage = 0

    @classmethod
    def of(
        cls,
        metrics: Mapping[str, Metric],
        *,
        lines: int,
        last_step: int,
        last_evaluation: Scores | None,
        damaged: int,
        first_damage: int,
    ) -> "MetricsTable":
        """A table that has taken in lines already: these metrics, each of at least one step."""
        made = cls()
        made._columns = {name: _Column(metric) for name, metric in metrics.items()}
        made._metrics = dict(metrics)
        made.lines, made.last_step, made.last_evaluation = lines, last_step, last_evaluation
        made.damaged, made.first_damage = damaged, first_damage
        return made

    def metrics(self) -> Mapping[str, Metric]:
        """The metrics by name, as they are now."""
        # only those that grew are made anew; the mapping too, for who holds the last one
        for name in self._grown:
            self._metrics[name] = self._columns[name].metric()
        self._grown.clear()
        return dict(self._metrics)

    def add_lines(self, lines: list[bytes]) -> None:
        """Take in whole lines; one that is damaged is counted and passed over."""
        points: Points = {}
        # Nearly all lines have the same names: those are taken in column by column.
        for _, group in itertools.groupby(_parsed(lines), key=_names):
            records = list(group)
            if not self._add_alike(records, points):
                for record in records:
                    self._add(record, points)
        for name, (steps, values) in points.items():
            self._columns[name].extend(steps, values)
            self._grown[name] = None

    def _add_alike(self, records: list[Record | None], points: Points) -> bool:
        """Take in steps, ascending, of finite numbers and nulls; False for others."""
        first = records[0]
        if len(records) == 1 or first is None or first.get("kind") != "step":
            return False
        whole = [record for record in records if record is not None]
        try:
            steps = [record["step"] for record in whole]
            names = [name for name in first if name not in RESERVED]
            columns = {name: [record[name] for record in whole] for name in names}
        except KeyError:
            return False
        if (
            any(record["kind"] != "step" for record in whole)
            or set(map(type, steps)) != {int}
            or not self.last_step <= steps[0]
            or not steps[-1] <= LARGEST_STEP
            or any(map(operator.gt, steps, steps[1:]))
            or not all(map(_all_finite_or_null, columns.values()))
        ):
            return False
        for name, values in columns.items():
            at, numbers = self._known(name, steps, values)
            if at and (name in self._columns or self._new_column(name)):
                kept = points.setdefault(name, ([], []))
                kept[0].extend(at)
                kept[1].extend(numbers)
        self.lines += len(whole)
        self.last_step = steps[-1]
        return True

    def _known(
        self, name: str, steps: list[int], values: list[float | None]
    ) -> tuple[list[int], list[float]]:
        """Of steps the values of one metric, by the rule of :meth:`_is_known`."""
        if None not in values:
            return steps, values  # type: ignore[return-value]  # as the line above says
        if name in _NOW_AND_THEN:
            pairs = zip(steps, values, strict=True)
            there = [(step, value) for step, value in pairs if value is not None]
            return [step for step, _ in there], [value for _, value in there]
        # a null before the first number says nothing
        first = next((at for at, value in enumerate(values) if value is not None), len(values))
        begin = 0 if self._is_known(name) else first
        return steps[begin:], [math.nan if value is None else value for value in values[begin:]]

    def _is_known(self, name: str) -> bool:
        """Whether null is a number of this metric that is none: only where it had one before."""
        return name in self._columns and name not in _NOW_AND_THEN

    def _skip(self) -> None:
        self.damaged += 1
        self.first_damage = self.first_damage or self.lines

    def _add(self, record: Record | None, points: Points) -> None:
        self.lines += 1
        if record is None:
            self._skip()
            return
        step, kind = record.get("step"), record.get("kind")
        if type(step) is not int or not 0 <= step <= LARGEST_STEP or type(kind) is not str:
            self._skip()
            return
        if kind == "eval":
            self.last_evaluation = scores_of(record)
        if step > self.last_step:
            self.last_step = step
        for name, value in record.items():
            if name in RESERVED:
                continue
            number = finite_number(value)
            # Null is a number that is none, or a score that is not there: the first only where
            # the metric is known, and an evaluation leaves scores out.
            if number is None and (kind == "eval" or not self._is_known(name)):
                continue
            column = self._columns.get(name) or self._new_column(name)
            if column is None:
                continue
            collected = points.get(name)
            # a step that goes back is of a damaged line: curves only go on
            if step < (collected[0][-1] if collected else column.last_step):
                continue
            steps, values = collected or points.setdefault(name, ([], []))
            steps.append(step)
            values.append(math.nan if number is None else number)

    def _new_column(self, name: str) -> _Column | None:
        if len(name) > LONGEST_NAME or len(self._columns) >= MOST_METRICS:
            return None
        return self._columns.setdefault(name, _Column())


def scores_of(record: Record) -> Scores:
    """The numbers and nulls of an evaluation; null for a number that is not finite."""
    return {
        name: None if finite_number(value) is None else value
        for name, value in record.items()
        if name != "kind" and (value is None or type(value) in (int, float))
    }


def finite_number(value: object) -> float | None:
    """The value as a number; None where it is none, not finite, or a whole one beyond float64."""
    if type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return None
    if type(value) is float and math.isfinite(value):
        return value
    return None


def _names(record: Record | None) -> tuple[str, ...] | None:
    return None if record is None else tuple(record)


def _all_finite_or_null(values: list[Any]) -> bool:
    if set(map(type, values)) <= {float}:
        return all(map(math.isfinite, values))
    return all(value is None or (type(value) is float and math.isfinite(value)) for value in values)


def _parsed(lines: list[bytes]) -> Iterable[Record | None]:
    """Each line's JSON object; None for a line that holds none."""
    # All at once, in half the time: a list that the right number of objects is in. Where that
    # fails, one by one.
    try:
        records = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        return [_parsed_line(line) for line in lines]
    if len(records) != len(lines) or not all(type(record) is dict for record in records):
        return [_parsed_line(line) for line in lines]
    return records  # type: ignore[no-any-return]  # looked at in the line above


def _parsed_line(line: bytes) -> Record | None:
    if len(line) < len(_SHORTEST):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if type(record) is dict else None
