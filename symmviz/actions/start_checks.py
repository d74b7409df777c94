"""What the Start page says of what is chosen there, before anything is started."""

from concurrent.futures import Future
from functools import partial

from symmcore.errors import InputError
from symmcore.processes import CallError
from symmcore.timm_names import read_timm_names
from symmviz.presenters.dataset import DatasetPresenter
from symmviz.presenters.start import dataset_config, recording_note
from symmviz.presenters.start_check import start_problem
from symmviz.services.session import Session
from symmviz.views.start.page import StartPage


class StartChecks:
    """Says what cannot be trained of what is chosen, and how much the rest records.

    Args:
        page: where it is chosen, and said.
        session: looks at the disk, and asks timm for names, behind the window.
    """

    def __init__(self, page: StartPage, session: Session) -> None:
        self._page = page
        self._session = session
        self._dataset = DatasetPresenter(page, session.scan_dataset)
        self._timm_names: frozenset[str] = frozenset()
        self._naming: Future[frozenset[str]] | None = None
        page.dataset_changed.connect(self.look_at_dataset)
        page.settings_changed.connect(self.say_what_follows)
        page.training.timm_names_wanted.connect(self._find_timm_names)
        if page.training.wants_timm_names:  # of what was chosen the last time
            self._find_timm_names()
        self.look_at_dataset()

    def can_start(self) -> bool:
        """Whether nothing speaks against what is chosen; if something does, it is said."""
        if self._find_problem():
            return False
        self._page.set_error(self._dataset.problem)
        if self._dataset.problem:
            self.look_at_dataset()  # it may have been put right since
            return False
        return True

    def poll(self) -> None:
        """Say what was found out meanwhile."""
        if self._dataset.poll():
            self.say_what_follows()
        if self._naming is not None and self._naming.done():
            naming, self._naming = self._naming, None
            try:
                self._timm_names = naming.result()
            except (CallError, OSError):  # what is wrong with it, a training says
                self._timm_names = frozenset()
            self._page.training.set_timm_names(self._timm_names)
            self.say_what_follows()

    def look_at_dataset(self) -> None:
        """Count the images of the chosen dataset, and say what is wrong with it."""
        try:
            self._dataset.look(dataset_config(self._page.form()))
        except InputError as error:
            self._dataset.refuse(str(error))
        self.say_what_follows()

    def say_what_follows(self) -> None:
        """Say of what is chosen whether it can be trained, and how much that records."""
        form = self._page.form()
        self._page.set_recording_note(recording_note(form, self._dataset.counts))
        self._find_problem()

    def _find_timm_names(self) -> None:
        if self._naming is None:
            names = partial(read_timm_names, self._session.check_open)
            self._naming = self._session.look_up(names)

    def _find_problem(self) -> bool:
        """Say what cannot be trained of what is chosen; whether there is any."""
        missing = self._session.missing_devices
        problem = start_problem(self._page.form(), missing, self._timm_names)
        self._page.set_problem(
            "" if problem is None else problem.text,
            of_preset=problem is not None and problem.of_preset,
        )
        return problem is not None
