"""The Results page: what the runs that are shown came to, as a table."""

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QFont, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.results import (
    Cell,
    Column,
    Format,
    ResultsTable,
    Row,
    RowKind,
    cell_text,
    formatted,
)
from symmviz.views.style.run_colours import run_icon
from symmviz.views.widgets.flow_layout import FlowLayout
from symmviz.views.widgets.note import Note
from symmviz.views.widgets.plain_tip import plain_tip
from symmviz.views.widgets.save_dialog import ask_where_to_save
from symmviz.views.widgets.score_table import ScoreTable

_TITLES = {
    Format.TEXT: "Text",
    Format.CSV: "CSV",
    Format.MARKDOWN: "Markdown",
    Format.LATEX: "LaTeX",
}
_ENDINGS = {Format.CSV: ".csv", Format.MARKDOWN: ".md", Format.LATEX: ".tex", Format.TEXT: ".txt"}
_EMPTY = "No run is shown: train one, or open some on the Start page."
_LEADING = ("Run", "Dataset", "Seed")
_LEADING_COUNT = len(_LEADING)


class ResultsPage(QWidget):
    """The table of results, to be copied or saved; a view of the results presenter."""

    save_wanted = Signal(Path, Format)
    """The table is to be written to a file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: ResultsTable | None = None
        self._is_behind = False  # what is drawn, which nobody sees
        self._rows = ScoreTable(self)
        self._rows.setAccessibleName("Results")
        self._empty = QLabel(_EMPTY, self)
        self._empty.setProperty("muted", True)
        self._notes = Note(self)
        self._notes.set_muted()
        self._said = Note(self)
        self._said.hide()
        self._copy = QPushButton("Copy", self)
        self._copy.setToolTip("Copy the table to the clipboard.")
        self._save = QPushButton("Save as...", self)
        self._save.setToolTip("Write the table to a file.")
        self._add_menus()
        self._lay_out()
        self.setFocusProxy(self._rows)
        self._show()

    @property
    def table(self) -> ResultsTable | None:
        """The table that is shown; None before there is one."""
        return self._table

    def set_table(self, table: ResultsTable) -> None:
        """Show a table: at once, or when somebody can see it.

        While a training is under way there is another with each evaluation.
        """
        self._table = table
        self._said.hide()
        self._is_behind = True
        if self.isVisible():
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        """Show the newest table."""
        super().showEvent(event)
        if self._is_behind:
            self._show()

    def say(self, text: str, *, is_error: bool) -> None:
        """Say what came of saving or copying."""
        self._said.setText(text)
        self._said.set_error(is_error)
        self._said.show()

    def message(self) -> str:
        """What is said of saving or copying; empty for nothing."""
        return "" if self._said.isHidden() else self._said.text()

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._show()

    def copy(self, form: Format) -> None:
        """Put the table on the clipboard."""
        if self._table is not None and self._table.rows:
            QGuiApplication.clipboard().setText(formatted(self._table, form))
            self.say(f"Copied as {_TITLES[form]}.", is_error=False)

    def ask_where_to_save(self, form: Format) -> None:
        """Ask for a file."""
        title, ending = _TITLES[form], _ENDINGS[form]
        path = ask_where_to_save(self, f"Save as {title}", f"results{ending}", {ending: title})
        if path is not None:
            self.save_wanted.emit(path, form)

    def cell(self, row: int, heading: str) -> str:
        """What a row says under a heading."""
        for at, title in enumerate(self._rows.headings):
            item = self._rows.item(row, at)
            if item is not None and title == heading:
                return item.text()
        return ""

    def row_count(self) -> int:
        """How many rows there are."""
        return self._rows.rowCount()

    def _add_menus(self) -> None:
        for button, then in ((self._copy, self.copy), (self._save, self.ask_where_to_save)):
            menu = QMenu(button)
            for form, title in _TITLES.items():
                action = menu.addAction(title)
                action.triggered.connect(lambda _=False, then=then, form=form: then(form))
            button.setMenu(menu)
        copy = QAction("Copy the table as Markdown", self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(lambda: self.copy(Format.MARKDOWN))
        self.addAction(copy)

    def _lay_out(self) -> None:
        buttons = FlowLayout()
        buttons.addWidget(self._copy)
        buttons.addWidget(self._save)
        across = QHBoxLayout()
        across.addLayout(buttons, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(across)
        column.addWidget(self._said)
        column.addWidget(self._empty)
        column.addWidget(self._rows)
        column.addWidget(self._notes)
        column.addStretch(1)

    def _show(self) -> None:
        table, self._is_behind = self._table, False
        has_rows = table is not None and bool(table.rows)
        self._empty.setVisible(not has_rows)
        for part in (self._rows, self._notes, self._copy, self._save):
            part.setVisible(has_rows)
        if table is None:
            return
        self._notes.setText(" ".join((*table.notes, *filter(None, (table.bold_note,)))))
        headings = (*_LEADING, *(column.title for column in table.columns))
        self._rows.begin(headings, len(table.rows))
        self._rows.setColumnHidden(1, not table.shows_datasets)
        for at, row in enumerate(table.rows):
            self._show_row(at, row, table)
        self._rows.fit()

    def _show_row(self, at: int, row: Row, table: ResultsTable) -> None:
        for place, text in enumerate((row.title, row.dataset, row.seeds)):
            item = QTableWidgetItem(text)
            item.setToolTip(plain_tip(text))
            if place == 0 and row.place is not None:
                mark = run_icon(row.place, self.devicePixelRatioF())
                item.setData(Qt.ItemDataRole.DecorationRole, mark)
            self._rows.setItem(at, place, _styled(item, row))
        for place, column in enumerate(table.columns):
            item = _number_item(column, table.cell(row, column))
            self._rows.setItem(at, _LEADING_COUNT + place, _styled(item, row))


def _number_item(column: Column, cell: Cell) -> QTableWidgetItem:
    item = QTableWidgetItem(cell_text(column, cell))
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if cell.is_best:
        font = QFont()
        font.setBold(True)
        item.setFont(font)
    return item


def _styled(item: QTableWidgetItem, row: Row) -> QTableWidgetItem:
    """The same item; what is no run of its own is set in italics, but for what is best."""
    if row.kind in (RowKind.DIFFERENCE, RowKind.PAPER):
        font = item.font()
        font.setItalic(True)
        item.setFont(font)
    return item
