"""Makes the pages that show runs once the window has painted, a part at a time."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

from PySide6.QtCore import QObject, Signal

from symmviz.model.curve import Panel
from symmviz.services.session import Session
from symmviz.views.window.main_window import MainWindow

_MODULES = (
    "symmviz.run_pages",  # imports pyqtgraph
    "symmviz.views.retrieve.page",
    "symmviz.views.results.page",
    "colorcet",  # which maps of many classes are drawn with
)
_COLUMNS = 2  # that most trainings fill


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
        self._importing: list[Future[object] | None] = []
        self._parts: Iterator[Callable[[], object]] = iter(())

    def start(self) -> None:
        """Begin; nothing where the session is closed by now."""
        window = self._window
        self._importing = [self._session.import_behind(module) for module in _MODULES]
        self._parts = iter(
            (
                lambda: window.watch_page,
                *(partial(self._make_panels, count + 1) for count in range(len(Panel))),
                *(partial(self._make_columns, count + 1) for count in range(_COLUMNS)),
                lambda: window.retrieve_page,
                lambda: window.results_page,
                self._finish,
            )
        )

    @property
    def is_behind(self) -> bool:
        """Whether there is another part to make now."""
        importing = self._importing
        return bool(importing) and all(one is not None and one.done() for one in importing)

    def make_next(self) -> None:
        """Make another part, once what it imports is there; cheap where nothing is to be made."""
        if not self.is_behind:
            return
        part = next(self._parts, None)
        if part is not None:
            part()
        else:
            self._importing = []
            self.made.emit()

    def _make_panels(self, count: int) -> None:
        """Have so many of the plots of every run: each takes tens of milliseconds to make."""
        curves = self._window.watch_page.curves
        if len(curves.panels) < count:  # all are there if a training was started at once
            curves.set_panels(tuple(Panel)[:count])

    def _make_columns(self, count: int) -> None:
        self._window.watch_page.make_columns(count)
