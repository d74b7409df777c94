"""What the user's actions on the Results page and on the card of results do."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from symmviz.actions.file_saves import FileSaves
from symmviz.model.results import Format, formatted
from symmviz.model.retrieval.browse import Browse
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Workspace
from symmviz.presenters.results import ResultsPresenter
from symmviz.services.session import Session
from symmviz.views.window.main_window import MainWindow


class ResultsActions(QObject):
    """Keeps page and card as the runs are, and saves tables.

    Args:
        window: whose page and card.
        workspace: the runs that are shown.
        session: makes the results, and writes files.
    """

    def __init__(self, window: MainWindow, workspace: Workspace, session: Session) -> None:
        super().__init__(window)
        self._page = window.results_page
        self._window = window
        self._workspace = workspace
        self._session = session
        self._saves = FileSaves(
            session.write_file, lambda text, is_error: self._page.say(text, is_error=is_error)
        )
        self._presenter = ResultsPresenter(
            window.results_page, window.result_card, workspace, session.results
        )
        self._page.save_wanted.connect(self._save)
        card = window.result_card
        card.retrieve_wanted.connect(self._show_failures)
        card.results_wanted.connect(lambda: window.show_page(window.results_page))

    def poll(self) -> None:
        """Show what is new, and say when a file was written or could not be."""
        self._presenter.update(self._session.recordings)
        self._saves.poll()

    def _show_failures(self) -> None:
        """Turn to the Retrieve page as it lists every image, the wrong ones first."""
        workspace, window = self._workspace, self._window
        neighbours = workspace.browse.neighbours
        workspace.browse = Browse(neighbours=neighbours, open=workspace.browse.open)
        workspace.display = replace(workspace.display, split=Split.TEST)
        window.show_page(window.retrieve_page)

    def _save(self, path: Path, form: Format) -> None:
        table = self._page.table
        if table is not None:
            self._saves.save(path, formatted(table, form).encode())
