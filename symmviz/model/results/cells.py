"""Columns of the table of results, and what a cell holds and says."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from symmcore.progress import byte_count
from symmcore.runs.results import PairedDifference, RunResult, Sample

NOTHING = "-"
_RECALL = re.compile(r"recall_at_(\d+)")
_MINUTE = 60


class Unit(Enum):
    """What the numbers of a column are."""

    PERCENT = "%"
    SECONDS = "s"
    RATE = "steps/s"
    BYTES = "bytes"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: name of the score, or of what else was measured.
        title: what it is called.
        unit: what its numbers are.
    """

    key: str
    title: str
    unit: Unit

    @property
    def is_score(self) -> bool:
        """Whether a larger number is better, and runs are compared by it."""
        return self.unit is Unit.PERCENT


@dataclass(frozen=True, slots=True)
class Cell:
    """One number with what is known of its certainty; percents for shares.

    Attributes:
        value: the number; None where there is none.
        deviation: standard deviation over seeds; None where there is none.
        low: lower end of the interval of a difference; None where there is none.
        high: upper end.
        is_difference: whether it is one, which has a sign.
        is_best: whether it is the best of its column, and clearly so where that is known.
    """

    value: float | None = None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    is_difference: bool = False
    is_best: bool = False


def score_columns(results: Iterable[RunResult], *, only: tuple[str, ...] = ()) -> list[Column]:
    """The scores that some run has: Recall@K in rising order of K, NMI, F1, MAP@R.

    Args:
        results: the runs.
        only: names of scores, where not all are wanted.
    """
    names = {name for result in results for name in result.scores}
    recalls = sorted(int(match[1]) for name in names if (match := _RECALL.fullmatch(name)))
    columns = [Column(f"recall_at_{k}", f"Recall@{k}", Unit.PERCENT) for k in recalls]
    columns += [
        Column(key, title, Unit.PERCENT)
        for key, title in (("nmi", "NMI"), ("f1", "F1"), ("map_at_r", "MAP@R"))
        if key in names or key != "map_at_r"
    ]
    return [column for column in columns if not only or column.key in only]


MEASURED = (
    Column("seconds", "Time", Unit.SECONDS),
    Column("steps_per_second", "Steps/s", Unit.RATE),
    Column("peak_memory_bytes", "Peak memory", Unit.BYTES),
    Column("parameters", "Parameters", Unit.COUNT),
)


def run_cell(column: Column, result: RunResult) -> Cell:
    """What one run has in a column."""
    if column.is_score:
        return score_cell(result.scores.get(column.key))
    value: float | None = getattr(result, column.key)
    return Cell(value)


def score_cell(share: float | None) -> Cell:
    """A share as a percent."""
    return Cell(None if share is None else 100.0 * share)


def sample_cell(sample: Sample | None) -> Cell:
    """Mean and deviation of shares, as percents."""
    if sample is None:
        return Cell()
    deviation = None if sample.deviation is None else 100.0 * sample.deviation
    return Cell(100.0 * sample.mean, deviation)


def difference_cell(difference: PairedDifference | None) -> Cell:
    """A difference of shares with its interval, in percent points."""
    if difference is None:
        return Cell(is_difference=True)
    ends = (None if end is None else 100.0 * end for end in (difference.low, difference.high))
    low, high = ends
    return Cell(100.0 * difference.mean, low=low, high=high, is_difference=True)


def cell_text(column: Column, cell: Cell, plus_minus: str = "\N{PLUS-MINUS SIGN}") -> str:
    """A cell for people.

    Args:
        column: its column.
        cell: the cell.
        plus_minus: what stands before a standard deviation.
    """
    if cell.value is None:
        return NOTHING
    if not column.is_score:
        return _measured_text(column.unit, cell.value)
    if cell.is_difference:
        text = f"{cell.value:+.1f}"
        if cell.low is not None and cell.high is not None:
            text += f" [{cell.low:+.1f}, {cell.high:+.1f}]"
        return text
    deviation = "" if cell.deviation is None else f" {plus_minus} {cell.deviation:.1f}"
    return f"{cell.value:.1f}{deviation}"


def _measured_text(unit: Unit, value: float) -> str:
    if unit is Unit.SECONDS:
        minutes, seconds = divmod(round(value), _MINUTE)
        return f"{minutes} min {seconds:02d} s" if minutes else f"{value:.1f} s"
    if unit is Unit.RATE:
        return f"{value:.3g}"
    if unit is Unit.BYTES:
        return byte_count(round(value))
    return f"{round(value):,}"
