"""Going on with recorded runs: resuming them, and branching from one of their checkpoints."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.writing.naming import run_folder
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec
from symmviz.model.resolve import branch_parents
from symmviz.model.runs.branch import BranchRequest
from symmviz.model.workspace import Workspace
from symmviz.services.faults import error_sentence
from symmviz.services.session import Session
from symmviz.services.training.continuing import Continuation, drop_continuation
from symmviz.views.dialogs.branch_dialog import BranchDialog
from symmviz.views.dialogs.question import Question
from symmviz.views.window.main_window import MainWindow

Begin = Callable[[tuple[str, ...], tuple[Recording, ...]], None]
Refuse = Callable[[str], None]
_BUSY = "Another run is being read: try again in a moment."


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """What is being read, what then begins, who is told why it cannot, and who asked for it."""

    reading: Future[Continuation]
    begin: Callable[[tuple[str, ...]], None]
    refuse: Refuse
    dialog: BranchDialog | None = None


class GoingOn:
    """Has read what a run goes on from, and begins once it is; one at a time.

    Args:
        window: where a branch is described.
        session: reads, and trains.
        workspace: the runs that are shown.
        begin: told the SPECs of what trains now, and the runs that stay beside it.
        refuse: told why nothing can be gone on with.
    """

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        workspace: Workspace,
        begin: Begin,
        refuse: Refuse,
    ) -> None:
        self._window = window
        self._session = session
        self._workspace = workspace
        self._begin = begin
        self._refuse = refuse
        self._planned: _Planned | None = None
        self._question = Question(window)

    def resume(self, folder: Path, steps: int) -> None:
        """Train a run, or the runs of a comparison, up to a step."""
        if self._planned is not None:
            self._refuse(_BUSY)
            return
        reading = self._session.plan_resume(folder, steps)
        self._planned = _Planned(reading, lambda specs: self._begin(specs, ()), self._refuse)

    def ask_for_branch(
        self, step: int | None, of: tuple[Recording, ...] = (), spec: RunSpec | None = None
    ) -> None:
        """Have a branch described; where there is no checkpoint, offer to start anew with ``spec``.

        Args:
            step: that is shown; None for the newest checkpoint.
            of: runs to branch from; those that are shown if there are none.
            spec: what is proposed.
        """
        parents = branch_parents(of or self._workspace.recordings, step)
        if not parents:
            config = of[0].info.config if of else None
            if spec is None or config is None:
                self._refuse("There is no checkpoint up to this step to branch from.")
            else:
                self._ask_to_start_anew(replace(config, specs=(spec,)), of)
            return
        dialog = self._window.ask_for_branch(parents)
        if spec is not None:
            dialog.propose(spec)
        dialog.requested.connect(lambda request: self._branch(dialog, request))
        dialog.rejected.connect(lambda: self._drop(dialog))

    def _ask_to_start_anew(self, config: TrainingConfig, of: tuple[Recording, ...]) -> None:
        """Offer to train the same from the first step, with another setting."""

        def start() -> None:
            out = run_folder(self._window.start_page.runs_folder, config, datetime.now())
            try:
                self._session.start(config, out)
            except (InputError, RuntimeError) as error:
                self._refuse(str(error))
                return
            self._begin((config.specs[0].name,), of)

        self._question.ask(
            "Start anew with this setting?",
            f"There is no checkpoint before it to branch from. {config.specs[0].name} begins at "
            "step 0 with the same data, network and seed; this run stays as it is.",
            yes="Start anew",
            no="Cancel",
            then=start,
        )

    def poll(self) -> None:
        """Begin, once it has been read what from; nothing was changed where that failed."""
        planned = self._planned
        if planned is None or not planned.reading.done():
            return
        self._planned = None
        try:
            specs = self._session.go_on(planned.reading.result())
        except Exception as error:  # noqa: BLE001 - whatever it was, the user waits for an answer
            planned.refuse(error_sentence(error))
            return
        planned.begin(specs)

    def _branch(self, dialog: BranchDialog, request: BranchRequest) -> None:
        if self._planned is not None:
            dialog.set_error(_BUSY)
            return
        recordings = self._workspace.recordings
        parents = tuple(one for one in recordings if one.folder == request.folder)
        reading = self._session.plan_branch(
            request.folder,
            request.step,
            request.spec,
            self._window.start_page.runs_folder,
            request.steps,
        )

        def begin(specs: tuple[str, ...]) -> None:
            dialog.accept()
            self._begin(specs, parents)

        self._planned = _Planned(reading, begin, dialog.set_error, dialog)

    def _drop(self, dialog: BranchDialog) -> None:
        """The dialog was closed, perhaps while what it asked for was being read."""
        if self._planned is not None and self._planned.dialog is dialog:
            self._planned.reading.add_done_callback(drop_continuation)
            self._planned = None
