"""The table of results: which rows and columns, and its text in each format."""

from symmviz.model.results.cells import Cell, Column, cell_text
from symmviz.model.results.formats import Format, formatted
from symmviz.model.results.outcome import Outcome, OutcomeRow, outcome
from symmviz.model.results.table import ResultsTable, Row, RowKind, results_table

__all__ = [
    "Cell",
    "Column",
    "Format",
    "Outcome",
    "OutcomeRow",
    "ResultsTable",
    "Row",
    "RowKind",
    "cell_text",
    "formatted",
    "outcome",
    "results_table",
]
