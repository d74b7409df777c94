"""The pages that show runs, joined to what derives them and what their actions do."""

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from symmviz.actions.exports import ExportActions
from symmviz.actions.figure8 import Figure8Actions
from symmviz.actions.results import ResultsActions
from symmviz.actions.retrieval import RetrievalActions
from symmviz.actions.watch import WatchActions
from symmviz.bridge import Bridge
from symmviz.model.mined_pair import MinedPair
from symmviz.model.workspace import Workspace
from symmviz.presenters.findings import FindingsPresenter
from symmviz.presenters.time import TimePresenter
from symmviz.presenters.window import WindowPresenter
from symmviz.services.session import Session
from symmviz.views.window.main_window import MainWindow


class RunPages(QObject):
    """Keeps Watch, Retrieve and Results as the workspace is; makes those that are not there.

    Args:
        window: whose pages.
        workspace: what they show, and change.
        session: reads for them.
        bridge: is told when something is to be drawn soon.
        tell: told a sentence on what could not be done.
    """

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        session: Session,
        bridge: Bridge,
        tell: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        watch, retrieve, slider = window.watch_page, window.retrieve_page, window.time_slider
        self._shown = (watch, retrieve)
        self._thumbnails = session.thumbnails
        self._pictures = 0
        session.searches.on_found = bridge.wake
        session.thumbnails.wait_for_turn = session.searches.wait_for_searches
        self._presenter = WindowPresenter(watch, watch.curves, retrieve, slider, workspace, session)
        WatchActions(watch, workspace, session.frames, self._presenter, bridge)
        for page in self._shown:
            page.set_pictures(session.thumbnails)
        self._retrieval = RetrievalActions(window, workspace, session, tell)
        self._results = ResultsActions(window, workspace, session)
        self._exports = ExportActions(window, workspace, session)
        self._figure8 = Figure8Actions(window, workspace, session)
        watch.set_drawer(session.drawing)
        watch.shown_changed.connect(window.set_shown)
        watch.neighbours_wanted.connect(self._retrieval.show_selected)
        window.result_card.retrieve_wanted.connect(self._retrieval.show_first_failure)
        watch.selection.mined_wanted.connect(partial(_show_mined, window))
        slider.moved.connect(self.time.move)
        slider.following.connect(self.time.follow)
        self._presenter.refresh()  # what was prepared before they were there

    @property
    def time(self) -> TimePresenter:
        """Moves the cursor."""
        return self._presenter.time

    @property
    def findings(self) -> FindingsPresenter:
        """Says what is wrong with a run."""
        return self._presenter.findings

    @property
    def is_behind(self) -> bool:
        """Whether more is to be drawn of what is known by now."""
        return self._presenter.is_behind or self._thumbnails.busy

    def update(self) -> None:
        """Show what is new."""
        self._presenter.refresh()
        self._results.poll()
        self._exports.poll()
        self._figure8.poll()
        self._presenter.draw_plots(time.monotonic())
        if self._pictures != self._thumbnails.revision:
            self._pictures = self._thumbnails.revision
            for page in self._shown:
                page.pictures_came()
        self._retrieval.poll()


def _show_mined(window: MainWindow, mined: MinedPair) -> None:
    page = window.learn_page
    page.show_mined(mined)
    window.show_page(page)
