"""The Results page and the card of a training's end: widgets, presenter, and the whole window."""

import threading
from pathlib import Path
from unittest.mock import MagicMock, Mock, create_autospec

import pytest
from helpers_recording import FakeRecording
from helpers_results import over_seeds, result
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from symmcore.palette import run_places
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.results import Setting
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.app import Launched
from symmviz.model.results import Format, OutcomeRow, formatted, outcome, results_table
from symmviz.model.retrieval.browse import Browse, GalleryList
from symmviz.model.workspace import Workspace
from symmviz.presenters.results import OutcomeView, ResultsPresenter, ResultsView
from symmviz.services import results
from symmviz.services.results import Results, ResultsReader
from symmviz.views.results.page import ResultsPage
from symmviz.views.style.run_colours import RunMark
from symmviz.views.watch.outcome_table import OutcomeTable
from symmviz.views.watch.result_card import ResultCard
from symmviz.views.widgets.score_table import ScoreTable

WAIT_MS = 90_000
PLAIN, BETTER = {0: 0.50, 1: 0.60, 2: 0.70}, {0: 0.61, 1: 0.70, 2: 0.79}
TABLE = results_table((*over_seeds("npair", PLAIN), *over_seeds("npair+symm", BETTER)))


@pytest.fixture(name="page")
def results_page(qtbot: QtBot) -> ResultsPage:
    made = ResultsPage()
    qtbot.addWidget(made)
    made.show()
    return made


def press(qtbot: QtBot, card: ResultCard, text: str) -> None:
    (button,) = (one for one in card.findChildren(QPushButton) if one.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


class TestPage:
    def test_shows_the_table(self, page: ResultsPage) -> None:
        page.set_table(TABLE)
        assert page.row_count() == 9
        assert page.cell(1, "Recall@1") == "70.0 ± 9.0"
        assert page.cell(2, "Run") == "Symm + N-pair less N-pair"
        assert page.cell(2, "Recall@1") == "+10.0 [+7.5, +12.5]"
        assert page.cell(3, "Recall@1") == "50.0"
        (rows,) = page.findChildren(QTableWidget)
        assert rows.isColumnHidden(1)  # all are of one dataset
        bold = [at for at in range(9) if (item := rows.item(at, 3)) and item.font().bold()]
        assert bold == [1]

    def test_what_nobody_sees_is_not_drawn_until_somebody_does(self, page: ResultsPage) -> None:
        page.hide()
        page.set_table(TABLE)
        assert page.row_count() == 0
        assert page.table is TABLE
        page.show()
        assert page.row_count() == 9

    def test_two_runs_fit_a_narrow_window_and_leave_no_empty_rows(
        self, qtbot: QtBot, page: ResultsPage
    ) -> None:
        page.set_table(results_table((result("npair", 0, 0.5), result("npair+symm", 0, 0.6))))
        (rows,) = page.findChildren(ScoreTable)
        header = rows.horizontalHeader()

        def heading() -> str:
            item = rows.horizontalHeaderItem(3)
            return "" if item is None else item.text()

        page.resize(1280, 500)
        qtbot.waitUntil(lambda: rows.width() == 1248 and heading() == "Recall@1")
        page.resize(header.length() + 10, 500)  # less than it takes with the page's margins
        qtbot.waitUntil(lambda: heading() == "Recall\n@1")
        assert header.length() <= rows.viewport().width()
        assert page.cell(0, "Recall@1") == "50.0"
        qtbot.waitUntil(lambda: rows.height() == rows.sizeHint().height() < 200)
        assert rows.verticalScrollBar().maximum() == rows.horizontalScrollBar().maximum() == 0
        page.resize(page.width(), 180)
        qtbot.waitUntil(lambda: rows.verticalScrollBar().maximum() > 0)

    def test_without_runs_it_says_how_to_get_some(self, page: ResultsPage) -> None:
        page.set_table(results_table(()))
        (rows,) = page.findChildren(QTableWidget)
        assert not rows.isVisible()
        page.copy(Format.CSV)
        assert page.message() == ""

    @pytest.mark.parametrize("form", list(Format))
    def test_copies_each_format(self, page: ResultsPage, form: Format) -> None:
        page.set_table(TABLE)
        page.copy(form)
        assert QGuiApplication.clipboard().text() == formatted(TABLE, form)
        assert page.message().startswith("Copied as ")

    def test_asks_where_to_save(
        self, page: ResultsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
        monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: ["/x/table.tex"])
        page.set_table(TABLE)
        with qtbot.waitSignal(page.save_wanted) as caught:
            page.ask_where_to_save(Format.LATEX)
        assert caught.args == [Path("/x/table.tex"), Format.LATEX]


class TestOutcome:
    def test_of_one_run_says_what_it_finds_and_what_was_before(self) -> None:
        found = outcome((result("npair", 0, 0.75, untrained=0.5),))
        assert found is not None
        assert found.columns == ("R@1", "NMI", "F1")
        assert [(row.title, row.cells) for row in found.rows] == [("N-pair", ("75.0", "37.5", "-"))]
        assert found.meaning == (
            "Of 100 test images, N-pair finds the right nearest neighbour for 75.0; before "
            "training it was 50.0."
        )
        assert found.caution == ""

    def test_of_a_comparison_says_that_one_seed_is_little(self) -> None:
        found = outcome((result("npair", 0, 0.5), result("npair+symm", 0, 0.55)))
        assert found is not None
        assert found.rows[-1] == OutcomeRow("Difference", ("+5.0", "+2.5", "-"), is_difference=True)
        assert [sorted(row.best) for row in found.rows] == [[], [0, 1], []]
        assert [row.place for row in found.rows] == [*run_places(("npair", "npair+symm")), None]
        assert "Symm + N-pair finds the right nearest neighbour for 5.0 more" in found.meaning
        assert found.caution.startswith("One seed cannot tell")

    def test_of_several_losses_names_the_best(self) -> None:
        found = outcome(
            (
                *(result("npair", 0, 0.5), result("npair+symm", 0, 0.55)),
                *(result("triplet", 0, 0.6), result("triplet+symm", 0, 0.4)),
            )
        )
        assert found is not None
        assert found.meaning == (
            "Of 100 test images, Triplet finds the right nearest neighbour most often, for 60.0."
        )
        assert [row.title for row in found.rows[4:]] == [
            "Symm + N-pair less N-pair",
            "Symm + Triplet less Triplet",
        ]

    def test_over_seeds_says_whether_the_difference_is_clear(self) -> None:
        found = outcome((*over_seeds("npair", BETTER), *over_seeds("npair+symm", PLAIN)))
        assert found is not None
        assert "10.0 fewer than N-pair" in found.meaning
        assert found.caution == "The 95% interval over 3 seeds lies clear of 0."

    def test_a_seed_that_was_stopped_is_left_out_of_the_difference(self) -> None:
        finished = (*over_seeds("npair", PLAIN), *over_seeds("npair+symm", BETTER))
        stopped = tuple(
            result(
                name,
                9,
                recall,
                status=RunStatus.STOPPED,
                step=120,
                setting=Setting(name, TrainingConfig(specs=(parse_spec(name),)), 120),
            )
            for name, recall in (("npair", 0.1), ("npair+symm", 0.9))
        )
        alone, found = outcome(finished), outcome((*finished, *stopped))
        assert alone is not None
        assert found is not None
        assert (found.rows, found.meaning) == (alone.rows, alone.meaning)
        assert found.caution == (
            f"{alone.caution} 3 seeds are finished; seed 9 was stopped before the end and left out."
        )
        only = outcome(stopped)
        assert only is not None
        assert only.rows[-1].cells[0] == "+80.0"

    def test_says_that_training_has_done_harm(self) -> None:
        found = outcome((result("npair", 0, 0.19, untrained=0.95),))
        assert found is not None
        assert found.meaning.startswith(
            "N-pair ended below the untrained network's Recall@1 (95.0)"
        )

    def test_of_runs_without_final_scores_there_is_none(self) -> None:
        assert outcome(()) is None
        assert outcome((result("npair", 0, 0.5, is_whole=False),)) is None


class TestPresenter:
    @pytest.fixture(autouse=True)
    def parts(self) -> None:
        self.page = MagicMock(spec=ResultsView)
        self.card = MagicMock(spec=OutcomeView)
        self.reader = create_autospec(ResultsReader, instance=True)
        self.reader.results = None
        self.workspace = Workspace()
        self.presenter = ResultsPresenter(self.page, self.card, self.workspace, self.reader)
        self.runs = FakeRecording("npair"), FakeRecording("npair+symm")
        self.workspace.show(self.runs)

    def test_what_has_ended_is_the_training_of_this_window(self) -> None:
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with(self.runs, ())  # it is training
        for run in self.runs:
            run.change(status=RunStatus.FINISHED)
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with(self.runs, self.runs)
        self.presenter.update(())  # they were opened
        self.reader.request.assert_called_with(self.runs, ())
        self.workspace.prepare(("angular",))
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with((), ())

    def test_a_run_that_diverged_holds_up_no_card(self) -> None:
        diverged, left = self.runs
        diverged.change(status=RunStatus.DIVERGED)
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with(self.runs, ())
        left.change(status=RunStatus.FINISHED)
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with(self.runs, (left,))
        left.change(status=RunStatus.DIVERGED)
        self.presenter.update(self.runs)
        self.reader.request.assert_called_with(self.runs, ())

    def test_shows_what_is_new_once(self) -> None:
        found = outcome((result("npair", 0, 0.5),))
        self.reader.results = Results(TABLE, found)
        self.presenter.update(self.runs)
        self.presenter.update(self.runs)
        self.page.set_table.assert_called_once_with(TABLE)
        self.card.set_outcome.assert_called_once_with(found)
        self.reader.results = Results(TABLE, None)
        self.presenter.update(self.runs)
        self.page.set_table.assert_called_once()
        self.card.set_outcome.assert_called_with(None)


def test_results_are_made_anew_only_where_something_has_changed(qtbot: QtBot) -> None:
    reader, run = ResultsReader(), FakeRecording("npair")
    try:
        reader.request((run,), ())
        qtbot.waitUntil(lambda: reader.results is not None)
        first = reader.results
        run.add_frame(3)
        reader.request((run,), ())
        assert not reader.busy
        assert reader.results is first
        run.change(last_evaluation={"step": 3, "test_recall_at_1": 0.5, "test_nmi": 0.25})
        reader.request((run,), ())
        qtbot.waitUntil(lambda: reader.results is not first)
        assert reader.results is not None
        assert reader.results.table.rows[0].cells["nmi"].value == 25.0
    finally:
        assert reader.close(10)


def test_results_that_cannot_be_made_are_told_once(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(results, "read_results", Mock(side_effect=ArithmeticError("odd")))
    said: list[str] = []
    reader, run = ResultsReader(said.append), FakeRecording("npair")
    try:
        for step in (3, 4):
            run.change(last_evaluation={"step": step})
            reader.request((run,), ())
            qtbot.waitUntil(lambda: not reader.busy)
        assert said == ["The results cannot be shown (ArithmeticError: odd)."]
    finally:
        assert reader.close(10)


def test_the_card_leaves_out_the_columns_that_have_no_room(qtbot: QtBot) -> None:
    table = OutcomeTable()
    qtbot.addWidget(table)
    runs = tuple(result("npair", seed, 0.25 + seed / 8) for seed in (0, 1))
    found = outcome(runs)
    assert found is not None
    assert [row.cells[0] for row in found.rows] == ["31.2 \N{PLUS-MINUS SIGN} 8.8"]
    assert [row.place for row in found.rows] == list(run_places(("npair",)))
    table.show_outcome(found)
    whole = table.sizeHint().width()
    assert [mark.place for mark in table.findChildren(RunMark)] == [found.rows[0].place]
    headings = [label for label in table.findChildren(QLabel) if label.text() in found.columns]
    assert len(headings) == len(found.columns)
    table.show()
    table.resize(whole, 100)
    qtbot.waitUntil(lambda: all(one.isVisible() for one in headings))
    table.resize(whole - 20, 100)
    qtbot.waitUntil(lambda: not headings[-1].isVisible())
    assert headings[0].isVisible()
    assert table.sizeHint().width() == whole  # and they come back
    table.resize(whole, 100)
    qtbot.waitUntil(lambda: headings[-1].isVisible())


def test_a_training_ends_with_a_card_and_a_table_that_can_be_saved(
    qtbot: QtBot, launched: Launched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = launched.window
    card, page = window.result_card, window.results_page
    window.start_page.set_settings({"steps": 4})
    qtbot.mouseClick(window.start_page.compare_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: card.isVisible(), timeout=WAIT_MS)
    assert "One seed cannot tell" in card.text()
    headings, *rows = card.table.words()
    assert headings == ["", "R@1", "R@2", "R@4", "R@8", "NMI", "F1", "MAP@R"]
    assert [row[0] for row in rows] == ["N-pair", "Symm + N-pair", "Difference"]
    inside = card.table.widget()
    assert inside is not None
    qtbot.waitUntil(lambda: card.table.viewport().height() >= inside.minimumSizeHint().height())
    # It stands above the maps, and takes nothing of them.
    assert card.geometry().bottom() < window.watch_page.mapTo(window, window.rect().topLeft()).y()
    launched.controller.workspace.browse = Browse(GalleryList.CLASSES, text="x", neighbours=7)
    press(qtbot, card, "Open in Retrieve")
    qtbot.waitUntil(lambda: window.page is window.retrieve_page)
    assert launched.controller.workspace.browse == Browse(neighbours=7, open=True)
    assert not card.isVisible()
    window.show_page(window.watch_page)
    press(qtbot, card, "All results")
    qtbot.waitUntil(lambda: window.page is page)
    assert [page.cell(row, "Seed") for row in range(page.row_count())] == ["0", "0", "1 seed"]
    file = tmp_path / "table.csv"
    page.save_wanted.emit(file, Format.CSV)
    qtbot.waitUntil(lambda: page.message() != "", timeout=WAIT_MS)
    assert page.message() == f"Saved as {file}."
    assert page.table is not None
    assert file.read_text("utf-8") == formatted(page.table, Format.CSV)
    page.save_wanted.emit(tmp_path / "none" / "x.csv", Format.CSV)
    qtbot.waitUntil(lambda: "cannot be written" in page.message(), timeout=WAIT_MS)
    window.show_page(window.watch_page)
    assert card.isVisible()
    qtbot.mouseClick(card.dismiss_button, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
