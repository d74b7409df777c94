"""Joins workspace, session, presenters and views; holds no state of the runs itself."""

from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.writing.naming import run_folder
from symmcore.training.status import RunState, TrainingStatus
from symmviz.actions.dropped_folders import DroppedFolders
from symmviz.actions.going_on import GoingOn
from symmviz.actions.preferences import PreferenceActions
from symmviz.actions.run_files import copy_weights, open_folder
from symmviz.actions.seed_series import SeedSeries
from symmviz.actions.start_checks import StartChecks
from symmviz.actions.undo import UndoActions
from symmviz.bridge import Bridge
from symmviz.model.appearance import Appearance
from symmviz.model.resolve import offers
from symmviz.model.retrieval.query import Query
from symmviz.model.runs.recent import RecentRun
from symmviz.model.runs.seed_runs import SeedRuns
from symmviz.model.workspace import Selection, Workspace
from symmviz.page_maker import PageMaker
from symmviz.presenters.controls import ControlsPresenter
from symmviz.presenters.start import chosen_seeds, training_config
from symmviz.services.faults import error_sentence, report_unexpected
from symmviz.services.preferences import Settings
from symmviz.services.session import Session
from symmviz.views.style.theme import apply_appearance, has_animations
from symmviz.views.window.main_window import MainWindow

if TYPE_CHECKING:
    from symmviz.run_pages import RunPages


class Controller(QObject):
    """What each of the user's actions does, and when the pages are derived anew."""

    def __init__(self, app: QApplication, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._app = app
        self._window = window
        self._session = session
        self._settings = Settings()
        self.workspace = Workspace()
        self._preferences = PreferenceActions(window, self._settings, self.workspace)
        UndoActions(window, self.workspace)
        self._status: TrainingStatus | None = None
        self._adopted: tuple[Recording, ...] = ()
        self._selection: Selection | None = None  # of runs that are being opened
        self._opened_paths: tuple[Path, ...] = ()
        self._opening: Future[tuple[Recording, ...]] | None = None
        self._listing: Future[tuple[RecentRun, ...]] | None = None
        self._pages: RunPages | None = None
        self.page_maker = PageMaker(window, session, self._run_pages)
        self._controls = ControlsPresenter(window.controls)
        self._going_on = GoingOn(
            window, session, self.workspace, self._prepare, self._controls.set_problem
        )
        self._dropped = DroppedFolders(window.start_page, session, self.open)
        self._checks = StartChecks(window.start_page, session)
        self._series = SeedSeries(
            session, self.workspace, self._prepare_seed, self._show_end, self._controls.set_problem
        )
        self._bridge = Bridge(self._tick, self._is_busy, self)
        chosen = self._settings.gliding
        window.set_gliding(has_animations(app) if chosen is None else chosen)
        self._connect()
        self._bridge.start()

    @property
    def status(self) -> TrainingStatus | None:
        """The newest status of the training, as far as it was delivered."""
        return self._status

    def start(self, *, compare: bool) -> None:
        """Train what the Start page says."""
        page = self._window.start_page
        if self._series.busy or not self._checks.can_start():
            return
        try:
            form = page.form()
            config = training_config(form, compare=compare)
            seeds = chosen_seeds(form)
            out = run_folder(form.runs_folder, config, datetime.now())
            if len(seeds) > 1:
                self._series.start(config, out, seeds, page.set_error)
                self._preferences.keep(form)
                return
            self._session.start(config, out)
        except (InputError, RuntimeError) as error:
            page.set_error(str(error))
            return
        self._preferences.keep(form)
        self._prepare(tuple(spec.name for spec in config.specs), ())

    def open(self, paths: tuple[Path, ...], selection: Selection | None = None) -> None:
        """Show recorded runs; beside the training, if one is under way.

        Args:
            paths: folders of runs or comparisons.
            selection: what is selected of them; None to leave it as it is.
        """
        self._selection = selection
        self._window.start_page.set_error("")
        self._opened_paths = paths
        self._opening = self._session.read_runs(paths)

    def list_runs(self) -> None:
        """Look for the runs that the Start page offers to open."""
        self._listing = self._session.read_recent_runs(self._window.start_page.runs_folder)

    def select(self, recording: Recording, query: Query) -> None:
        """Make an image of a run the query everywhere."""
        self.workspace.select(recording, query)

    def _prepare(
        self,
        specs: tuple[str, ...],
        beside: tuple[Recording, ...],
        seeds: SeedRuns | None = None,
    ) -> None:
        self._opening = None
        self._adopted = ()
        self.workspace.prepare(specs, beside, seeds)
        self._controls.starting("" if seeds is None else str(seeds))
        # As an event of its own: both together take longer than a hand that waits forgives.
        QTimer.singleShot(1, self, self._show_runs)

    def _prepare_seed(self, specs: tuple[str, ...], seeds: SeedRuns) -> None:
        self._prepare(specs, (), seeds)

    def _show_runs(self) -> None:
        window = self._window
        window.set_training_pages(True)
        if window.page is window.start_page:
            window.show_page(window.watch_page)
        self._run_pages()

    def _connect(self) -> None:
        window, session = self._window, self._session
        window.start_page.start.connect(lambda: self.start(compare=False))
        window.start_page.compare.connect(lambda: self.start(compare=True))
        window.start_page.runs_folder_chosen.connect(self._choose_runs_folder)
        window.controls.pause.connect(session.pause)
        window.controls.resume.connect(session.resume_paused)
        window.controls.extend.connect(self._extend)
        window.controls.branch.connect(
            lambda: self._going_on.ask_for_branch(self.workspace.cursor.step)
        )
        window.controls.open_folder.connect(partial(open_folder, self.workspace))
        window.result_card.folder_wanted.connect(partial(open_folder, self.workspace))
        window.controls.copy_weights.connect(partial(copy_weights, self.workspace))
        window.time_slider.branch_wanted.connect(self._going_on.ask_for_branch)
        window.start_page.open_runs_wanted.connect(self.open)
        window.stop_wanted.connect(self._stop)
        window.closed.connect(self._close)
        window.appearance_chosen.connect(self._choose_appearance)
        window.gliding_chosen.connect(self._choose_gliding)
        self._app.styleHints().colorSchemeChanged.connect(self._apply_appearance)
        self.workspace.subscribe(self._bridge.poll_soon)

    def _tick(self) -> None:
        updates = self._session.drain()
        self._adopt()
        self.page_maker.make_next()
        if self._pages is not None:
            self._pages.update()
        shown, seeds = self.workspace.recordings, self.workspace.seeds
        series, left = "" if seeds is None else str(seeds), self._series.can_resume(shown)
        whole = self._series.can_extend(shown)
        self._controls.show(shown, series, seeds_left=left, seeds_whole=whole)
        if updates.status is not None:
            self._show_status(updates.status)
        for problem in updates.problems:
            self._controls.set_problem(problem)
        self._checks.poll()
        self._dropped.poll()
        self._going_on.poll()
        self._series.poll()
        self._poll_opened()
        self._poll_listed()

    def _is_busy(self) -> bool:
        pages = self.page_maker, self._pages
        return self._session.busy or any(one is not None and one.is_behind for one in pages)

    def _run_pages(self) -> "RunPages":
        """The pages that show runs, made now if they are not there."""
        if self._pages is None:
            from symmviz.run_pages import RunPages  # imports pyqtgraph

            window, tell = self._window, self._controls.set_problem
            self._pages = RunPages(window, self.workspace, self._session, self._bridge, tell)
            window.watch_page.findings.try_wanted.connect(self._try)
        return self._pages

    def _adopt(self) -> None:
        """Show the recordings of a training once it has begun; they were announced empty."""
        recordings = self._session.recordings
        if not recordings or recordings == self._adopted:
            return
        self._adopted = recordings
        keys = {recording.key for recording in recordings}
        beside = tuple(one for one in self.workspace.recordings if one.key not in keys)
        self.workspace.show((*beside, *recordings), self.workspace.seeds)
        self._controls.begin(recordings[0].info)

    def _show_status(self, status: TrainingStatus) -> None:
        self._status = status
        if status.state is RunState.FINISHED:
            if self._series.ended(status):
                return
            self._show_end()
        else:
            self._controls.set_status(status)

    def _show_end(self) -> None:
        """No training is under way any more."""
        if self._status is not None and self._status.state is RunState.FINISHED:
            self._controls.set_status(self._status)
            self.workspace.nothing_comes()
            self._checks.look_at_dataset()  # its images may be in the cache by now
            self.list_runs()

    def _poll_opened(self) -> None:
        if self._opening is None or not self._opening.done():
            return
        opening, self._opening = self._opening, None
        try:
            opened = opening.result()
        except Exception as error:  # noqa: BLE001 - whatever it was, the user waits for an answer
            self._window.start_page.set_error(error_sentence(error))
            return
        running = self._adopted if self._session.running else ()
        known = {recording.key for recording in running}
        self.workspace.show((*running, *(one for one in opened if one.key not in known)))
        self._series.opened(self._opened_paths)
        if self._selection is not None:
            self.workspace.show_selection(self._selection)
        self._show_runs()

    def _poll_listed(self) -> None:
        if self._listing is None or not self._listing.done():
            return
        listing, self._listing = self._listing, None
        try:
            self._window.start_page.set_recent_runs(listing.result())
        except Exception as error:  # noqa: BLE001 - of a folder that cannot be read Start says so
            report_unexpected(error)

    def _extend(self, steps: int) -> None:
        """Train what is shown for more steps."""
        recordings = self.workspace.recordings
        if self._series.can_resume(recordings):
            self._series.resume()
            return
        last = max((recording.state.last_step for recording in recordings), default=0)
        if self._series.can_extend(recordings):
            self._series.extend(last + steps)
            return
        if self._session.can_extend and recordings == self._adopted:
            try:
                self._session.extend(steps)
            except RuntimeError as error:
                self._controls.set_problem(str(error))
                return
            self._run_pages().time.follow()
            self._controls.starting()
            return
        folder = offers(recordings).going_on
        if folder is not None:
            self._going_on.resume(folder, last + steps)

    def _try(self, run: int, at: int) -> None:
        wanted = self._run_pages().findings.wanted(run, at)
        if wanted is not None:
            self._going_on.ask_for_branch(*wanted)

    def _stop(self) -> None:
        if not self._controls.running:
            return  # it has just ended
        self._series.stop()
        self._session.stop()
        self._controls.stopping()

    def _close(self) -> None:
        self._bridge.stop()
        self._session.abort()

    def _choose_runs_folder(self, folder: Path) -> None:
        self._settings.runs_folder = folder
        self._window.start_page.set_runs_folder(folder)
        self.list_runs()

    def _choose_appearance(self, appearance: Appearance) -> None:
        self._settings.appearance = appearance
        self._apply_appearance()

    def _choose_gliding(self, glides: bool) -> None:
        self._settings.gliding = glides
        self._window.set_gliding(glides)

    def _apply_appearance(self) -> None:
        apply_appearance(self._app, self._settings.appearance)
