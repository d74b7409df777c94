"""Training several seeds one after the other, each a training of its own in one folder."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path

from symmcore.runs import Recording
from symmcore.runs.continuing.continuation import not_diverged
from symmcore.runs.continuing.seed_folder import SeedFolder
from symmcore.runs.continuing.unfinished_seeds import recorded_seeds
from symmcore.training.config import TrainingConfig
from symmcore.training.status import FinishReason, TrainingStatus
from symmviz.model.runs.seed_runs import SeedRuns
from symmviz.model.workspace import Workspace
from symmviz.services.faults import error_sentence, report_unexpected
from symmviz.services.session import Session
from symmviz.services.training.seed_series import SeedsLeft

Begin = Callable[[tuple[str, ...], SeedRuns], None]
Tell = Callable[[str], None]
_Looked = tuple[SeedFolder | None, bool]
"""The folder of seeds that was opened, if it is one, and whether some are left to train."""
_GOES_ON = (FinishReason.COMPLETED, FinishReason.DIVERGED)


class SeedSeries:
    """Has the next seed found and begun when one has ended; one series at a time.

    Args:
        session: trains.
        workspace: shows the present seed, and draws those that are finished.
        begin: told the SPECs of what trains now, and where the seeds are.
        over: called when none follows although one was being found.
        tell: told in a sentence why none can follow.
    """

    def __init__(
        self,
        session: Session,
        workspace: Workspace,
        begin: Begin,
        over: Callable[[], None],
        tell: Tell,
    ) -> None:
        self._session = session
        self._workspace = workspace
        self._begin = begin
        self._over = over
        self._tell = self._refuse = tell
        self._reading: Future[SeedsLeft] | None = None
        self._folder: SeedFolder | None = None
        self._trained: int | None = None
        self._seeds: SeedRuns | None = None  # of what trains, whatever else is shown
        self._going = False
        self._looking: tuple[tuple[Recording, ...], Future[_Looked]] | None = None
        self._resumable: tuple[Recording, ...] = ()
        self._whole: tuple[Recording, ...] = ()

    def start(
        self, config: TrainingConfig, out: Path, seeds: tuple[int, ...], refuse: Tell
    ) -> None:
        """Train all seeds.

        Args:
            config: the training; its seed does not matter.
            out: the folder that gets one for each seed.
            seeds: two or more.
            refuse: told why the first cannot begin.
        """
        self._begin_first(lambda: SeedFolder(out, config, seeds), refuse)

    def can_resume(self, recordings: tuple[Recording, ...]) -> bool:
        """Whether these runs are of seeds of which some are left to train."""
        return bool(recordings) and recordings == self._resumable and not self.busy

    def resume(self) -> None:
        """Go on with the seeds that are left."""
        folder = self._folder
        assert folder is not None, "it was offered"
        self._begin_first(lambda: folder, self._tell)

    def can_extend(self, recordings: tuple[Recording, ...]) -> bool:
        """Whether these runs are of seeds that are all finished, and can take more steps."""
        is_whole = bool(recordings) and recordings == self._whole and not self.busy
        return is_whole and bool(not_diverged(recordings))

    def extend(self, steps: int) -> None:
        """Go on with every seed, one after the other.

        Args:
            steps: of each, from its beginning.
        """
        folder = self._folder
        assert folder is not None, "it was offered"
        self._begin_first(lambda: folder.longer(steps), self._tell)

    def opened(self, paths: tuple[Path, ...]) -> None:
        """These were opened and are shown: find out whether they are seeds that can go on."""
        self._looking = None
        if len(paths) == 1:
            found = self._session.look_up(partial(_look_at, paths[0]))
            self._looking = self._workspace.recordings, found

    @property
    def busy(self) -> bool:
        """Whether a seed is being found."""
        return self._reading is not None

    def stop(self) -> None:
        """Begin no other seed; the one that trains is stopped by itself."""
        self._going = False

    def ended(self, status: TrainingStatus) -> bool:
        """A training has ended: returns whether the next seed is being found."""
        seeds, folder = self._seeds, self._folder
        if seeds is None or folder is None:
            return False
        if self._going and status.reason in _GOES_ON:
            self._plan(lambda: folder)
            return True
        self._end(seeds.finished, is_left=True)
        self._session.look_up(folder.withdraw)
        return False

    def poll(self) -> None:
        """Begin the next seed, once it has been found."""
        self._poll_looked()
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            if self._begun(reading.result()):
                return
        except Exception as error:  # noqa: BLE001 - else the window waits for this seed for ever
            seeds = self._seeds
            self._end(() if seeds is None else seeds.finished, is_left=seeds is not None)
            self._refuse(error_sentence(error))
        if self._trained is not None:
            self._over()

    def _begun(self, left: SeedsLeft) -> bool:
        """Begin what was found, if it is still wanted."""
        self._folder = left.folder
        again = left.seed is not None and left.seed == self._trained
        if again:
            self._tell(f"Seed {left.seed} was not recorded whole: no other seed was begun.")
        if left.planned is None or again or not self._going:
            left.close()
            self._end(left.finished, is_left=left.planned is not None)
            return False
        specs = self._session.go_on(left.planned)
        self._trained = left.seed
        self._refuse = self._tell
        self._seeds = SeedRuns(left.finished, left.place, left.count)
        self._begin(specs, self._seeds)
        return True

    def _begin_first(self, open_folder: Callable[[], SeedFolder], refuse: Tell) -> None:
        self._going, self._trained, self._refuse = True, None, refuse
        self._resumable = self._whole = ()
        self._plan(open_folder)

    def _plan(self, open_folder: Callable[[], SeedFolder]) -> None:
        self._reading = self._session.plan_seed(open_folder)

    def _end(self, finished: tuple[Recording, ...], *, is_left: bool) -> None:
        """No other seed follows now; those that are left can be resumed."""
        began, workspace = self._seeds is not None, self._workspace
        self._going, self._seeds = False, None
        if began and workspace.seeds is not None:
            workspace.seeds = replace(workspace.seeds, finished=finished, going=False)
        self._resumable = workspace.recordings if is_left else ()
        self._whole = workspace.recordings if began and not is_left else ()

    def _poll_looked(self) -> None:
        if self._looking is None or not self._looking[1].done():
            return
        (shown, found), self._looking = self._looking, None
        try:
            folder, is_left = found.result()
        except Exception as error:  # noqa: BLE001 - what is wrong with runs is said where they are shown
            report_unexpected(error)
            return
        if shown == self._workspace.recordings:
            self._folder = folder or self._folder
            self._resumable = shown if folder is not None and is_left else ()
            self._whole = shown if folder is not None and not is_left else ()


def _look_at(path: Path) -> _Looked:
    folder = recorded_seeds(path)
    return folder, folder is not None and not folder.is_whole
