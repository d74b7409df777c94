"""The table of results as text, CSV, Markdown and LaTeX."""

import csv
import io
from collections.abc import Callable
from enum import StrEnum

from symmviz.model.results.cells import Cell, Unit, cell_text
from symmviz.model.results.table import ResultsTable, Row, RowKind

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MIDDLE DOT}": r"$\cdot$",
}
# A spreadsheet takes text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CSV_UNITS = {Unit.PERCENT: " (%)", Unit.SECONDS: " (s)", Unit.BYTES: " (bytes)"}


class Format(StrEnum):
    """How a table is written."""

    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


def formatted(table: ResultsTable, form: Format) -> str:
    """The table in a format, with a line end."""
    return _WRITERS[form](table)


def _text(table: ResultsTable) -> str:
    lines = [_headings(table), *(_words(table, row, lambda text: text) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = _left_columns(table)
    written = [
        "  ".join(
            word.ljust(width) if place < left else word.rjust(width)
            for place, (word, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    for place in reversed(_new_kinds(table)):
        written.insert(place + 1, "")
    return "\n".join([*written, "", *table.notes]) + "\n"


def _markdown(table: ResultsTable) -> str:
    def bold(text: str) -> str:
        return f"**{text}**"

    lines = [_headings(table), *(_words(table, row, bold) for row in table.rows)]
    left = _left_columns(table)
    rule = ["---" if place < left else "---:" for place in range(len(lines[0]))]
    escaped = [[word.replace("|", "\\|") for word in line] for line in lines]
    written = [f"| {' | '.join(line)} |" for line in (escaped[0], rule, *escaped[1:])]
    return "\n".join([*written, "", " ".join(_all_notes(table))]) + "\n"


def _latex(table: ResultsTable) -> str:
    def bold(text: str) -> str:
        return f"\\textbf{{{text}}}"

    left = _left_columns(table)
    headings = [_latex_text(word) for word in _headings(table)]
    lines = [
        [
            *map(_latex_text, _leading(table, row)),
            *_cells(table, row, bold, _latex_text),
        ]
        for row in table.rows
    ]
    rows = [f"{' & '.join(line)} \\\\" for line in lines]
    for place in reversed(_new_kinds(table)):
        rows.insert(place, "\\hline")
    spec = "l" * left + "r" * (len(headings) - left)
    notes = [f"% {note}" for note in _all_notes(table)]
    written = [
        f"\\begin{{tabular}}{{{spec}}}",
        "\\hline",
        f"{' & '.join(headings)} \\\\",
        "\\hline",
        *rows,
        "\\hline",
        "\\end{tabular}",
    ]
    return "\n".join([*notes, *written]) + "\n"


def _csv(table: ResultsTable) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    units = [f"{one.title}{_CSV_UNITS.get(one.unit, '')}" for one in table.columns]
    writer.writerow(["Row", "Run", "Dataset", "Seeds", *units])
    for row in table.rows:
        for name, number in _numbers(row):
            values = [number(table.cell(row, column)) for column in table.columns]
            leading = (name, row.title, row.dataset, row.seeds)
            writer.writerow(
                [*map(_no_formula, leading), *("" if one is None else one for one in values)]
            )
    return stream.getvalue()


_WRITERS: dict[Format, Callable[[ResultsTable], str]] = {
    Format.TEXT: _text,
    Format.CSV: _csv,
    Format.MARKDOWN: _markdown,
    Format.LATEX: _latex,
}


def _numbers(row: Row) -> list[tuple[str, Callable[[Cell], float | None]]]:
    """The lines of a row whose cells hold one number each."""
    lines: list[tuple[str, Callable[[Cell], float | None]]] = [
        (row.kind.value, lambda cell: cell.value)
    ]
    if row.kind is RowKind.MEAN:
        lines.append(("standard deviation", lambda cell: cell.deviation))
    if row.kind is RowKind.DIFFERENCE:
        lines.append(("95% interval, lower end", lambda cell: cell.low))
        lines.append(("95% interval, upper end", lambda cell: cell.high))
    return lines


def _headings(table: ResultsTable) -> list[str]:
    leading = ["Run", "Dataset", "Seed"] if table.shows_datasets else ["Run", "Seed"]
    return [*leading, *(column.title for column in table.columns)]


def _left_columns(table: ResultsTable) -> int:
    return len(_headings(table)) - len(table.columns)


def _leading(table: ResultsTable, row: Row) -> list[str]:
    return [row.title, row.dataset, row.seeds] if table.shows_datasets else [row.title, row.seeds]


def _words(table: ResultsTable, row: Row, bold: Callable[[str], str]) -> list[str]:
    return [*_leading(table, row), *_cells(table, row, bold, lambda text: text)]


def _cells(
    table: ResultsTable, row: Row, bold: Callable[[str], str], escape: Callable[[str], str]
) -> list[str]:
    words = []
    for column in table.columns:
        cell = table.cell(row, column)
        text = escape(cell_text(column, cell))
        words.append(bold(text) if cell.is_best else text)
    return words


def _new_kinds(table: ResultsTable) -> list[int]:
    """Rows before which another kind begins, but for the first."""
    kinds = [row.kind for row in table.rows]
    return [place for place in range(1, len(kinds)) if kinds[place] is not kinds[place - 1]]


def _all_notes(table: ResultsTable) -> tuple[str, ...]:
    return (*table.notes, *filter(None, (table.bold_note,)))


def _latex_text(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
