"""The table of results: its rows, what is bold, and its formats."""

import csv
import dataclasses
import io

import pytest
from helpers_results import over_seeds, result
from scipy import stats

from symmcore.runs.formats.info import RunStatus
from symmcore.runs.results import Setting
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.model.results import Format, ResultsTable, RowKind, formatted, results_table

PLAIN = {0: 0.50, 1: 0.60, 2: 0.70}
BETTER = {0: 0.61, 1: 0.70, 2: 0.79}
UNSURE = {0: 0.49, 1: 0.95, 2: 0.70}


def bold(table: ResultsTable, key: str) -> list[str]:
    """The rows that are best by a score."""
    return [row.title for row in table.rows if key in row.cells and row.cells[key].is_best]


def kinds(table: ResultsTable) -> list[str]:
    return [row.kind.value for row in table.rows]


def test_runs_means_and_differences_have_rows() -> None:
    table = results_table((*over_seeds("npair", PLAIN), *over_seeds("npair+symm", BETTER)))
    assert kinds(table) == ["mean"] * 2 + ["difference"] + ["run"] * 6, "what they come to first"
    mean, difference = table.rows[1], table.rows[2]
    assert (mean.title, mean.seeds) == ("Symm + N-pair", "3 seeds")
    cell = mean.cells["recall_at_1"]
    assert cell.value == pytest.approx(70.0)
    assert cell.deviation == pytest.approx(9.0)
    assert difference.title == "Symm + N-pair less N-pair"
    interval = stats.ttest_rel(list(BETTER.values()), list(PLAIN.values())).confidence_interval()
    cell = difference.cells["recall_at_1"]
    assert cell.value == pytest.approx(10.0)
    assert cell.low == pytest.approx(100 * interval.low)
    assert cell.high == pytest.approx(100 * interval.high)


def test_bold_is_only_what_is_clearly_best() -> None:
    clear = results_table((*over_seeds("npair", PLAIN), *over_seeds("npair+symm", BETTER)))
    assert bold(clear, "recall_at_1") == ["Symm + N-pair"]
    unsure = results_table((*over_seeds("npair", PLAIN), *over_seeds("npair+symm", UNSURE)))
    assert bold(unsure, "recall_at_1") == []
    assert not unsure.bold_note
    # The best of three is bold only if it is clear of both others.
    three = results_table(
        (
            *over_seeds("npair", PLAIN),
            *over_seeds("npair+symm", BETTER),
            *over_seeds("triplet", UNSURE),
        )
    )
    assert bold(three, "recall_at_1") == []


def test_of_one_seed_each_the_highest_is_bold_and_the_note_says_so() -> None:
    table_runs = result("npair", 0, 0.5), result("npair+symm", 0, 0.6)
    table = results_table(table_runs)
    assert kinds(table) == ["run", "run", "difference"]
    assert bold(table, "recall_at_1") == ["Symm + N-pair"]
    assert "not known" in table.bold_note
    assert any("has no interval" in note for note in table.notes)
    assert table.rows[-1].cells["recall_at_1"].low is None
    lost = result("triplet", 0, 0.9, is_whole=False)
    with_lost = results_table((*table_runs, lost))
    assert bold(with_lost, "recall_at_1") == ["Symm + N-pair"]
    tied = results_table((result("npair", 0, 0.5), result("npair+symm", 0, 0.5)))
    assert bold(tied, "recall_at_1") == []


def test_datasets_are_not_compared_with_each_other() -> None:
    table = results_table((result("npair", 0, 0.5), result("npair", 0, 0.9, dataset="alphabets")))
    assert bold(table, "recall_at_1") == []
    assert table.shows_datasets


def test_a_run_without_final_scores_counts_in_no_mean() -> None:
    lost = result("npair", 9, 0.0, is_whole=False, status=RunStatus.DIVERGED, scores={})
    table = results_table((*over_seeds("npair", PLAIN), lost))
    assert [row.seeds for row in table.rows if row.kind is RowKind.MEAN] == ["3 seeds"]
    assert "N-pair of seed 9 counts in no mean: diverged." in table.notes
    assert [row.title for row in table.rows] == [
        *["N-pair"] * 4,
        "N-pair (diverged, scored at step 300)",
    ]


def test_the_papers_row_is_there_where_dataset_and_loss_match() -> None:
    table = results_table(
        (result("npair+symm", 0, 0.5, dataset="cub200:/data/CUB"), result("npair", 0, 0.5))
    )
    (paper,) = (row for row in table.rows if row.kind is RowKind.PAPER)
    assert paper.title == "Paper, Table 1: Symm + N-pair"
    assert paper.cells["recall_at_1"].value == 55.9
    assert any("GoogLeNet" in note for note in table.notes)
    assert (paper.cells["nmi"].value, paper.cells["f1"].value) == (63.6, 32.5)


def test_the_ks_of_the_dataset_are_columns_and_what_was_not_recorded_a_dash() -> None:
    scores = {"recall_at_1": 0.5, "recall_at_10": 0.6, "recall_at_100": 0.7}
    table = results_table((result("npair", 0, 0.5, scores=scores, seconds=75.0),))
    assert [column.title for column in table.columns] == [
        "Recall@1", "Recall@10", "Recall@100", "NMI", "F1", "Time", "Steps/s", "Peak memory",
        "Parameters",
    ]  # fmt: skip
    line = formatted(table, Format.TEXT).splitlines()[1]
    assert line.split() == ["N-pair", "0", "50.0", "60.0", "70.0", "-", "-", "1", "min", "15",
                            "s", "-", "-", "-"]  # fmt: skip


def test_settings_of_one_name_say_what_differs() -> None:
    spec = parse_spec("npair")
    slow = TrainingConfig(specs=(spec,), learning_rate=1e-5)
    table = results_table(
        (
            result("npair", 0, 0.5),
            result("npair", 0, 0.4, setting=Setting("npair", slow, 300)),
            result("npair", 0, 0.3, setting=Setting("npair", slow, 200)),
        )
    )
    assert [row.title for row in table.rows] == [
        "N-pair · learning rate 0.003",
        "N-pair · learning rate 1e-05 · scored at step 300",
        "N-pair · learning rate 1e-05 · scored at step 200",
    ]


TABLE = results_table(
    (
        *over_seeds("npair", PLAIN),
        *over_seeds("npair+symm", BETTER, seconds=2.5, peak_memory_bytes=10**9),
    )
)


def test_markdown() -> None:
    lines = formatted(TABLE, Format.MARKDOWN).splitlines()
    assert lines[0] == (
        "| Run | Seed | Recall@1 | NMI | F1 | Time | Steps/s | Peak memory | Parameters |"
    )
    assert lines[1].startswith("| --- | --- | ---: |")
    assert lines[3].startswith("| Symm + N-pair | 3 seeds | **70.0 ± 9.0** | **35.0 ± 4.5** | - |")
    assert lines[4].startswith("| Symm + N-pair less N-pair | 3 seeds | +10.0 [+7.5, +12.5] |")
    assert "Bold is the best" in lines[-1]


def test_latex() -> None:
    odd = dataclasses.replace(
        result("npair", 0, 0.5), setting=Setting("50%_&x", None, 3, alone="a")
    )
    text = formatted(results_table((odd,)), Format.LATEX)
    assert "50\\%\\_\\&x & 0 & 50.0" in text
    lines = formatted(TABLE, Format.LATEX).splitlines()
    assert "\\begin{tabular}{llrrrrrrr}" in lines
    assert lines[-1] == "\\end{tabular}"
    (best,) = (line for line in lines if "textbf" in line)
    assert best.startswith("Symm + N-pair & 3 seeds & \\textbf{70.0 $\\pm$ 9.0} &")
    rows = [line for line in lines if line.endswith("\\\\")]
    assert {line.count("&") for line in rows} == {8}


def test_csv_holds_whole_numbers_by_name() -> None:
    rows = list(csv.DictReader(io.StringIO(formatted(TABLE, Format.CSV))))
    assert {len(row) for row in rows} == {11}
    by_name = {(row["Row"], row["Run"]): row for row in rows}
    mean = by_name["mean", "Symm + N-pair"]
    assert float(mean["Recall@1 (%)"]) == pytest.approx(70.0, abs=1e-12)
    assert float(mean["Peak memory (bytes)"]) == 1e9
    assert mean["F1 (%)"] == ""
    deviation = by_name["standard deviation", "Symm + N-pair"]
    assert float(deviation["Recall@1 (%)"]) == pytest.approx(9.0, abs=1e-12)
    low = by_name["95% interval, lower end", "Symm + N-pair less N-pair"]
    assert 7 < float(low["Recall@1 (%)"]) < 8


def test_no_name_is_a_formula_of_a_spreadsheet() -> None:
    odd = dataclasses.replace(result("npair", 0, 0.5), setting=Setting("=1+1", None, 3, alone="a"))
    (row,) = csv.DictReader(io.StringIO(formatted(results_table((odd,)), Format.CSV)))
    assert row["Run"] == "'=1+1"
