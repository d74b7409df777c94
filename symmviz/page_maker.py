"""Makes the pages that show runs once the window has painted, a part at a time."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future

from PySide6.QtCore import QObject, Signal

from symmviz.services.session import Session
from symmviz.views.main_window import MainWindow


class PageMaker(QObject):
    """Imports on a thread what the pages need, then makes a part of them at each call.

    Args:
        window: whose pages.
        session: has the thread.
        finish: joins the pages to what they show, once all are there.
    """

    made = Signal()
    """All are there."""

    def __init__(self, window: MainWindow, session: Session, finish: Callable[[], object]) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._finish = finish
        self._importing: Future[object] | None = None
        self._parts: Iterator[Callable[[], object]] = iter(())

    def start(self) -> None:
        """Begin; nothing where the session is closed by now."""
        window = self._window
        self._importing = self._session.import_behind("symmviz.run_pages")  # imports pyqtgraph
        self._session.import_behind("colorcet")  # which maps of many classes are drawn with
        self._parts = iter(
            (
                lambda: window.watch_page,
                lambda: window.watch_page.make_columns(),
                lambda: window.retrieve_page,
                lambda: window.results_page,
                self._finish,
            )
        )

    def make_next(self) -> None:
        """Make another part, once what it imports is there; cheap where nothing is to be made."""
        if self._importing is None or not self._importing.done():
            return
        part = next(self._parts, None)
        if part is not None:
            part()
        else:
            self._importing = None
            self.made.emit()
