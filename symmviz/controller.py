"""Joins session, presenters and views; holds no state of the training itself."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QPointF
from PySide6.QtWidgets import QApplication, QWidget

from symmcore.data.images.store import image_to_show
from symmcore.errors import InputError
from symmcore.runs.naming import run_folder
from symmcore.training.sink import TrainingContext
from symmcore.training.status import RunState, TrainingStatus
from symmviz.bridge import Bridge
from symmviz.model.appearance import Appearance
from symmviz.model.retrieval import Query, Split
from symmviz.presenters.controls import ControlsPresenter
from symmviz.presenters.dataset import DatasetPresenter
from symmviz.presenters.names import shown_name
from symmviz.presenters.retrieve import RetrievePresenter
from symmviz.presenters.start import dataset_config, training_config
from symmviz.presenters.watch import WatchPresenter
from symmviz.services.live_buffer import Updates
from symmviz.services.preferences import Settings
from symmviz.services.session import Session
from symmviz.views.main_window import MainWindow
from symmviz.views.theme import apply_appearance

# Drawing a plot takes milliseconds in which the training thread may wait for Python's lock:
# one plot every third tick is about two drawings a second of each.
_TICKS_A_PANEL = 3


class Controller(QObject):
    """What each of the user's actions does, and where each update goes."""

    def __init__(self, app: QApplication, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._app = app
        self._window = window
        self._session = session
        self._settings = Settings()
        self._context: TrainingContext | None = None
        self._status: TrainingStatus | None = None
        self._ticks = 0
        self._watch = WatchPresenter(window.watch_page)
        self._retrieve = RetrievePresenter(window.retrieve_page, session.find_neighbours)
        self._controls = ControlsPresenter(window.controls)
        self._dataset = DatasetPresenter(window.start_page, session.scan_dataset)
        self._bridge = Bridge(session.drain, self._deliver, self)
        self._connect()
        self._bridge.start()

    @property
    def status(self) -> TrainingStatus | None:
        """The newest status of the training, as far as it was delivered."""
        return self._status

    def start(self, *, compare: bool) -> None:
        """Train what the Start page says."""
        page = self._window.start_page
        page.set_error("")
        try:
            form = page.form()
            config = training_config(form, compare=compare)
            out = run_folder(form.runs_folder, config, datetime.now())
            self._session.start(config, out)
        except (InputError, RuntimeError) as error:
            page.set_error(str(error))
            return
        self._context = None
        self._watch.clear(config.specs)
        self._retrieve.clear()
        self._controls.starting()
        self._window.set_training_pages(True)
        self._window.show_page(self._window.watch_page)

    def select(self, query: Query) -> None:
        """Make an image the query everywhere."""
        self._watch.select(query)
        self._retrieve.select(query)
        self._window.watch_page.set_selection(self._describe(query))

    def _connect(self) -> None:
        window, session = self._window, self._session
        window.start_page.start.connect(lambda: self.start(compare=False))
        window.start_page.compare.connect(lambda: self.start(compare=True))
        window.start_page.runs_folder_chosen.connect(self._choose_runs_folder)
        window.start_page.dataset_changed.connect(self._look_at_dataset)
        window.controls.pause.connect(session.pause)
        window.controls.resume.connect(session.resume)
        window.controls.extend.connect(self._extend)
        window.stop_confirmed.connect(self._stop)
        window.closed.connect(self._close)
        window.appearance_chosen.connect(self._choose_appearance)
        self._app.styleHints().colorSchemeChanged.connect(self._apply_appearance)
        watch = window.watch_page
        watch.shown_changed.connect(window.set_shown)
        watch.split_chosen.connect(self._watch.set_split)
        watch.synthetic_toggled.connect(self._watch.set_synthetic_visible)
        watch.row_picked.connect(lambda row: self.select(self._watch.query_at(row)))
        watch.row_hovered.connect(self._on_hovered)
        watch.neighbours_wanted.connect(lambda: window.show_page(window.retrieve_page))
        window.retrieve_page.chosen.connect(self.select)

    def _deliver(self, updates: Updates) -> None:
        if updates.context is not None and updates.context is not self._context:
            self._begin(updates.context)
        if updates.snapshots is not None:
            self._watch.set_snapshots(updates.snapshots)
            self._retrieve.set_snapshots(updates.snapshots)
        if updates.projections is not None:
            self._watch.set_projections(updates.projections)
        self._watch.add_records(updates.records)
        self._ticks += 1
        if self._ticks % _TICKS_A_PANEL == 0:
            self._watch.draw_next_panel()
        if updates.status is not None:
            self._status = updates.status
            self._controls.set_status(updates.status)
            if updates.status.state is RunState.FINISHED:
                self._watch.ended()
                self._look_at_dataset()  # its images may be in the cache by now
        if updates.problem is not None:
            self._controls.set_problem(updates.problem)
        self._retrieve.poll()
        self._dataset.poll()

    def _look_at_dataset(self) -> None:
        try:
            self._dataset.look(dataset_config(self._window.start_page.form()))
        except InputError as error:
            self._dataset.refuse(str(error))

    def _begin(self, context: TrainingContext) -> None:
        goes_on = self._context is not None and self._context.dataset is context.dataset
        self._context = context
        self._controls.begin(context)
        if not goes_on:
            self._watch.begin(context)
            self._retrieve.begin(context)

    def _extend(self, steps: int) -> None:
        self._session.extend(steps)
        self._controls.starting()

    def _stop(self) -> None:
        if not self._controls.running:
            return  # it ended while the question stood
        self._session.stop()
        self._controls.stopping()

    def _close(self) -> None:
        self._settings.geometry = self._window.saveGeometry()
        self._bridge.stop()
        self._session.stop()

    def _choose_runs_folder(self, folder: Path) -> None:
        self._settings.runs_folder = folder
        self._window.start_page.set_runs_folder(folder)

    def _choose_appearance(self, appearance: Appearance) -> None:
        self._settings.appearance = appearance
        self._apply_appearance()

    def _apply_appearance(self) -> None:
        apply_appearance(self._app, self._settings.appearance)

    def _on_hovered(self, row: int, position: QPointF, scatter: QWidget) -> None:
        if self._context is None:
            return
        query = self._watch.query_at(row)
        page = self._window.watch_page
        page.hover_card.show_at(
            scatter.mapTo(page, position.toPoint()),
            image_to_show(self._context.dataset.images, query.sample),
            self._describe(query).replace(" · ", "\n", 1),
        )

    def _describe(self, query: Query) -> str:
        if self._context is None:
            return ""
        dataset = self._context.dataset
        kind = "Test" if query.split is Split.TEST else "Training"
        name = dataset.class_names[int(dataset.labels[query.sample])]
        return f"{kind} image {query.sample} · class {shown_name(name)}"
