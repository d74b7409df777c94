"""The table of runs and what they came to, with means over seeds and the paper's rows."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from symmcore.palette import run_places
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.results import RunResult, Setting, Summary, sample_of, summarise
from symmviz.model.names import shown_name
from symmviz.model.results.best import best_runs, best_settings
from symmviz.model.results.cells import (
    MEASURED,
    Cell,
    Column,
    difference_cell,
    run_cell,
    sample_cell,
    score_columns,
)
from symmviz.model.results.naming import setting_titles
from symmviz.model.runs.mismatch import mismatch
from symmviz.model.runs.paper_scores import PaperScores, paper_scores

_IN_PERCENT = "Scores in percent."
_OVER_SEEDS = "Means over seeds \N{PLUS-MINUS SIGN} standard deviation (N - 1 in the denominator)."
_PAIRED = (
    "Differences are means over the seeds that both have, in brackets the 95% interval of "
    "Student's t for paired samples: mean \N{PLUS-MINUS SIGN} t(n - 1) sd / sqrt(n)."
)
_ONE_PAIR = "A difference of one pair has no interval: more seeds would tell what it is worth."
_TOGETHER = "Time and steps/s of a comparison are those of all its runs together."
_PAPER = (
    "The paper's rows are of GoogLeNet from ImageNet's weights, to 512 dimensions: like is "
    "compared with like where a run was trained so (--preset paper --weights imagenet)."
)
_CLEARLY_BEST = "Bold is the best where the interval of its difference to every other lies above 0."
_HIGHEST = "Bold is the highest number: of one seed each it is not known what it is worth."


class RowKind(Enum):
    """What a row is of."""

    RUN = "run"
    MEAN = "mean"
    DIFFERENCE = "difference"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        kind: what it is of.
        title: the run, the setting, the difference, or the paper's table.
        dataset: as the command line writes it.
        seeds: the seed of a run, or how many there are; empty for none.
        cells: by column; a column that is not there has nothing.
        place: of the colour of the run, or of those that a mean is of, see
            :func:`symmcore.palette.run_places`; None for what is none.
    """

    kind: RowKind
    title: str
    dataset: str
    seeds: str
    cells: Mapping[str, Cell]
    place: int | None = None


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """Rows and columns, and sentences on how to read them."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    bold_note: str = ""

    def cell(self, row: Row, column: Column) -> Cell:
        """The cell of a row in a column."""
        return row.cells.get(column.key, Cell())

    @property
    def shows_datasets(self) -> bool:
        """Whether the runs are of several."""
        return len({row.dataset for row in self.rows}) > 1


def results_table(
    results: tuple[RunResult, ...], *, scores: tuple[str, ...] = (), runs: bool = True
) -> ResultsTable:
    """The table of some runs; of several seeds what they come to together stands first.

    Args:
        results: the runs.
        scores: names of the scores, where not all are wanted; nothing but scores is shown then.
        runs: whether each run has a row, and not only what they come to together.
    """
    columns = tuple(score_columns(results, only=scores)) + (() if scores else MEASURED)
    places = run_places([result.setting.name for result in results])
    table = _Table(columns, summarise(results), setting_titles(results), places)
    single = table.runs(results) if runs else []
    means = table.means(results) if table.has_seeds or not runs else []
    first, last = (means, single) if means else (single, [])
    rows = (*first, *table.differences(), *table.paper(results), *last)
    return ResultsTable(columns, rows, table.notes(rows, results), table.bold_note(rows))


class _Table:
    def __init__(
        self,
        columns: tuple[Column, ...],
        summaries: tuple[Summary, ...],
        titles: Mapping[Setting, str],
        places: tuple[int, ...],
    ) -> None:
        self._columns = columns
        self._summaries = summaries
        self._titles = titles
        self._places = places
        self.has_seeds = any(len(summary.results) > 1 for summary in summaries)

    def runs(self, results: tuple[RunResult, ...]) -> list[Row]:
        best = {
            column.key: best_runs(results, column.key)
            for column in self._columns
            if column.is_score and not self.has_seeds
        }
        return [
            Row(
                RowKind.RUN,
                self._run_title(result),
                shown_name(result.dataset) if result.dataset else "",
                "" if result.seed is None else str(result.seed),
                {
                    column.key: _marked(run_cell(column, result), place, best.get(column.key))
                    for column in self._columns
                },
                self._places[place],
            )
            for place, result in enumerate(results)
        ]

    def _run_title(self, result: RunResult) -> str:
        title, remark = self._titles[result.setting], _remark(result)
        return f"{title} ({remark}, scored at step {result.step:,})" if remark else title

    def means(self, results: tuple[RunResult, ...]) -> list[Row]:
        first = [one.setting for one in results]
        best = {
            column.key: best_settings(self._summaries, column.key)
            for column in self._columns
            if column.is_score
        }
        return [
            dataclasses.replace(
                self._row(
                    RowKind.MEAN,
                    summary,
                    self._titles[summary.setting],
                    len({result.pair for result in summary.results}),
                    {
                        column.key: _marked(
                            _mean_cell(column, summary), place, best.get(column.key)
                        )
                        for column in self._columns
                    },
                ),
                place=self._places[first.index(summary.setting)],
            )
            for place, summary in enumerate(self._summaries)
        ]

    def differences(self) -> list[Row]:
        return [
            self._row(
                RowKind.DIFFERENCE,
                summary,
                f"{self._titles[summary.setting]} less {self._titles[summary.baseline]}",
                max((one.count for one in summary.differences.values()), default=0),
                {
                    column.key: difference_cell(summary.differences.get(column.key))
                    for column in self._columns
                    if column.is_score
                },
            )
            for summary in self._summaries
            if summary.baseline is not None and summary.differences
        ]

    def paper(self, results: tuple[RunResult, ...]) -> list[Row]:
        known: dict[PaperScores, RunResult] = {}
        for result in results:
            paper = None if result.spec is None else paper_scores(result.dataset, result.spec)
            if paper is not None:
                known.setdefault(paper, result)
        return [
            Row(
                RowKind.PAPER,
                f"Paper, Table {paper.table}: {self._titles[result.setting]}",
                shown_name(result.dataset),
                "",
                {"nmi": Cell(paper.nmi), "f1": Cell(paper.f1)}
                | {f"recall_at_{k}": Cell(value) for k, value in paper.recall_at},
            )
            for paper, result in known.items()
        ]

    def notes(self, rows: tuple[Row, ...], results: tuple[RunResult, ...]) -> tuple[str, ...]:
        kinds = {row.kind for row in rows}
        counts = [
            difference.count
            for summary in self._summaries
            for difference in summary.differences.values()
        ]
        compared = any(
            result.config is not None and column in MEASURED
            for result in results
            for column in self._columns
        )
        not_shared = mismatch(results)
        said = [
            (_IN_PERCENT, True),
            (_OVER_SEEDS, RowKind.MEAN in kinds),
            (_PAIRED, any(count > 1 for count in counts)),
            (_ONE_PAIR, any(count == 1 for count in counts)),
            (_PAPER, RowKind.PAPER in kinds),
            (_TOGETHER, compared and len(results) > 1),
            (not_shared, bool(not_shared)),
        ]
        left_out = tuple(
            f"{self._titles[result.setting]}{_of_seed(result)} counts in no mean: "
            f"{_remark(result)}."
            for result in results
            if _remark(result)
        )
        return (*(sentence for sentence, holds in said if holds), *left_out)

    def bold_note(self, rows: tuple[Row, ...]) -> str:
        if not any(cell.is_best for row in rows for cell in row.cells.values()):
            return ""
        return _CLEARLY_BEST if any(row.kind is RowKind.MEAN for row in rows) else _HIGHEST

    def _row(
        self, kind: RowKind, summary: Summary, title: str, count: int, cells: dict[str, Cell]
    ) -> Row:
        dataset = summary.results[0].dataset
        seeds = "1 seed" if count == 1 else f"{count} seeds"
        return Row(kind, title, shown_name(dataset) if dataset else "", seeds, cells)


def _mean_cell(column: Column, summary: Summary) -> Cell:
    if column.is_score:
        return sample_cell(summary.samples.get(column.key))
    values = [run_cell(column, result).value for result in summary.results]
    sample = sample_of(value for value in values if value is not None)
    return Cell(None if sample is None else sample.mean)


def _marked(cell: Cell, place: int, best: frozenset[int] | None) -> Cell:
    return dataclasses.replace(cell, is_best=True) if best and place in best else cell


def _of_seed(result: RunResult) -> str:
    return "" if result.seed is None else f" of seed {result.seed}"


def _remark(result: RunResult) -> str:
    if result.is_whole:
        return ""
    if result.status is RunStatus.DIVERGED:
        return "diverged"
    if result.status is RunStatus.TRAINING:
        return "still training"
    return "without final scores"
